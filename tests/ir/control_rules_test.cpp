// Derivatives of scan and call in the cases that their samples leave out, and of elementwise rules at their
// edges: the rules, through `differentiate`, against the evaluator's dual numbers.
#include <catch2/catch.hpp>

#include <map>

#include "ir/build.h"
#include "ir/evaluate/evaluate.h"
#include "ir/op.h"
#include "ir/text/parse.h"
#include "ir/text/print.h"
#include "passes/pass.h"
#include "passes/pipeline.h"
#include "tests/ir/sample_inputs.h"

using namespace gradus;
using evaluate::Array;

namespace {

// Evaluates a graph with gradient nodes before and after `differentiate`.
void compare(const std::string& text) {
  const Graph graph = parse_graph(text, "test");
  PassContext context;
  const Graph expanded = differentiate(graph, context);
  INFO(print(expanded));
  const auto inputs = test::sample_inputs(graph, {.text = "", .low = 0.2, .high = 1.5}, 5);
  const auto expected = evaluate::evaluate<double>(graph, inputs).results;
  const auto found = evaluate::evaluate<double>(expanded, inputs).results;
  bool all_zero = true;
  for (size_t r = 0; r < expected.size(); ++r)
    for (size_t e = 0; e < expected[r].floats.size(); ++e) {
      CHECK(found[r].floats[e] == Approx(expected[r].floats[e]).epsilon(1e-11).margin(1e-12));
      all_zero &= found[r].floats[e] == 0;
    }
  CHECK(!all_zero);
}

// What is called %n in a body is not what is called so around it; a kernel may repeat a constant.
void check_ids(const Graph& graph, bool kernel = false, std::map<uint32_t, OpId> around = {}) {
  for (uint32_t i = 0; i < graph.size(); ++i) {
    const OpId op = graph.node(i).op->id;
    const auto [it, made] = around.emplace(graph.node(i).id, op);
    const bool sound = made || (kernel && op == OpId::constant && it->second == op);
    CHECK(sound);
  }
  for (uint32_t i = 0; i < graph.size(); ++i)
    if (graph.node(i).body) check_ids(*graph.node(i).body, graph.node(i).op->id == OpId::kernel, around);
}

double differentiated_at(const std::string& text, const std::vector<double>& inputs) {
  const Graph graph = parse_graph(text, "test");
  PassContext context;
  std::vector<Array<double>> arrays;
  for (double x : inputs) arrays.push_back(evaluate::array_of(Type(ElementType::f64), {x}));
  const double expected = evaluate::evaluate<double>(graph, arrays).results[0].floats[0];
  const double found = evaluate::evaluate<double>(differentiate(graph, context), arrays).results[0].floats[0];
  CHECK(found == expected);
  return found;
}

}  // namespace

TEST_CASE("scan in reverse, two carries of which one is an integer, history, outputs and captures used") {
  compare(
      "graph @g (%h: f64[2], %n: i64[], %x: f64[4,2], %w: f64[2], %u: f64[2]) { "
      "%0:5 = scan {carries=2, sequences=1, length=4, reverse=true, histories=[0,1]} "
      "(%t, %c = %h, %k = %n, %e = %x, %a = %w, %b = %u) { "
      "%0 = mul %c, %a : f64[2]  %1 = mul %e, %b : f64[2]  %2 = add %0, %1 : f64[2]  %3 = tanh %2 : f64[2]  "
      "%4 = add %k, %t : i64[]  %5 = cast %4 {to=f64} : f64[]  %6 = broadcast %5 {shape=[2], dims=[]} : "
      "f64[2]  "
      "%7 = mul %6, %3 : f64[2]  yield %3, %4, %7 } : f64[2], i64[], f64[4,2], i64[4], f64[4,2]  "
      "%1 = mul %0#2, %0#4 : f64[4,2]  %2 = sum %1 {axes=[0]} : f64[2]  %3 = mul %2, %0 : f64[2]  "
      "%4 = sum %3 {axes=[0]} : f64[]  %5:4 = gradient %4, %h, %x, %w, %u : f64[2], f64[4,2], f64[2], f64[2] "
      " "
      "return %5, %5#1, %5#2, %5#3 }");
}

