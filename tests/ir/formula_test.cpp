// Graphs as formulas, as Boost graphs and as Graphviz text.
#include "ir/text/formula.h"

#include <boost/concept/assert.hpp>
#include <boost/graph/dominator_tree.hpp>
#include <boost/graph/graph_concepts.hpp>
#include <boost/graph/topological_sort.hpp>
#include <catch2/catch.hpp>
#include <cmath>
#include <random>

#include "ir/boost_graph.h"
#include "ir/evaluate/evaluate.h"
#include "ir/op.h"
#include "ir/text/dot.h"
#include "ir/text/parse.h"
#include "tests/ir/sample_inputs.h"
#include "tests/ir/samples/samples.h"
#include "tests/support/formula_reader.h"

namespace gradus {

BOOST_CONCEPT_ASSERT((boost::VertexListGraphConcept<GraphView>));
BOOST_CONCEPT_ASSERT((boost::EdgeListGraphConcept<GraphView>));
BOOST_CONCEPT_ASSERT((boost::BidirectionalGraphConcept<GraphView>));

namespace {

// A graph over scalars x, y, z, n (f64), param w and the integer k, with two, three … as constants.
Graph scalar_graph(const std::string& statements) {
  std::string text = "graph @g (%x: f64[], %y: f64[], %z: f64[], %n: f64[], param %w: f64[], %k: i64[]) {\n";
  int id = 100;
  for (const char* value : {"1.0", "2.0", "3.0", "-2.0", "0.5", "-1.0"})
    text += "%" + std::to_string(id++) + " = constant {element=f64, shape=[], value=" + value + "} : f64[]\n";
  return parse_graph(text + statements + "\n}\n");
}

// `nodes`: "mul %x %y; sin %0": one node a piece, numbered from 0; the last is the result.
std::string formula(const std::string& nodes, FormulaOptions options = {.expand = true}) {
  std::string text;
  int id = 0;
  size_t begin = 0;
  while (begin < nodes.size()) {
    const size_t end = std::min(nodes.find(';', begin), nodes.size());
    std::string piece = nodes.substr(begin, end - begin);
    piece.erase(0, piece.find_first_not_of(' '));
    const bool comparison =
        piece.rfind("less", 0) == 0 || piece.rfind("equal", 0) == 0 || piece.rfind("logical", 0) == 0;
    text += "%" + std::to_string(id++) + " = " + piece + (comparison ? " : bool[]\n" : " : f64[]\n");
    begin = end + 1;
  }
  const std::string out = to_formula(scalar_graph(text + "return %" + std::to_string(id - 1)), options);
  return out.substr(0, out.size() - 1);
}

}  // namespace

TEST_CASE("formulas have a textbook's precedence and few parentheses") {
  CHECK(formula("add %x, %y; mul %0, %z") == "z * (x + y)");
  CHECK(formula("mul %x, %y; add %0, %z") == "x * y + z");
  CHECK(formula("sub %x, %y; sub %z, %0") == "z - (x - y)");
  CHECK(formula("add %x, %y; neg %0") == "-x - y");
  CHECK(formula("sub %x, %y; neg %0") == "y - x");
  CHECK(formula("sub %x, %y; sub %0, %z; mul %1, %n") == "n * (x - y - z)");
  CHECK(formula("mul %y, %z; div %x, %0") == "x / (y * z)");
  CHECK(formula("div %x, %y; div %0, %z") == "x / y / z");
  CHECK(formula("div %x, %y; div %z, %0") == "z / (x / y)");
  CHECK(formula("add %x, %y; div %100, %0") == "1 / (x + y)");
  CHECK(formula("neg %x; sub %y, %0") == "y + x");
  CHECK(formula("neg %x; mul %0, %y") == "-x * y");
  CHECK(formula("mul %x, %103; add %y, %0") == "y - 2 * x");
  CHECK(formula("mul %105, %x") == "-x");
  CHECK(formula("mul %x, %104") == "0.5 * x");
  CHECK(formula("add %x, %y; sin %0; mul %1, %x; mul %2, %101") == "2 * x * sin(x + y)");
  CHECK(formula("less %x, %y; select %0, %x, %y") == "select(x < y, x, y)");
  CHECK(formula("less %x, %y; less %y, %z; logical_and %0, %1") == "(x < y) and (y < z)");
  CHECK(formula("maximum %x, %y") == "max(x, y)");
}

TEST_CASE("sums and quotients are grouped as they are computed") {
  CHECK(formula("sub %100, %x; sub %100, %0") == "1 - (1 - x)");
  CHECK(formula("add %y, %z; add %x, %0") == "x + (y + z)");
  CHECK(formula("add %x, %y; add %0, %z") == "x + y + z");
  CHECK(formula("sub %x, %y; sub %0, %z; neg %1") == "-x + y + z");
  CHECK(formula("add %x, %x; add %0, %y; add %1, %x") == "2 * x + y + x");
  CHECK(formula("div %x, %y; mul %0, %z") == "x / y * z");
  CHECK(formula("div %x, %y; mul %z, %0") == "z * (x / y)");
  CHECK(formula("div %x, %y; mul %0, %z; div %1, %n") == "x / y * z / n");
  CHECK(formula("div %x, %y; mul %0, %0") == "(x / y)^2");
  CHECK(formula("div %x, %y; neg %0; div %1, %z") == "-x / y / z");
}

TEST_CASE("quotients of integers are //, and a sign before them says what it is of") {
  const auto text = [](const std::string& statements) {
    const Graph graph = parse_graph("graph @g (%k: i64[4], %m: i64[4], %n: i64[4]) {\n" + statements + "}\n");
    const std::string formula = to_formula(graph);
    std::vector<evaluate::Array<double>> inputs = {
        evaluate::array_of(Type(ElementType::i64, {4}), {7, -7, 9, 5}),
        evaluate::array_of(Type(ElementType::i64, {4}), {2, 2, -4, 3}),
        evaluate::array_of(Type(ElementType::i64, {4}), {3, 3, 5, -2})};
    const Graph again = testing::read_formula(formula, graph);
    INFO(formula);
    CHECK(evaluate::evaluate<double>(again, inputs).results[0].integers ==
          evaluate::evaluate<double>(graph, inputs).results[0].integers);
    return formula.substr(0, formula.size() - 1);
  };
  CHECK(text("%0 = mul %k, %n : i64[4] %1 = div %0, %m : i64[4] return %1") == "k * n // m");
  CHECK(text("%0 = div %m, %n : i64[4] %1 = div %k, %0 : i64[4] return %1") == "k // (m // n)");
  CHECK(text("%0 = div %k, %m : i64[4] %1 = mul %0, %n : i64[4] return %1") == "k // m * n");
  CHECK(text("%0 = div %k, %m : i64[4] %1 = neg %0 : i64[4] return %1") == "-(k // m)");
  CHECK(text("%0 = neg %k : i64[4] %1 = div %0, %m : i64[4] return %1") == "(-k) // m");
  CHECK(text("%0 = div %k, %m : i64[4] %1 = add %0, %n : i64[4] %2 = neg %1 : i64[4] return %2") ==
        "-(k // m) - n");
  CHECK(text("%0 = neg %n : i64[4] %1 = div %k, %m : i64[4] %2 = mul %1, %0 : i64[4] return %2") ==
        "-n * (k // m)");
}

TEST_CASE("random sums, products and quotients read back to the same bits") {
  std::mt19937 engine(5);
  const auto below = [&](uint32_t count) { return static_cast<uint32_t>(engine() % count); };
  for (int round = 0; round < 2000; ++round) {
    const bool floats = round % 2 == 0;  // whose factors may change places: no products of them
    GraphBuilder b("random");
    const Type type(floats ? ElementType::f64 : ElementType::i64, {3});
    std::vector<Value> values;
    for (const char* name : {"x", "y", "z"}) values.push_back(b.input(name, InputKind::data, type));
    for (int i = 0; i < 8; ++i) {
      const Value left = values[below(static_cast<uint32_t>(values.size()))];
      const Value right = values[below(static_cast<uint32_t>(values.size()))];
      static constexpr OpId ops[] = {OpId::add, OpId::sub, OpId::div, OpId::neg, OpId::mul};
      const OpId op = ops[below(floats ? 4 : 5)];
      values.push_back(op == OpId::neg ? b.add(op, {left}) : b.add(op, {left, right}));
    }
    b.add_result("", values.back());
    const Graph graph = std::move(b).finish();
    const std::vector<evaluate::Array<double>> inputs = {evaluate::array_of(type, {7, -5, 11}),
                                                         evaluate::array_of(type, {3, 3, -2}),
                                                         evaluate::array_of(type, {-13, 2, 6})};
    for (const bool expand : {false, true}) {
      const std::string text = to_formula(graph, {.expand = expand});
      INFO(text);
      const auto found = evaluate::evaluate<double>(testing::read_formula(text, graph), inputs).results[0];
      const auto expected = evaluate::evaluate<double>(graph, inputs).results[0];
      for (size_t k = 0; k < expected.size(); ++k) {
        const double a = evaluate::number_at(found, k), e = evaluate::number_at(expected, k);
        CHECK((a == e || (std::isnan(a) && std::isnan(e)) || !std::isfinite(e)));
      }
    }
  }
}

TEST_CASE("a result that is a loop has one line") {
  const Graph graph = parse_graph(R"(graph @g (%c: f64[], %x: f64[3]) {
    %0 = scan {carries=1, sequences=1, length=3} (%i, %a = %c, %b = %x) {
      %0 = add %a, %b : f64[]
      yield %0
    } : f64[]
    %1 = sin %0 : f64[]
    return total = %0, %1
  })");
  CHECK(to_formula(graph) ==
        "total = scan of 3 steps (i, carry a = c, b in x):\n"
        "    a + b\n"
        "sin(total)\n");
}

