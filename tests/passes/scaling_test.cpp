// Passes are near-linear in the graph: allocations are counted, since times depend on the machine.
#include <atomic>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <map>
#include <new>

#include "codegen/lower/lower.h"
#include "ir/builder.h"
#include "ir/loop/text.h"
#include "ir/target.h"
#include "ir/text/parse.h"
#include "ir/text/print.h"
#include "ir/verify.h"
#include "passes/pipeline.h"
#include "tests/support/effort.h"
#include "tests/support/large_graph.h"

namespace {
std::atomic<size_t> allocations{0};
}  // namespace

void* operator new(size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
void* operator new(size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size == 0 ? 1 : size);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }

using namespace gradus;
using namespace gradus::testing;

namespace {

constexpr size_t long_chain = effort(60'000, 15'000);

struct Work {
  std::map<std::string, size_t> allocations;  // by pass, summed over its runs
  size_t kernels = 0;
};

Work measure(std::string_view kind, size_t nodes) {
  Work work;
  size_t before = 0;
  const auto note = [&](std::string_view step) {
    work.allocations[std::string(step)] += allocations - before;
    before = allocations;
  };
  const Graph graph = large_graph(kind, nodes);
  PassContext context;
  before = allocations;
  const Graph kernels = run_pipeline(
      graph, Stage::forward, Stage::kernels, context,
      [&](const PassReport& report, const Graph&, const Graph&) { return note(report.pass), true; });
  before = allocations;
  verify_or_fail(kernels, kind);
  note("verify");
  const std::string text = print(kernels);
  note("print");
  const Graph parsed = parse_graph(text, std::string(kind));
  note("parse");
  CHECK(print(parsed) == text);
  work.kernels = kernels.size() - kernels.inputs().size();
  return work;
}

}  // namespace

TEST_CASE("four times the graph is about four times the work, in every pass") {
  for (std::string_view kind : large_graph_kinds) {
    INFO(kind);
    const Work small = measure(kind, 2'500);
    const Work large = measure(kind, 10'000);
    for (const auto& [step, count] : large.allocations) {
      INFO(step << ": " << small.allocations.at(step) << " allocations, then " << count);
      CHECK(count < 6 * small.allocations.at(step) + 10'000);
    }
    CHECK(large.kernels < 5 * small.kernels + 5);
  }
}

TEST_CASE("depth does not exhaust the stack, from passes to loops") {
  for (std::string_view kind : {"chain", "lattice", "views", "shared"}) {
    INFO(kind);
    PassContext context;
    const Graph kernels = run_pipeline(large_graph(kind, 10'000), Stage::forward, Stage::kernels, context);
    CHECK(!lower(kernels, target_named("x86-64-v3")).functions.empty());
  }
}

TEST_CASE("a long path is differentiated without memoization") {
  GraphBuilder builder("path", {.memoize = false});
  const Value x = builder.input("x", InputKind::data, Type(ElementType::f64));
  Value y = x;
  for (size_t i = 0; i < long_chain; ++i) y = builder.add(i % 2 == 0 ? OpId::sin : OpId::cos, {y});
  builder.add_result("slope", builder.add(OpId::gradient, {y, x}));
  PassContext context;
  context.memoize = false;
  const Graph kernels = run_pipeline(std::move(builder).finish(), Stage::forward, Stage::kernels, context);
  CHECK(kernels.size() > 1);
}

TEST_CASE("long chains leave a loop and feed one kernel without exhausting the stack") {
  PassContext context;
  CHECK(hoist(large_graph("moved", 2 * long_chain), context).size() > 2 * long_chain);
  CHECK(fuse(large_graph("late", long_chain), context).size() > long_chain);
}

TEST_CASE("the code of parts that are put together in another order grows with their number") {
  const auto length = [](int levels) {
    GraphBuilder builder("interleaved");
    const int64_t n = int64_t{1} << 16;
    Value x = builder.input("x", InputKind::data, Type(ElementType::f32, {n}));
    const auto every_second = [&](int64_t first) {
      return builder.add(
          OpId::slice, {x},
          {{"start", std::vector{first}}, {"limit", std::vector{n}}, {"stride", std::vector<int64_t>{2}}});
    };
    for (int level = 0; level < levels; ++level)
      x = builder.add(OpId::concat, {every_second(0), every_second(1)}, {{"axis", int64_t{0}}});
    builder.add_result("y", x);
    PassContext context;
    const Graph kernels = run_pipeline(std::move(builder).finish(), Stage::forward, Stage::kernels, context);
    return loop::print(lower(kernels, target_named("x86-64-v3"))).size();
  };
  CHECK(length(16) < 3 * length(8));
}