TEST_CASE("scan without histories, twice differentiated") {
  compare(
      "graph @g (%h: f64[2], %w: f64[2]) { "
      "%0 = scan {carries=1, sequences=0, length=3} (%t, %c = %h, %a = %w) { "
      "%0 = mul %c, %a : f64[2]  %1 = sin %0 : f64[2]  yield %1 } : f64[2]  "
      "%1 = sum %0 {axes=[0]} : f64[]  %2:2 = gradient %1, %h, %w : f64[2], f64[2]  %3 = mul %2, %2#1 : "
      "f64[2]  "
      "%4 = sum %3 {axes=[0]} : f64[]  %5:2 = gradient %4, %h, %w : f64[2], f64[2]  return %5, %5#1 }");
}

TEST_CASE("a carry that is a capture of another step, and only outputs in use") {
  compare(
      "graph @g (%x: f64[3], %h: f64[]) { "
      "%0:2 = scan {carries=1, sequences=1, length=3} (%t, %c = %h, %e = %x, %g = %h) { "
      "%0 = add %c, %e : f64[]  %1 = mul %0, %g : f64[]  yield %0, %1 } : f64[], f64[3]  "
      "%1 = sum %0#1 {axes=[0]} : f64[]  %2:2 = gradient %1, %x, %h : f64[3], f64[]  return %2, %2#1 }");
}

TEST_CASE("a scan within a scan, and a gradient within a scan") {
  compare(
      "graph @g (%x: f64[3,2], %h: f64[], %w: f64[]) { "
      "%0 = scan {carries=1, sequences=1, length=3} (%t, %c = %h, %r = %x, %v = %w) { "
      "%0 = scan {carries=1, sequences=1, length=2} (%s, %d = %c, %e = %r, %u = %v) { "
      "%0 = mul %d, %u : f64[]  %1 = add %0, %e : f64[]  %2 = sin %1 : f64[]  yield %2 } : f64[]  yield %0 } "
      ": f64[]  "
      "%1:3 = gradient %0, %x, %h, %w : f64[3,2], f64[], f64[]  return %1, %1#1, %1#2 }");
  // One step of gradient descent per iteration, and how its result depends on the rate and the start.
  compare(
      "graph @g (%h: f64[], %rate: f64[]) { "
      "%0 = scan {carries=1, sequences=0, length=3} (%t, %c = %h, %r = %rate) { "
      "%0 = sin %c : f64[]  %1 = mul %0, %0 : f64[]  %2 = gradient %1, %c : f64[]  %3 = mul %r, %2 : f64[]  "
      "%4 = sub %c, %3 : f64[]  yield %4 } : f64[]  %1:2 = gradient %0, %h, %rate : f64[], f64[]  return %1, "
      "%1#1 }");
}

TEST_CASE("call: a body with unused operands and several results, twice") {
  compare(
      "graph @g (%x: f64[3], %y: f64[3], %n: i32[3]) { %0:2 = call (%a = %x, %b = %y, %c = %n) { "
      "%0 = cast %c {to=f64} : f64[3]  %1 = mul %a, %0 : f64[3]  %2 = exp %1 : f64[3]  yield %2, %0 } : "
      "f64[3], f64[3]  "
      "%1 = mul %0, %0#1 : f64[3]  %2 = mul %1, %y : f64[3]  %3 = sum %2 {axes=[0]} : f64[]  "
      "%4:2 = gradient %3, %x, %y : f64[3], f64[3]  %5 = mul %4, %4#1 : f64[3]  %6 = sum %5 {axes=[0]} : "
      "f64[]  "
      "%7:2 = gradient %6, %x, %y : f64[3], f64[3]  return %7, %7#1 }");
}

