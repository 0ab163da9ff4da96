// Every sample of the contraction, window, indexed and random ops: it parses, its declared types are those of
// the shape rule, and its derivative rule is the adjoint of its forward derivative: <t, J v> = <J' t, v>.
// Then the same for the graph of the adjoint itself, which is what higher derivatives rest on.
#include <catch2/catch.hpp>
#include <functional>

#include "ir/build.h"
#include "ir/ops/ops.h"
#include "tests/ir/evaluate_text.h"
#include "tests/ir/samples/samples.h"

using namespace gradus;
using namespace gradus::testing;
using evaluate::Array;
using evaluate::Dual;

namespace {

bool is_mine(const Op& op) {
  return op.family == OpFamily::contraction || op.family == OpFamily::window ||
         op.family == OpFamily::indexed || op.family == OpFamily::random;
}

Array<double> filled(const Type& type, const Sample& sample, int64_t seed) {
  Array<double> array(type);
  for (size_t i = 0; i < array.size(); ++i) {
    const double u = random::uniform({seed, 0, 0, 0}, static_cast<int64_t>(i));
    if (array.holds_floats())
      array.floats[i] = sample.low + (sample.high - sample.low) * u;
    else
      array.integers[i] = static_cast<int64_t>(u * static_cast<double>(sample.below));
  }
  return array;
}

double inner(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

// The adjoints of a node's operands, by its op's rule.
std::vector<Value> apply_rule(GraphBuilder& b, uint32_t index, Value adjoint) {
  GradientUse use{b, b.node(index), index, std::vector<Value>(b.node(index).types.size()), {}};
  use.adjoints[0] = adjoint;
  std::vector<Value> result(use.node.operands.size());
  const Differentiation& rule = use.node.op->differentiation;
  if (const auto* transpose = std::get_if<Transpose>(&rule))
    for (const size_t operand : transpose->operands) result[operand] = transpose->apply(use, operand);
  else if (const auto* partials = std::get_if<Partials>(&rule)) {
    for (size_t i = 0; i < partials->by_operand.size(); ++i)
      if (partials->by_operand[i]) result[i] = build::mul(b, adjoint, partials->by_operand[i](use));
  } else if (const auto* general = std::get_if<Adjoint>(&rule)) {
    result = general->apply(use);
  }
  return result;
}

// A copy of `graph` (float result 0) with one more input, the adjoint, whose results are the adjoints of all
// float inputs.
Graph adjoint_graph(const Graph& graph) {
  GraphBuilder b("adjoint", {.memoize = false});
  std::vector<std::vector<Value>> mapped(graph.size());
  for (uint32_t i = 0; i < graph.size(); ++i) {
    const Node& node = graph.node(i);
    std::vector<Value> operands;
    for (const Value v : node.operands) operands.push_back(mapped[v.node][v.result]);
    Value made;
    if (node.op->id == OpId::input) {
      const Input& input = graph.inputs()[static_cast<size_t>(node.attributes.integer("index"))];
      made = b.input(input.name, input.kind, node.types[0]);
    } else {
      made = b.add(*node.op, operands, node.attributes, node.body);
    }
    for (uint32_t r = 0; r < node.types.size(); ++r) mapped[i].push_back({made.node, r});
  }
  const Value result = mapped[graph.results()[0].value.node][graph.results()[0].value.result];
  const Value seed =
      b.input("adjoint of " + std::to_string(graph.inputs().size()), InputKind::data, b.type(result));
  std::vector<Value> adjoint(b.size());
  adjoint[result.node] = seed;
  for (uint32_t i = static_cast<uint32_t>(b.size()); i-- > 0;) {
    if (i >= adjoint.size() || !adjoint[i] || b.node(i).op->id == OpId::input) continue;
    const std::vector<Value> parts = apply_rule(b, i, adjoint[i]);
    const std::vector<Value> operands = b.node(i).operands;
    for (size_t k = 0; k < parts.size(); ++k) {
      if (!parts[k] || operands[k].result != 0) continue;
      REQUIRE(b.type(parts[k]) == b.type(operands[k]));
      Value& sum = adjoint[operands[k].node];
      sum = sum ? build::add(b, sum, parts[k]) : parts[k];
    }
  }
  for (const Input& input : graph.inputs()) {
    const Value v = mapped[input.value.node][0];
    if (!is_float(b.type(v).element)) continue;
    b.add_result("d " + input.name, adjoint[v.node] ? adjoint[v.node] : build::zeros_like(b, v));
  }
  return std::move(b).finish();
}

struct Check {
  double forward;
  double reverse;
};

// The two sides of <t, J v> = <J' t, v> at seeded points; no rounding to f32, so that they agree to rounding
// of f64.
Check both_sides(const Graph& graph, const Graph& adjoint, const Sample& sample) {
  const evaluate::EvaluateOptions exact{.round_to_declared = false};
  std::vector<Array<double>> inputs;
  std::vector<Array<double>> directions;
  std::vector<Array<Dual<double>>> duals;
  int64_t seed = 1;
  for (const Input& input : graph.inputs()) {
    inputs.push_back(filled(graph.type(input.value), sample, seed++));
    directions.push_back(filled(graph.type(input.value), sample, seed++));
    duals.push_back(evaluate::lift<Dual<double>>(inputs.back()));
    for (size_t i = 0; i < duals.back().floats.size(); ++i)
      duals.back().floats[i].tangent = directions.back().floats[i];
  }
  const Array<Dual<double>> result = evaluate::evaluate<Dual<double>>(graph, duals, exact).results[0];
  const Array<double> t = filled(result.type, sample, seed++);
  std::vector<double> tangents;
  for (const auto& v : result.floats) tangents.push_back(v.tangent);
  inputs.push_back(t);
  const auto adjoints = evaluate::evaluate<double>(adjoint, inputs, exact).results;
  double reverse = 0;
  size_t next = 0;
  for (size_t i = 0; i < graph.inputs().size(); ++i)
    if (directions[i].holds_floats()) reverse += inner(adjoints[next++].floats, directions[i].floats);
  return {inner(tangents, t.floats), reverse};
}

std::string first_message(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& error) {
    std::string all;
    for (const Diagnostic& d : error.diagnostics()) all += render(d);
    return all;
  }
  return "accepted";
}

}  // namespace