TEST_CASE("powers") {
  CHECK(formula("mul %x, %x") == "x^2");
  CHECK(formula("mul %x, %x; mul %0, %x") == "x^3");
  CHECK(formula("pow %x, %101") == "x^2");
  CHECK(formula("pow %x, %103") == "1 / x^2");
  CHECK(formula("pow %x, %n") == "x^n");
  CHECK(formula("pow %x, %n; mul %0, %0") == "x^n * x^n");
  CHECK(formula("sub %n, %100; pow %x, %0; mul %n, %1") == "n * x^(n - 1)");
  CHECK(formula("add %x, %y; pow %0, %101") == "(x + y)^2");
  CHECK(formula("mul %x, %y; pow %0, %102") == "(x * y)^3");
  CHECK(formula("neg %x; pow %0, %101") == "(-x)^2");
  CHECK(formula("pow %x, %101; pow %0, %102") == "(x^2)^3");
  CHECK(formula("pow %x, %n; pow %0, %y") == "(x^n)^y");
  CHECK(formula("cos %x; mul %0, %0") == "cos(x)^2");
  CHECK(formula("pow %101, %x") == "2^x");
  CHECK(formula("add %x, %x") == "2 * x");
}

TEST_CASE("CHN-02: the derivative of sin(x^2), whatever order its factors come in") {
  CHECK(formula("mul %x, %x; cos %0; mul %101, %x; mul %2, %1") == "2 * x * cos(x^2)");
  CHECK(formula("mul %x, %x; cos %0; add %x, %x; mul %1, %2") == "2 * x * cos(x^2)");
  CHECK(formula("pow %x, %101; cos %0; mul %1, %101; mul %2, %x") == "2 * x * cos(x^2)");
}

