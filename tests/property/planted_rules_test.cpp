// Rules with the mistakes that a rule is likely to make, planted into a pass: the numeric verification names
// it.
#include <catch2/catch.hpp>

#include "ir/build.h"
#include "ir/op.h"
#include "ir/text/parse.h"
#include "tests/property/mutations.h"

using namespace gradus;
using namespace gradus::testing;

namespace {

using Operands = const std::vector<Value>&;
using FaultyRule = Value (*)(GraphBuilder&, const Node&, Operands);

Graph rewritten(const Graph& graph, FaultyRule rule) {
  Rewriter rewriter(graph, "planted");
  for (const uint32_t i : rewriter.live()) {
    const Node& node = graph.node(i);
    rewriter.at(i);
    const Value made = node.operands.empty() || node.body || node.op->id == OpId::gradient
                           ? Value{}
                           : rule(rewriter.builder(), node, rewriter.map(node.operands));
    if (made)
      rewriter.replace(i, {made});
    else
      rewriter.keep(i);
  }
  return std::move(rewriter).finish();
}

const Node& behind_moves(const GraphBuilder& b, Value value) {
  const Node* node = &b.node(value);
  while (node->op->id == OpId::broadcast || node->op->id == OpId::stop_gradient)
    node = &b.node(node->operands[0]);
  return *node;
}

bool is(const GraphBuilder& b, Value value, double number) { return build::known_splat(b, value) == number; }

// exp(a) / sum(exp(a)) along whatever axis.
Value softmax_of_any_axis(GraphBuilder& b, const Node& node, Operands x) {
  if (node.op->id != OpId::div) return {};
  const Node sum = behind_moves(b, x[1]);
  if (sum.op->id != OpId::sum || sum.operands[0] != x[0]) return {};
  const int64_t kept = 1 - sum.attributes.integers("axes")[0];
  const Value total = b.add(OpId::sum, {x[0]}, sum.attributes);
  return build::div(b, x[0], build::broadcast(b, total, b.shape(x[0]), {kept}));
}

Value through_stop_gradient(GraphBuilder&, const Node& node, Operands x) {
  return node.op->id == OpId::stop_gradient ? x[0] : Value{};
}

Value joined_constants(GraphBuilder& b, const Node& node, Operands x) {
  if (node.op->id != OpId::mul || b.node(x[0]).op->id != OpId::mul) return {};
  const std::vector<Value> inner = b.node(x[0]).operands;
  const std::optional<double> first = build::known_splat(b, inner[1]), second = build::known_splat(b, x[1]);
  return first && second ? build::mul(b, inner[0], *first * *second) : Value{};
}

// a / p · (c / q) · p = a c / q
Value cancelled_factors(GraphBuilder& b, const Node& node, Operands x) {
  if (node.op->id != OpId::mul || b.node(x[0]).op->id != OpId::mul) return {};
  const std::vector<Value> inner = b.node(x[0]).operands;
  const Node left = b.node(inner[0]), right = b.node(inner[1]);
  if (left.op->id != OpId::div || right.op->id != OpId::div || left.operands[1] != x[1]) return {};
  return build::div(b, build::mul(b, left.operands[0], right.operands[0]), right.operands[1]);
}

Value zero_of_a_difference(GraphBuilder& b, const Node& node, Operands x) {
  return node.op->id == OpId::sub && x[0] == x[1] ? build::zeros_like(b, x[0]) : Value{};
}

Value zero_of_a_product(GraphBuilder& b, const Node& node, Operands x) {
  return node.op->id == OpId::mul && is(b, x[1], 0) ? x[1] : Value{};
}

Value negated_zero(GraphBuilder& b, const Node& node, Operands x) {
  return node.op->id == OpId::sub && is(b, x[0], 0) ? build::neg(b, x[1]) : Value{};
}

Value root_of_a_power(GraphBuilder& b, const Node& node, Operands x) {
  return node.op->id == OpId::pow && is(b, x[1], 0.5) ? build::unary(b, OpId::sqrt, x[0]) : Value{};
}

// The largest exponent subtracted although it may be infinite.
Value shifted_by_infinity(GraphBuilder& b, const Node& node, Operands x) {
  if (node.op->id != OpId::log || b.node(x[0]).op->id != OpId::sum) return {};
  const Attributes axes = b.node(x[0]).attributes;
  const Value exponent = b.node(b.node(x[0]).operands[0]).operands[0];
  const Value largest = b.add(OpId::max, {exponent}, axes);
  const Value wide = build::broadcast(b, largest, b.shape(exponent), {});
  const Value shifted = build::unary(b, OpId::exp, build::sub(b, exponent, wide));
  return build::add(b, largest, build::unary(b, OpId::log, b.add(OpId::sum, {shifted}, axes)));
}

// x⁰ = 1 as a branch hides what the derivative depends on.
Value hidden_exponent(GraphBuilder& b, const Node& node, Operands x) {
  if (node.op->id != OpId::pow) return {};
  const Value is_zero = build::binary(b, OpId::equal, x[1], build::zeros_like(b, x[1]));
  return build::select(b, is_zero, build::ones_like(b, x[0]), build::binary(b, OpId::pow, x[0], x[1]));
}

template <FaultyRule rule>
Graph with(const Graph& graph, PassContext&) {
  return rewritten(graph, rule);
}

struct Planted {
  std::string name;
  std::string
      statements;  // over %x, %p, %q of f64[8], %s of f64[2,2] and %z, a scalar; the last one is the result
  Graph (*pass)(const Graph&, PassContext&);
};

const std::vector<Planted> planted_rules = {
    {"other axis",
     "%0 = exp %s : f64[2,2]  %1 = sum %0 {axes=[1]} : f64[2]  "
     "%2 = broadcast %1 {dims=[1], shape=[2,2]} : f64[2,2]  %9 = div %0, %2 : f64[2,2]",
     with<softmax_of_any_axis>},
    {"stop_gradient",
     "%0 = exp %z : f64[]  %1 = stop_gradient %0 : f64[]  %2 = mul %0, %1 : f64[]  %9 = gradient %2, %z : "
     "f64[]",
     with<through_stop_gradient>},
    {"joined constants",
     "%0 = constant {element=f64, shape=[8], value=1e200} : f64[8]  %1 = mul %x, %0 : f64[8]  "
     "%9 = mul %1, %0 : f64[8]",
     with<joined_constants>},
    {"cancelled factors",
     "%0 = div %x, %p : f64[8]  %1 = div %x, %q : f64[8]  %2 = mul %0, %1 : f64[8]  %9 = mul %2, %p : f64[8]",
     with<cancelled_factors>},
    {"x - x", "%9 = sub %x, %x : f64[8]", with<zero_of_a_difference>},
    {"x * 0", "%0 = constant {element=f64, shape=[8], value=0.0} : f64[8]  %9 = mul %x, %0 : f64[8]",
     with<zero_of_a_product>},
    {"0 - x",
     "%0 = constant {element=f64, shape=[8], value=0.0} : f64[8]  %1 = sub %0, %x : f64[8]  %9 = div %p, %1 "
     ": f64[8]",
     with<negated_zero>},
    {"x^0.5", "%0 = constant {element=f64, shape=[8], value=0.5} : f64[8]  %9 = pow %x, %0 : f64[8]",
     with<root_of_a_power>},
    {"log(sum(exp)) at infinity", "%0 = exp %x : f64[8]  %1 = sum %0 {axes=[0]} : f64[]  %9 = log %1 : f64[]",
     with<shifted_by_infinity>},
    {"x^y at y = 0",
     "%0 = constant {element=f64, shape=[], value=0.0} : f64[]  %1 = abs %z : f64[]  %2 = mul %1, %0 : f64[] "
     " "
     "%3 = pow %1, %2 : f64[]  %9 = gradient %3, %2 : f64[]",
     with<hidden_exponent>},
};

std::string text_of(const Planted& planted) {
  return "graph @g (%x: f64[8], %p: f64[8], %q: f64[8], %s: f64[2,2], %z: f64[]) { " + planted.statements +
         "  return y = %9 }";
}

}  // namespace

TEST_CASE("numeric verification names the pass of every kind of wrong rule") {
  for (const Planted& planted : planted_rules) {
    INFO(planted.name);
    const Graph graph = parse_graph(text_of(planted));
    CHECK(verified(graph, {{"simplify", "as it is", simplify}}) == "");
    CHECK_THAT(verified(graph, {{"planted", "a wrong rule", planted.pass}}),
               Catch::Contains("pass 'planted' changed a result"));
  }
}
