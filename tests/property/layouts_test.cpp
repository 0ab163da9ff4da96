// Layouts of random graphs: every pass keeps them, and no bit depends on them.
#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <numeric>
#include <random>

#include "codegen/llvm/compile.h"
#include "codegen/lower/lower.h"
#include "ir/build.h"
#include "ir/loop/text.h"
#include "ir/loop/verify.h"
#include "ir/op.h"
#include "ir/structure.h"
#include "ir/text/parse.h"
#include "ir/text/print.h"
#include "ir/verify.h"
#include "passes/pipeline.h"
#include "tests/support/effort.h"
#include "tests/support/memory_plan.h"
#include "tests/support/random_graph.h"
#include "tests/support/run_compiled.h"

using namespace gradus;
using namespace gradus::testing;

namespace {

class Layouts {
 public:
  explicit Layouts(uint64_t seed) : generator_(seed) {}

  bool chance(int percent) { return number(0, 99) < percent; }

  Layout layout(const Shape& shape) {
    Layout layout;
    layout.order.resize(shape.size());
    std::iota(layout.order.begin(), layout.order.end(), 0);
    for (size_t i = shape.size(); i-- > 1;)
      std::swap(layout.order[i], layout.order[static_cast<size_t>(number(0, static_cast<int64_t>(i)))]);
    if (chance(50))
      for (size_t i = 0; i < shape.size(); ++i) layout.tiling.push_back(chance(50) ? 1 : number(2, 5));
    if (chance(30))
      for (size_t i = 0; i < shape.size(); ++i) layout.padding.push_back(number(0, 2));
    return layout;
  }

  // The graph with some of its values in other layouts.
  Graph scatter(const Graph& graph) {
    Rewriter rewriter(graph, "layouts");
    for (uint32_t i : rewriter.live()) {
      rewriter.keep(i);
      const Node& node = graph.node(i);
      if (is_input(node) || is_constant(node) || is_mark(node) || is_gradient(node) ||
          graph.status() == Value{i, 0} || node.types[0].shape.empty() || !chance(40))
        continue;
      std::vector<Value> values;
      for (uint32_t r = 0; r < node.types.size(); ++r) values.push_back(rewriter.map(Value{i, r}));
      values[0] = build::relayout(rewriter.builder(), values[0], layout(node.types[0].shape));
      rewriter.replace(i, values);
    }
    return std::move(rewriter).finish();
  }

 private:
  int64_t number(int64_t low, int64_t high) {
    return low + static_cast<int64_t>(generator_() % static_cast<uint64_t>(high - low + 1));
  }

  std::mt19937_64 generator_;
};

std::vector<Layout> layouts_of_outcomes(const Graph& graph) {
  std::vector<Layout> layouts;
  for (const NamedValue& result : graph.results()) layouts.push_back(graph.type(result.value).layout);
  for (const Update& update : graph.updates()) layouts.push_back(graph.type(update.value).layout);
  return layouts;
}

size_t laid_out(const Graph& graph) {
  size_t count = 0;
  for (uint32_t i = 0; i < graph.size(); ++i) count += !graph.node(i).types[0].layout.is_default();
  return count;
}

CompiledRun run(const Graph& optimized, const std::vector<evaluate::Array<double>>& inputs) {
  PassContext context;
  const Graph kernels = run_pipeline(optimized, Stage::optimized, Stage::kernels, context);
  const Target target = host();
  const loop::Program program = lower(kernels, target);
  REQUIRE(loop::verify(program).empty());
  CHECK(unplanned_memory(kernels, program) == "");
  return run_compiled(compile(program, target), program.workspace_bytes(), optimized, inputs);
}

bool same_bits(double a, double b) {
  return std::memcmp(&a, &b, sizeof a) == 0 || (std::isnan(a) && std::isnan(b));
}

void check_same(const std::vector<evaluate::Array<double>>& a,
                const std::vector<evaluate::Array<double>>& b) {
  REQUIRE(a.size() == b.size());
  for (size_t k = 0; k < a.size(); ++k)
    for (size_t i = 0; i < a[k].size(); ++i)
      if (!same_bits(evaluate::number_at(a[k], i), evaluate::number_at(b[k], i)))
        FAIL(fmt::format("value {}, element {}: {:a} and {:a}", k, i, evaluate::number_at(a[k], i),
                         evaluate::number_at(b[k], i)));
}

}  // namespace