TEST_CASE("shared values have names, results their own, and expand writes all out") {
  const Graph graph = scalar_graph(R"(%0 = mul %x, %w : f64[]
  %1 = add %0, %y : f64[]
  %2 = tanh %1 : f64[]
  %3 = mul %2, %2 : f64[]
  %4 = sub %3, %2 : f64[]
  %5 = mul %104, %4 : f64[]
  %6 = sub %w, %5 : f64[]
  return y_hat = %2, loss = %4, updates %w = %6)");
  CHECK(to_formula(graph) ==
        "y_hat = tanh(x * w + y)\n"
        "loss = y_hat^2 - y_hat\n"
        "w := w - 0.5 * loss\n");
  CHECK(to_formula(graph, {.expand = true}) ==
        "y_hat = tanh(x * w + y)\n"
        "loss = tanh(x * w + y)^2 - tanh(x * w + y)\n"
        "w := w - 0.5 * (tanh(x * w + y)^2 - tanh(x * w + y))\n");
  CHECK(formula("add %x, %y; exp %0; div %1, %0", {}) == "t0 = x + y\nexp(t0) / t0");
}

TEST_CASE("written out, a formula has a limit") {
  std::string text = "add %x, %y";
  for (int i = 0; i < 60; ++i) text += "; atan2 %" + std::to_string(i) + ", %" + std::to_string(i);
  CHECK_THROWS_WITH(formula(text), Catch::Contains("more than 100000 characters"));
  CHECK(formula(text, {}).size() < 5000);
}

