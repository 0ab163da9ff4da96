// Chain rule, computation graphs, memoization (CURRICULUM section 9).
#include <catch2/catch.hpp>

#include "graphs.h"
#include "ir/build.h"
#include "ir/text/dot.h"
#include "ir/text/print.h"

namespace gradus::curriculum {

namespace {

using Catch::Matchers::Contains;

// Inputs, then layers of `width` tanh nodes, each a weighted sum of the layer before; one scalar a node and a
// weight, so that nodes are what is counted. The last layer's sum is differentiated by every input and
// weight.
Graph scalar_net(int64_t layers, int64_t width, bool memoize = true) {
  GraphBuilder builder("net", {.memoize = memoize});
  const Type number{ElementType::f64, {}};
  std::vector<Value> variables;
  const auto variable = [&](const std::string& name) {
    variables.push_back(builder.input(name, InputKind::variable, number));
    return variables.back();
  };
  std::vector<Value> layer;
  for (int64_t i = 0; i < width; ++i)
    layer.push_back(build::unary(builder, OpId::tanh, variable("x" + std::to_string(i))));
  const auto weighted_sum = [&](const std::vector<Value>& from, const std::string& name) {
    Value sum;
    for (size_t i = 0; i < from.size(); ++i) {
      const Value term = build::mul(builder, variable(name + "_" + std::to_string(i)), from[i]);
      sum = i == 0 ? term : build::add(builder, sum, term);
    }
    return sum;
  };
  for (int64_t l = 1; l < layers; ++l) {
    std::vector<Value> next;
    for (int64_t j = 0; j < width; ++j)
      next.push_back(build::unary(builder, OpId::tanh,
                                  weighted_sum(layer, "w" + std::to_string(l) + "_" + std::to_string(j))));
    layer = std::move(next);
  }
  Value y = layer[0];
  for (size_t i = 1; i < layer.size(); ++i) y = build::add(builder, y, layer[i]);
  const Value first = build::gradient(builder, y, variables);
  builder.add_result("y", y);
  for (uint32_t i = 0; i < variables.size(); ++i)
    builder.add_result("slope_" + std::to_string(i), {first.node, i});
  return std::move(builder).finish();
}

size_t differentiated_size(int64_t layers, int64_t width, bool memoize = true) {
  PassContext context;
  context.memoize = memoize;
  return live_count(differentiate(scalar_net(layers, width, memoize), context));
}

const std::string three_layers = R"(
program three_layers {
  x = [1, 1]; y = 1
  w1 = [[0.1, 0.2], [0.3, 0.4]]; w2 = [[0.5, 0.6], [0.7, 0.8]]; w3 = [0.9, 1.0]
  p = sigmoid(sum(sigmoid(sigmoid(x @ w1) @ w2) * w3))
  loss = -(y * log(p) + (1 - y) * log(1 - p))
  print loss, gradient(loss, w1), gradient(loss, w2), gradient(loss, w3)
}
)";

}  // namespace

TEST_CASE("CHN-01: the graph of x y + sin(x) has five nodes", "[CHN-01]") {
  const Graph graph = forward("program p { x = 2; y = 3; print x * y + sin(x) }");
  CHECK(graph.size() == 5);
  CHECK(count(graph, "input") == 2);
  CHECK(count(graph, "mul") == 1);
  CHECK(count(graph, "sin") == 1);
  CHECK(count(graph, "add") == 1);
  const std::string text = print(graph, {.origins = false});
  CHECK_THAT(text, Contains("%2 = mul %x, %y") && Contains("%3 = sin %x") && Contains("%4 = add %2, %3"));
  const std::string dot = to_dot(graph);
  CHECK_THAT(
      dot, Contains("0->2") && Contains("1->2") && Contains("0->3") && Contains("2->4") && Contains("3->4"));
}

TEST_CASE("CHN-02: the derivative of sin(x^2) prints as 2 x cos(x^2)", "[CHN-02]") {
  const Graph graph = optimized("program p { x = 1; print gradient(sin(x ^ 2), x) }");
  CHECK(to_formula(graph) == "value_1 = 2 * x * cos(x^2)\n");
}