TEST_CASE("samples parse, with the types that the shape rule gives") {
  for (const Op* op : all_ops()) {
    if (!is_mine(*op)) continue;
    CHECK(samples_of(op->id).good.size() >= 3);
    CHECK(samples_of(op->id).bad.size() >= 3);
    CHECK(op->evaluate);
    for (const Sample& sample : samples_of(op->id).good) {
      INFO(sample.text);
      CHECK(first_message([&] { parse_graph(sample.text); }) == "accepted");
    }
  }
}

TEST_CASE("bad samples are rejected with their message") {
  for (const Op* op : all_ops()) {
    if (!is_mine(*op)) continue;
    for (const BadSample& sample : samples_of(op->id).bad) {
      INFO(sample.text);
      CHECK_THAT(first_message([&] { parse_graph(sample.text); }), Catch::Contains(sample.message));
    }
  }
}

TEST_CASE("derivative rules are adjoints of the forward derivative, twice over") {
  for (const Op* op : all_ops()) {
    if (!is_mine(*op)) continue;
    for (const Sample& sample : samples_of(op->id).good) {
      if (!sample.differentiate) continue;
      INFO(sample.text);
      const Graph graph = parse_graph(sample.text);
      if (!is_float(graph.type(graph.results()[0].value).element)) continue;
      const Graph adjoint = adjoint_graph(graph);
      const Check first = both_sides(graph, adjoint, sample);
      CHECK(first.reverse == Approx(first.forward).epsilon(1e-12).margin(1e-11));
      CHECK(first.forward != 0);
      const Graph second_adjoint = adjoint_graph(adjoint);
      const Check second = both_sides(adjoint, second_adjoint, sample);
      CHECK(second.reverse == Approx(second.forward).epsilon(1e-12).margin(1e-11));
    }
  }
}