TEST_CASE("functions say what is not plain, bodies are indented") {
  const Graph graph =
      parse_graph(R"(graph @g (%x: f32[4,3], param %w: f32[3,2], param %b: f32[2], %h: f32[2]) {
  %0 = dot %x, %w {contract=[1]x[0]} : f32[4,2]
  %1 = broadcast %b {dims=[1], shape=[4,2]} : f32[4,2]
  %2 = add %0, %1 : f32[4,2]
  %3 = sum %2 {axes=[0]} : f32[2]
  %4 = sum %2 {axes=[0,1]} : f32[]
  %5 = constant {element=f32, shape=[2], values=[0.1,-1.0]} : f32[2]
  %6 = mul %3, %5 : f32[2]
  %7 = scan {carries=1, length=4, sequences=1} (%i, %c = %h, %s = %2) {
    %0 = add %c, %s : f32[2]
    yield %0
  } : f32[2]
  %8 = transpose %w {dims=[1,0]} : f32[2,3]
  return %6, loss = %4, last = %7, %8
}
)");
  CHECK(to_formula(graph) ==
        "t2 = dot(x, w) + b\n"
        "t7 = scan of 4 steps (i, carry c = h, s in t2):\n"
        "    c + s\n"
        "[0.1, -1] * sum(t2, axes=[0])\n"
        "loss = sum(t2)\n"
        "last = t7\n"
        "transpose(w)\n");
}

namespace {

// What a formula says is what the graph computes; the message names the formula where it is not.
void check_reads_back(const Graph& graph, const std::vector<evaluate::Array<double>>& inputs, bool expand) {
  const std::string text = to_formula(graph, {.expand = expand});
  INFO(text);
  const Graph read = testing::read_formula(text, graph);
  const evaluate::EvaluateOptions options{.round_to_declared = false};
  const auto expected = evaluate::evaluate<double>(graph, inputs, options);
  const auto found = evaluate::evaluate<double>(read, inputs, options);
  const auto compare = [](const evaluate::Array<double>& x, const evaluate::Array<double>& y) {
    REQUIRE(x.shape() == y.shape());
    for (size_t i = 0; i < x.size(); ++i) {
      const double a = evaluate::number_at(x, i), b = evaluate::number_at(y, i);
      if (std::isnan(a) ? !std::isnan(b) : !(a == b || std::abs(a - b) <= 1e-6 * std::max(1.0, std::abs(a))))
        FAIL("element " << i << " is " << a << ", its formula " << b);
    }
  };
  for (size_t r = 0; r < expected.results.size(); ++r) compare(expected.results[r], found.results[r]);
  for (size_t u = 0; u < expected.updates.size(); ++u) compare(expected.updates[u], found.updates[u]);
}

}  // namespace

