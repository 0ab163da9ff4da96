// Fusions and schedules of random graphs: they change no bit, whatever is decided.
#include <fmt/format.h>
#include <rapidcheck.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>

#include "codegen/lower/lower.h"
#include "ir/op.h"
#include "ir/structure.h"
#include "ir/text/print.h"
#include "ir/verify.h"
#include "passes/pipeline.h"
#include "tests/support/random_graph.h"
#include "tests/support/run_compiled.h"
#include "tests/support/schedule_edits.h"

using namespace gradus;
using namespace gradus::testing;

namespace {

bool same_bits(double a, double b) {
  return std::memcmp(&a, &b, sizeof a) == 0 || (std::isnan(a) && std::isnan(b));
}

std::string difference(const std::vector<evaluate::Array<double>>& a,
                       const std::vector<evaluate::Array<double>>& b) {
  for (size_t k = 0; k < a.size(); ++k)
    for (size_t i = 0; i < a[k].size(); ++i) {
      const double x = evaluate::number_at(a[k], i), y = evaluate::number_at(b[k], i);
      if (!same_bits(x, y)) return fmt::format("value {}, element {}: {:a} and {:a}", k, i, x, y);
    }
  return {};
}

// Seeds of graphs that differ from those of the other tests.
uint64_t any_seed() { return 100'000 + *rc::gen::inRange<uint64_t>(0, 1'000'000); }

// What is left to fuse: everything but inputs, kernels, loops, calls and constants in memory.
bool is_fused(const Graph& graph) {
  for (uint32_t i = 0; i < graph.size(); ++i) {
    const Node& node = graph.node(i);
    if (runs_kernels(node) ? !is_fused(*node.body)
                           : !is_input(node) && !is_kernel(node) && !is_constant(node))
      return false;
  }
  return true;
}

struct Case {
  RandomGraph random;
  Graph flat;  // gradients expanded
};

Case case_of(uint64_t seed) {
  Case result{random_graph(seed), {}};
  PassContext context;
  result.flat = simplify(differentiate(result.random.graph, context), context);
  return result;
}

Case any_case() {
  const uint64_t seed = any_seed();
  RC_LOG() << "graph seed " << seed << "\n";
  return case_of(seed);
}

CompiledRun compiled_run(const Case& drawn, const Graph& kernels, int threads) {
  static const Target target = host();
  const loop::Program program = lower(kernels, target);
  ThreadPool pool(threads);
  return run_compiled(compile(program, target), program.workspace_bytes(), kernels, drawn.random.inputs,
                      &pool);
}

}  // namespace

TEST_CASE("fusion of random graphs: legal, equal in every bit, and nothing left to do the second time") {
  CHECK(rc::check("fuse", [] {
    const Case drawn = any_case();
    PassContext context;
    const Graph fused = fuse(drawn.flat, context);
    verify_or_fail(fused, "after fuse");
    RC_ASSERT(is_fused(fused));
    RC_ASSERT(same_structure(fuse(fused, context), fused));
    const auto before = evaluate::evaluate<double>(drawn.flat, drawn.random.inputs);
    const auto after = evaluate::evaluate<double>(fused, drawn.random.inputs);
    RC_ASSERT(difference(before.results, after.results) == "");
    RC_ASSERT(difference(before.updates, after.updates) == "");
  }));
}

TEST_CASE("fusion leaves nothing that only a lookup of which the check alone is wanted would read") {
  for (uint64_t seed : {109622, 157678, 208226, 331627, 432744, 557855}) {
    INFO("graph seed " << seed);
    PassContext context;
    const Graph fused = fuse(case_of(seed).flat, context);
    const std::vector<bool> live = live_nodes(fused);
    CHECK(std::count(live.begin(), live.end(), false) == 0);
    CHECK(same_structure(fuse(fused, context), fused));
  }
}

TEST_CASE("schedules of random graphs: whatever they are, and on any threads, they give the same bits") {
  CHECK(rc::check("schedule", [] {
    const Case drawn = any_case();
    const uint64_t edits = *rc::gen::arbitrary<uint64_t>();
    const int threads = *rc::gen::inRange(1, 5);
    PassContext context;
    const Graph chosen = schedule(fuse(drawn.flat, context), context);
    const Graph edited = ScheduleEdits(edits).edit_all(chosen);
    const auto run = [&](const Graph& kernels, int on) {
      return compiled_run(drawn, plan_buffers(order(kernels, context), context), on);
    };
    const CompiledRun usual = run(chosen, 1), other = run(edited, threads);
    RC_ASSERT(usual.status.check == other.status.check);
    if (usual.status.check >= 0) return;  // a step that failed has no results
    RC_ASSERT(difference(usual.results, other.results) == "");
    RC_ASSERT(difference(usual.updates, other.updates) == "");
  }));
}