TEST_CASE("elementwise rules at their edges agree with dual numbers") {
  const auto binary = [](const std::string& op, double a, double b, int by) {
    return differentiated_at("graph @g (%a: f64[], %b: f64[]) { %0 = " + op +
                                 " %a, %b : f64[]  %1 = gradient %0, " + (by ? "%b" : "%a") +
                                 " : f64[]  return %1 }",
                             {a, b});
  };
  CHECK(binary("maximum", 2, 2, 0) == 1);
  CHECK(binary("maximum", 2, 2, 1) == 0);
  CHECK(binary("minimum", 2, 2, 0) == 1);
  CHECK(binary("minimum", 2, 2, 1) == 0);
  CHECK(binary("pow", 0, 0, 0) == 0);
  CHECK(binary("pow", 0, 2, 1) == 0);
  CHECK(binary("pow", -2, 3, 0) == 12);
  CHECK(binary("rem", -7, 3, 1) == 3);
  const auto unary = [](const std::string& op, double x) {
    return differentiated_at(
        "graph @g (%x: f64[]) { %0 = " + op + " %x : f64[]  %1 = gradient %0, %x : f64[]  return %1 }", {x});
  };
  CHECK(unary("abs", 0) == 0);
  CHECK(unary("abs", -3) == -1);
  CHECK(unary("floor", 1.5) == 0);
  CHECK(unary("sigmoid", 0) == 0.25);
  for (int by = 0; by < 3; ++by) {
    const std::string names[] = {"%x", "%l", "%h"};
    const double at_low = differentiated_at(
        "graph @g (%x: f64[], %l: f64[], %h: f64[]) { %0 = clamp %x, %l, %h : f64[]  "
        "%1 = gradient %0, " +
            names[by] + " : f64[]  return %1 }",
        {1, 1, 2});
    CHECK(at_low == (by == 0 ? 1 : 0));
  }
}

TEST_CASE("the backward graph of sigmoid uses the forward value and no exp") {
  const Graph graph = parse_graph(
      "graph @g (%x: f64[]) { %0 = sigmoid %x : f64[]  %1 = gradient %0, %x : f64[]  return %0, %1 }",
      "test");
  PassContext context;
  const Graph expanded = differentiate(graph, context);
  int sigmoids = 0;
  for (uint32_t i = 0; i < expanded.size(); ++i) {
    CHECK(expanded.node(i).op->id != OpId::exp);
    sigmoids += expanded.node(i).op->id == OpId::sigmoid;
  }
  CHECK(sigmoids == 1);
}

TEST_CASE("passes give the nodes of bodies ids that the graph around them does not have") {
  const Graph graph = parse_graph(
      "graph @g (%x: f64[3,2], %h: f64[], %w: f64[], %a: f64[2,2]) { "
      "%10 = scan {carries=1, sequences=1, length=3} (%t, %c = %h, %r = %x, %v = %w, %b = %a) { "
      "%20 = scan {carries=1, sequences=1, length=2} (%s, %d = %c, %e = %r, %u = %v) { "
      "%30 = mul %d, %u : f64[]  %31 = add %30, %e : f64[]  %32 = sin %31 : f64[]  "
      "%33 = gradient %32, %d : f64[]  yield %33 } : f64[]  "
      "%21 = dot %b, %b {contract=[1]x[0]} : f64[2,2]  %22 = sum %21 {axes=[0,1]} : f64[]  "
      "%23 = mul %20, %22 : f64[]  yield %23 } : f64[]  "
      "%11 = call (%y = %10) { %40 = exp %y : f64[]  yield %40 } : f64[]  "
      "%12:3 = gradient %11, %x, %h, %w : f64[3,2], f64[], f64[]  return %12, %12#1, %12#2, %11 "
      "}");
  PassContext context;
  for (const Stage stage : {Stage::forward, Stage::backward, Stage::optimized, Stage::kernels}) {
    const Graph brought = run_pipeline(graph, Stage::forward, stage, context);
    INFO(print(brought));
    check_ids(brought);
    check_ids(parse_graph(print(brought)));
  }
  check_ids(check_numerics(run_pipeline(graph, Stage::forward, Stage::optimized, context), context));
}

TEST_CASE("bodies written with the ids of the graph around them keep them, and new nodes get others") {
  const Graph graph = parse_graph(
      "graph @g (%x: f64[]) { %0 = call (%a = %x) { %0 = sin %a : f64[]  %7 = exp %0 : f64[]  yield %7 } : "
      "f64[]  "
      "%1 = gradient %0, %x : f64[]  return %1 }");
  CHECK(graph.node(1).body->node(1).id == 0);
  PassContext context;
  const Graph expanded = differentiate(graph, context);
  INFO(print(expanded));
  for (uint32_t i = 0; i < expanded.size(); ++i)
    if (expanded.node(i).op->id == OpId::call && expanded.node(i).id != 0)
      for (uint32_t k = 0; k < expanded.node(i).body->size(); ++k)
        CHECK(expanded.node(i).body->node(k).id > 7);
}