TEST_CASE("a formula shows the axes that an operator would not match by itself") {
  const auto text = [](const std::string& statements) {
    return to_formula(
        parse_graph("graph @g (%x: f64[2,2], %v: f64[2], %s: f64[], %m: f64[2,3]) {\n" + statements + "}\n"));
  };
  const std::string sum = "%4 = sum %x {axes=[1]} : f64[2]\n";
  // Of a square array both ways fit.
  CHECK(text(sum + R"(%5 = broadcast %4 {dims=[1], shape=[2,2]} : f64[2,2]
    %6 = sub %x, %5 : f64[2,2]
    return %6)") == "x - sum(x, axes=[1])\n");
  CHECK(text(sum + R"(%5 = broadcast %4 {dims=[0], shape=[2,2]} : f64[2,2]
    %6 = sub %x, %5 : f64[2,2]
    return %6)") == "x - reshape(sum(x, axes=[1]), [2,1])\n");
  // As `keep: true` builds it: a chain of reshapes is one.
  CHECK(text(sum + R"(%5 = reshape %4 {shape=[2,1]} : f64[2,1]
    %6 = reshape %5 {shape=[2]} : f64[2]
    %7 = broadcast %6 {dims=[0], shape=[2,2]} : f64[2,2]
    %8 = sub %x, %7 : f64[2,2]
    return %8)") == "x - reshape(sum(x, axes=[1]), [2,1])\n");
  // What is no operator needs every axis, and so does a result.
  CHECK(text(R"(%5 = broadcast %s {dims=[], shape=[1,1,2,2]} : f64[1,1,2,2]
    %6 = reshape %5 {shape=[4]} : f64[4]
    return %6)") == "reshape(broadcast(s, [1,1,2,2]), [4])\n");
  CHECK(text(R"(%5 = broadcast %v {dims=[1], shape=[2,2]} : f64[2,2]
    %6 = sum %5 {axes=[0,1]} : f64[]
    return y = %5, %6)") == "y = broadcast(v, [2,2])\nsum(y)\n");
  CHECK(text(R"(%5 = broadcast %v {dims=[0], shape=[2,3]} : f64[2,3]
    %6 = broadcast %s {dims=[], shape=[2,3]} : f64[2,3]
    %7 = mul %5, %6 : f64[2,3]
    return %7)") == "broadcast(s * reshape(v, [2,1]), [2,3])\n");
  CHECK(text(R"(%5 = constant {element=f64, shape=[2,2], value=3.0} : f64[2,2]
    %6 = dot %x, %5 {contract=[1]x[0]} : f64[2,2]
    return %6)") == "dot(x, broadcast(3, [2,2]))\n");
}

TEST_CASE("what an op's samples print as a formula reads back, to the same values") {
  size_t read = 0;
  for (const Op* op : all_ops()) {
    uint32_t number = 0;
    for (const testing::Sample& sample : testing::samples_of(op->id).good) {
      const Graph graph = parse_graph(sample.text);
      const std::string text = to_formula(graph);
      // Gradients are taken of values that a formula does not name; long constants are not written out.
      if (text.find("gradient(") != std::string::npos || text.find("constant[") != std::string::npos)
        continue;
      INFO("sample " << number << " of " << op->name);
      const auto inputs = test::sample_inputs(graph, sample, 1 + number++);
      for (const bool expand : {false, true}) check_reads_back(graph, inputs, expand);
      ++read;
    }
  }
  CHECK(read > 100);
}

TEST_CASE("a graph is a Boost graph") {
  const Graph graph = parse_graph(R"(graph @g (%x: f32[], %y: f32[]) {
  %2 = mul %x, %x : f32[]
  %3 = add %2, %y : f32[]
  %4 = div %y, %3 : f32[]
  return %4
}
)");
  const GraphView view(graph);
  CHECK(num_vertices(view) == 5);
  CHECK(num_edges(view) == 6);
  CHECK(out_degree(0, view) == 2);
  CHECK(in_degree(2, view) == 2);
  CHECK(degree(3, view) == 3);
  const auto [first, last] = in_edges(4, view);
  CHECK(std::vector<GraphView::Edge>(first, last) == std::vector<GraphView::Edge>{{1, 4, 0}, {3, 4, 1}});
  const auto [out_first, out_last] = out_edges(1, view);
  CHECK(std::vector<GraphView::Edge>(out_first, out_last) ==
        std::vector<GraphView::Edge>{{1, 3, 1}, {1, 4, 0}});

  std::vector<uint32_t> order;
  boost::topological_sort(view, std::back_inserter(order));
  REQUIRE(order.size() == 5);
  CHECK(order.front() == 4);

  // What every path from x to the sum goes through.
  const Graph diamond = parse_graph(R"(graph @g (%x: f32[]) {
  %1 = mul %x, %x : f32[]
  %2 = neg %1 : f32[]
  %3 = sin %1 : f32[]
  %4 = add %2, %3 : f32[]
  return %4
}
)");
  const GraphView diamond_view(diamond);
  std::vector<uint32_t> dominators(5, Value::none);
  boost::lengauer_tarjan_dominator_tree(
      diamond_view, uint32_t{0},
      boost::make_iterator_property_map(dominators.begin(), get(boost::vertex_index, diamond_view)));
  CHECK(dominators == std::vector<uint32_t>{Value::none, 0, 1, 1, 1});
}

TEST_CASE("Graphviz text") {
  const Graph graph = parse_graph(R"(graph @g (%x: f32[2], param %"a \"b\"": f32[2]) {
  %2 = mul %x, %x : f32[2]
  %3 = neg %2 : f32[2]
  return loss = %3, updates %"a \"b\"" = %2
}
)");
  CHECK(to_dot(graph) == R"(digraph G {
label="g";
node [fontname="sans-serif", fontsize=11];
0[label="x\nf32[2]", shape=box];
1[label="param a \"b\"\nf32[2]", shape=box];
2[label="%2 mul\nf32[2]\nnew a \"b\"", shape=ellipse, peripheries=2];
3[label="%3 neg\nf32[2]\nresult loss", shape=ellipse, peripheries=2];
0->2 [label="0"];
0->2 [label="1"];
2->3 ;
}
)");
}

}  // namespace gradus