TEST_CASE("every pass keeps layouts") {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    const Graph graph = Layouts(seed).scatter(random_graph(seed).graph);
    INFO("seed " << seed << "\n" << print(graph, {.origins = false}));
    CHECK(verify(graph).empty());
    PassContext context;
    const Graph flat = differentiate(graph, context);
    const Graph fused = fuse(flat, context);
    for (const Pass& pass : all_passes()) {
      INFO(pass.name);
      if (pass.name == "differentiate-forward") continue;  // of small graphs only
      const bool of_kernels = pass.name == "order" || pass.name == "plan-buffers";
      const Graph& before = pass.name == "differentiate" ? graph : of_kernels ? fused : flat;
      const Graph after = pass.run(before, context);
      std::vector<Layout> expected = layouts_of_outcomes(before);
      if (pass.name == "fuse") expected.assign(expected.size(), {});  // it copies what leaves the graph
      CHECK(layouts_of_outcomes(after) == expected);
      for (const Diagnostic& problem : verify(after)) FAIL_CHECK(problem.message);
      CHECK(laid_out(parse_graph(print(after), "again")) == laid_out(after));
    }
  }
}

TEST_CASE("no bit depends on layouts") {
  size_t seen = 0;
  for (uint64_t seed = 1; seed <= effort<uint64_t>(120, 25); ++seed) {
    const RandomGraph random = random_graph(500 + seed);
    PassContext context;
    const Graph optimized = run_pipeline(random.graph, Stage::forward, Stage::optimized, context);
    const Graph graph = Layouts(seed).scatter(optimized);
    INFO("seed " << seed << "\n" << print(graph, {.origins = false}));
    const CompiledRun plain = run(optimized, random.inputs), moved = run(graph, random.inputs);
    REQUIRE(plain.status.check == moved.status.check);
    if (plain.status.check >= 0) continue;  // results of a step that fails are whatever they are by then
    check_same(plain.results, moved.results);
    check_same(plain.updates, moved.updates);
    seen += laid_out(run_pipeline(graph, Stage::optimized, Stage::kernels, context));
  }
  CHECK(seen > 100);
}

TEST_CASE("panels: a matrix packed for a product") {
  const Graph graph = parse_graph(
      "graph @g (%x: f32[3,96]) { %0 = relayout %x : f32[3,96] layout [1,0] tiled [1,48]  %1 = relayout %0 : "
      "f32[3,96]  "
      "return y = %1 }",
      "panels");
  PassContext context;
  const Graph kernels = run_pipeline(graph, Stage::backward, Stage::kernels, context);
  const std::string text = loop::print(lower(kernels, target_named("x86-64-v3")));
  // Panels are walked by axes of their own.
  CHECK(text.find(" / ") == std::string::npos);
  CHECK(text.find("remainder") == std::string::npos);
}