TEST_CASE("CHN-06: a sub-expression that is built twice is one node", "[CHN-06]") {
  const std::string twice = "program p { x = 2; print sin(x * x) + 1, sin(x * x) + 2 }";
  CHECK(count(forward(twice), "sin") == 1);
  CHECK(count(forward(twice), "mul") == 1);
  CHECK(count(forward(twice, false), "sin") == 2);
  CHECK(count(forward(twice, false), "mul") == 2);

  GraphBuilder builder;
  const Value x = builder.input("x", InputKind::variable, {ElementType::f64, {}});
  const Value first = build::mul(builder, x, x);
  CHECK(builder.memo_hits() == 0);
  CHECK(build::mul(builder, x, x) == first);
  CHECK(builder.memo_hits() == 1);
}

TEST_CASE("CHN-06: derivatives find values that exist already", "[CHN-06]") {
  PassContext context;
  const Graph shared = differentiate(forward(three_layers), context);
  CHECK(context.memo_hits > 0);
  PassContext forgetful;
  forgetful.memoize = false;
  const Graph repeated = differentiate(forward(three_layers, false), forgetful);
  CHECK(forgetful.memo_hits == 0);
  CHECK(live_count(shared) * 2 < live_count(repeated));
}

TEST_CASE("CHN-07: calls of the Fibonacci function with and without memory", "[CHN-07]") {
  struct Row {
    int64_t n, value;
    uint64_t naive, memoized;
  };
  const std::string function =
      "function fib(n) = if n < 2 { 1 } else { fib(n - 1) + fib(n - 2) }\nprogram p { expect fib(";
  for (const Row& row :
       {Row{5, 8, 15, 9}, Row{10, 89, 177, 19}, Row{25, 121393, 242785, 49}, Row{36, 24157817, 0, 71}}) {
    const std::string text = function + std::to_string(row.n) + ") == " + std::to_string(row.value) + " }";
    const language::Unit unit = language::load_unit("test.gradus", text);
    const language::CallCount with_memory = language::elaborate_program(unit, "p").calls.at("fib");
    CHECK(with_memory.calls == row.memoized);
    CHECK(with_memory.from_memory == static_cast<uint64_t>(row.n) - 2);
    const language::LessonOptions naive{.memoize = false};
    if (row.naive) {
      const language::CallCount count = language::elaborate_program(unit, "p", naive).calls.at("fib");
      CHECK(count.calls == row.naive);
      CHECK(count.from_memory == 0);
    } else {
      CHECK_THROWS_WITH(language::elaborate_program(unit, "p", naive), Contains("more than 1000000 calls"));
    }
  }
}

TEST_CASE("CHN-08: a derivative is as long as the net, not as its paths are many", "[CHN-08]") {
  // Ten layers of ten nodes: 900 weights in between, 10^9 paths from each node of the first layer.
  const size_t edges = 900;
  const size_t ten = differentiated_size(10, 10);
  CHECK(ten < 8 * edges);
  const size_t twenty = differentiated_size(20, 10), thirty = differentiated_size(30, 10);
  CHECK(thirty - twenty == twenty - ten);
  CHECK(static_cast<double>(twenty) / static_cast<double>(ten) == Approx(2).epsilon(0.1));
}

TEST_CASE("CHN-08: without memory every path is walked by itself", "[CHN-08]") {
  const auto size = [](int64_t layers) { return differentiated_size(layers, 3, false); };
  // One layer more, three times as many paths.
  for (int64_t layers = 3; layers < 7; ++layers)
    CHECK(static_cast<double>(size(layers + 1)) / static_cast<double>(size(layers)) ==
          Approx(3).epsilon(0.2));
  PassContext context;
  context.memoize = false;
  context.node_limit = 100'000;
  CHECK_THROWS_AS(differentiate(scalar_net(10, 10, false), context), Error);
}

}  // namespace gradus::curriculum
