// A program is compiled in parts, on threads that do not show.
#include <atomic>
#include <bit>
#include <stdexcept>

#include "codegen/llvm/parts.h"
#include "codegen/llvm/threads.h"
#include "tests/codegen/lower_harness.h"

namespace gradus {
namespace {

using namespace testing;

// As many kernels, no two of the same length, each with some elementary functions; the last ones read the
// first.
Graph many_kernels(int64_t count) {
  GraphBuilder b("many");
  std::vector<Value> made;
  for (int64_t i = 0; i < count; ++i) {
    const Type type(ElementType::f32, {40 + i});
    Value y = b.input("x" + std::to_string(i), InputKind::data, type);
    for (OpId op : {OpId::tanh, OpId::sin, OpId::exp}) y = b.add(op, {y});
    made.push_back(y);
  }
  const Value w = b.input("w", InputKind::parameter, Type(ElementType::f32, {40, 24}));
  const Value rows = build::reshape(b, made[0], {1, 40});
  b.add_result("product", build::dot(b, rows, w, {{1}, {0}}));
  for (const Value y : made) b.add_result("", y);
  return std::move(b).finish();
}

TEST_CASE("a program of many kernels is cut, a small one is not") {
  const Target target = target_named("native");
  const loop::Program large = lower(many_kernels(40), target);
  const std::vector<emit::Part> parts = emit::cut(large, target);
  REQUIRE(parts.size() >= 4);
  REQUIRE(std::has_single_bit(parts.size()));
  size_t next = 0;
  int64_t total = 0, most = 0;
  for (const emit::Part& part : parts) {
    REQUIRE(part.first == next);
    REQUIRE(part.last > part.first);
    next = part.last;
    total += part.weight;
    most = std::max(most, part.weight);
  }
  REQUIRE(next == large.functions.size() + 1);
  REQUIRE(most * static_cast<int64_t>(parts.size()) < 2 * total);
  REQUIRE(emit::cut(lower(many_kernels(1), target), target).size() == 1);
  loop::Program empty;
  REQUIRE(emit::cut(empty, target).size() == 1);
}

TEST_CASE("parts call each other: results as the evaluator's, tasks of threads included") {
  check(many_kernels(40));
}

TEST_CASE("objects are the same bytes for any number of threads and wherever memory lies") {
  const Target target = target_named("native");
  std::vector<std::vector<std::string>> made;
  std::vector<std::unique_ptr<std::byte[]>> occupied;
  for (const int threads : {1, 2, 5, 0, 1}) {
    // Not only addresses move: so does what was allocated before.
    for (size_t i = 1; i < 200; ++i) occupied.push_back(std::make_unique<std::byte[]>(i * 37));
    for (size_t i = 0; i < occupied.size(); i += 3) occupied[i].reset();
    const loop::Program program = lower(many_kernels(40), target);
    CompileOptions options;
    options.threads = threads;
    made.push_back(compile_to_objects(program, target, options));
    REQUIRE(made.back().size() >= 4);
    REQUIRE(made.back() == made.front());
  }
}

TEST_CASE("an error of one thread arrives, the others finish") {
  for (const int threads : {1, 3}) {
    std::atomic<int> ran = 0;
    const auto body = [&](size_t i) {
      ++ran;
      if (i == 4 || i == 7) throw std::runtime_error("at " + std::to_string(i));
    };
    REQUIRE_THROWS_WITH(emit::for_each_on_threads(10, threads, body), "at 4");
    REQUIRE(ran == 10);
  }
  emit::for_each_on_threads(0, 2, [](size_t) { FAIL(); });
}

TEST_CASE("a call of what no part has is an error of ours, on every thread") {
  const Target target = target_named("native");
  loop::Program program = lower(many_kernels(40), target);
  program.functions.at(20).body.push_back({loop::Call{"absent", {}, {}}});
  for (const int threads : {1, 2}) {
    CompileOptions options;
    options.threads = threads;
    REQUIRE_THROWS_WITH(compile(program, target, options),
                        Catch::Contains("call of the unknown function absent"));
  }
}

}  // namespace
}  // namespace gradus