TEST_CASE("a result may lie anywhere in a program: what leaves it lies row-major") {
  const auto check_run = [](const std::string& text, const std::string& plain) {
    INFO(text);
    const Graph graph = parse_graph(text, "laid out"), reference = parse_graph(plain, "plain");
    std::vector<evaluate::Array<double>> inputs;
    for (const Input& input : graph.inputs()) {
      const Type& type = graph.type(input.value);
      std::vector<double> numbers(static_cast<size_t>(element_count(type.shape)));
      for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = 0.5 + static_cast<double>(i);
      inputs.push_back(evaluate::array_of(type, std::move(numbers)));
    }
    CHECK(verify(graph).empty());
    check_same(run(reference, inputs).results, run(graph, inputs).results);
  };
  check_run("graph @g (%x: f32[3,4]) { %0 = neg %x : f32[3,4] layout [1,0] return y = %0 }",
            "graph @g (%x: f32[3,4]) { %0 = neg %x : f32[3,4] return y = %0 }");
  // A value that the kernel's own loops leave lies row-major, whatever its type says.
  const std::string
      front =
          "graph @g (%x: f32[2,3,1], %w: f32[3,1]) { %7 = kernel {kind=\"contraction\"} "
          "(%a0 = %x, %a1 = %w) { %0 = sum %a0 {axes=[2]} : f32[2,3]",
      back = " %1 = dot %0, %a1 {contract=[1]x[0]} : f32[2,1] yield %1 } : f32[2,1] return y = %7 }";
  check_run(front + " layout [1,0]" + back, front + back);
  check_run(front + " layout [0,1] padded [9,9]" + back, front + back);
  // Elements in the opposite order, and two products in one kernel.
  const std::string two =
      "graph @g (%x: f32[8,8]) { %7:2 = kernel {kind=\"contraction\"} (%a0 = %x) { "
      "%0 = reverse %a0 {axes=[1]} : f32[8,8] %1 = dot %0, %a0 {contract=[1]x[0]} : f32[8,8] "
      "%2 = dot %a0, %a0 {contract=[1]x[0]} : f32[8,8] "
      "%3 = dot %2, %a0 {contract=[1]x[0]} : f32[8,8] yield %1, %3 } : f32[8,8], f32[8,8] "
      "return y = %7, z = %7#1 }";
  check_run(two, two);
}

TEST_CASE("layouts that memory cannot follow are refused") {
  const std::pair<const char*, const char*> texts[] = {
      {"graph @g (%x: f32[3,4] layout [1,0]) { %0 = neg %x : f32[3,4] return y = %0 }",
       "what a program is given lies row-major"},
      {"graph @g () { %0 = constant {element=f32, shape=[2,2], value=1.0} : f32[2,2] layout [1,0] return y = "
       "%0 }",
       "a constant lies row-major"},
      {"graph @g (%x: f32[3,4]) { %0 = neg %x : f32[3,4] layout [1,1] return y = %0 }",
       "does not name each axis once"},
      {"graph @g (%x: f32[3,4]) { %0 = neg %x : f32[3,4] layout [1,0] tiled [0,2] return y = %0 }",
       "has tiles of 0"},
      {"graph @g (%x: f32[3,4]) { %0 = neg %x : f32[3,4] layout [1,0] padded [1,-2] return y = %0 }",
       "is padded by -2"},
      {"graph @g (%x: f32[3,4]) { %0 = neg %x : f32[3,4] layout [1,0] padded [0,9223372036854775807] return "
       "y = %0 }",
       "more than 2^48 bytes"},
      {"graph @g (%x: f32[3,4]) { %7 = kernel {kind=\"map\"} (%a0 = %x) { %0 = neg %a0 : f32[3,4] yield %0 } "
       ": "
       "f32[3,4] layout [1,0] return y = %7 }",
       "but the body yields f32[3,4]"},
      {"graph @g (%x: f32[3,4]) { %7 = kernel {kind=\"map\"} (%a0 = %x) { %0 = neg %a0 : f32[3,4] layout "
       "[1,0] "
       "yield %0 } : f32[3,4] return y = %7 }",
       "but the body yields f32[3,4] layout [1,0]"},
      {"graph @g (%h: f32[3,4]) { %9 = scan {carries=1, sequences=0, length=5, histories=[]} (%i, %c = %h) { "
       "%1 = "
       "neg %c : f32[3,4] yield %1 } : f32[3,4] layout [1,0] return y = %9 }",
       "what a scan makes lies row-major"},
  };
  for (const auto& [text, message] : texts) {
    INFO(text);
    std::string found;
    try {
      for (const Diagnostic& problem : verify(parse_graph(text, "refused"))) found += problem.message;
    } catch (const Error& error) {
      for (const Diagnostic& problem : error.diagnostics()) found += problem.message;
    }
    CHECK_THAT(found, Catch::Contains(message));
  }
}
