// Walks the list of all ops: documentation, text form, shape errors, values, derivatives.
#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "ir/build.h"
#include "ir/evaluate/evaluate.h"
#include "ir/op.h"
#include "ir/ops/body.h"
#include "ir/text/parse.h"
#include "ir/text/print.h"
#include "passes/pass.h"
#include "tests/ir/sample_inputs.h"
#include "tests/ir/samples/samples.h"

using namespace gradus;
using namespace gradus::testing;
using evaluate::Array;
using evaluate::Complex;
using evaluate::Dual;
using test::sample_inputs;

namespace {

// The first pair that differs, as a text; empty if all are close.
class Comparison {
 public:
  void operator()(const char* what, size_t result, size_t element, double a, double b, double tolerance) {
    if (!text_.empty() || std::fabs(a - b) <= tolerance * std::max({1.0, std::fabs(a), std::fabs(b)})) return;
    text_ = fmt::format("{}: result {}, element {}: {} and {}", what, result, element, a, b);
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

// Derivatives are compared in double, whatever the sample's types.
std::string in_double(std::string text) {
  for (size_t at; (at = text.find("f32")) != std::string::npos;) text.replace(at, 3, "f64");
  return text;
}

bool uses(const Graph& graph, const Op& op) {
  for (uint32_t i = 0; i < graph.size(); ++i)
    if (graph.node(i).op == &op) return true;
  return false;
}

// Results are differentiable if they and some input are floats.
bool has_floats(const Graph& graph) {
  bool in = false, out = false;
  for (const Input& input : graph.inputs()) in |= is_float(graph.type(input.value).element);
  for (const NamedValue& result : graph.results()) out |= is_float(graph.type(result.value).element);
  return in && out;
}

std::vector<Array<double>> directions(const Graph& graph) {
  return sample_inputs(graph, {.text = "", .low = -1, .high = 1}, 99);
}

// inputs + step · direction, over T.
template <class T, class Step>
std::vector<Array<T>> moved(const std::vector<Array<double>>& inputs, const std::vector<Array<double>>& along,
                            Step step) {
  std::vector<Array<T>> result;
  for (size_t i = 0; i < inputs.size(); ++i) {
    result.push_back(evaluate::lift<T>(inputs[i]));
    for (size_t e = 0; e < inputs[i].floats.size(); ++e)
      result[i].floats[e] = step(inputs[i].floats[e], along[i].floats[e]);
  }
  return result;
}

// Dual numbers against central differences and the complex step, along one direction.
void check_forward(const Graph& graph, const std::vector<Array<double>>& inputs) {
  const std::vector<Array<double>> along = directions(graph);
  const auto dual = evaluate::evaluate<Dual<double>>(
      graph, moved<Dual<double>>(inputs, along, [](double x, double d) { return Dual<double>(x, d); }));
  constexpr double h = 1e-5, tiny = 1e-20;
  const auto ahead = evaluate::evaluate<double>(
      graph, moved<double>(inputs, along, [](double x, double d) { return x + h * d; }));
  const auto behind = evaluate::evaluate<double>(
      graph, moved<double>(inputs, along, [](double x, double d) { return x - h * d; }));
  std::optional<evaluate::Evaluation<Complex>> complex;
  try {
    complex = evaluate::evaluate<Complex>(
        graph, moved<Complex>(inputs, along, [](double x, double d) { return Complex(x, tiny * d); }));
  } catch (const evaluate::NotAvailable&) {
  }
  Comparison compare;
  for (size_t r = 0; r < dual.results.size(); ++r)
    for (size_t e = 0; e < dual.results[r].floats.size(); ++e) {
      const double tangent = dual.results[r].floats[e].tangent;
      const double central = (ahead.results[r].floats[e] - behind.results[r].floats[e]) / (2 * h);
      compare("dual and central difference", r, e, tangent, central, 1e-7);
      if (complex)
        compare("dual and complex step", r, e, tangent, complex->results[r].floats[e].imag() / tiny, 1e-12);
    }
  CHECK(compare.text() == "");
}

// Numbers in (-0.9, 1.1) that tell elements apart.
class Weights {
 public:
  double next() { return (state_ = std::fmod(state_ * 1.37 + 0.41, 2.0)) - 0.9; }

 private:
  double state_ = 0.7;
};

// Σ sum(value_k · weight_k) over the float values.
Value weighted_sum(GraphBuilder& b, const std::vector<Value>& values) {
  Value total;
  Weights weights;
  for (Value value : values) {
    if (!is_float(b.type(value).element)) continue;
    std::vector<double> numbers(static_cast<size_t>(element_count(b.shape(value))));
    for (double& number : numbers) number = weights.next();
    const Value product = build::mul(b, value, build::constant_values(b, b.type(value), std::move(numbers)));
    const Value sum = build::sum_all(b, product);
    total = total ? build::add(b, total, sum) : sum;
  }
  return total;
}

// The gradient of a weighted sum of the graph's results by its float inputs; `order` 2: the gradient of a
// weighted sum of that.
Graph gradient_graph(const Graph& graph, int order) {
  GraphBuilder b("gradient");
  std::vector<Value> inputs, xs;
  for (const Input& input : graph.inputs()) {
    inputs.push_back(b.input(input.name, input.kind, graph.type(input.value)));
    if (is_float(b.type(inputs.back()).element)) xs.push_back(inputs.back());
  }
  std::vector<Value> values = ops::inline_body(b, graph, inputs);
  for (int i = 0; i < order; ++i) {
    const Value first = build::gradient(b, weighted_sum(b, values), xs);
    values.clear();
    for (size_t k = 0; k < xs.size(); ++k) values.push_back({first.node, static_cast<uint32_t>(k)});
  }
  for (size_t k = 0; k < values.size(); ++k) b.add_result(fmt::format("g{}", k), values[k]);
  return std::move(b).finish();
}

std::vector<Array<double>> expanded_gradient(const Graph& graph, const std::vector<Array<double>>& inputs,
                                             int order) {
  PassContext context;
  return evaluate::evaluate<double>(differentiate(gradient_graph(graph, order), context), inputs).results;
}

// The rules, through `differentiate`, against the evaluator's dual numbers: the gradient, and its gradient,
// which (the Hessian being symmetric) is the gradient's derivative along the weights.
void check_rules(const Graph& graph, const std::vector<Array<double>>& inputs) {
  std::vector<Array<Dual<double>>> moving;
  Weights weights;
  for (const Array<double>& input : inputs) {
    moving.push_back(evaluate::lift<Dual<double>>(input));
    for (auto& x : moving.back().floats) x.tangent = weights.next();
  }
  std::vector<Array<Dual<double>>> expected;
  try {
    expected = evaluate::evaluate<Dual<double>>(gradient_graph(graph, 1), std::move(moving)).results;
  } catch (const evaluate::NotAvailable&) {
    return;  // gradients nested three deep
  }
  const std::vector<Array<double>> first = expanded_gradient(graph, inputs, 1);
  const std::vector<Array<double>> second = expanded_gradient(graph, inputs, 2);
  Comparison compare;
  for (size_t r = 0; r < expected.size(); ++r)
    for (size_t e = 0; e < expected[r].floats.size(); ++e) {
      compare("gradient: rule and dual", r, e, first[r].floats[e], expected[r].floats[e].value, 1e-10);
      compare("second order: rule and dual", r, e, second[r].floats[e], expected[r].floats[e].tangent, 1e-9);
    }
  CHECK(compare.text() == "");
}

std::string all_messages(const Error& error) {
  std::string text;
  for (const Diagnostic& diagnostic : error.diagnostics()) text += diagnostic.message + "\n";
  return text;
}

}  // namespace

TEST_CASE("every op is documented and has samples") {
  for (const Op* op : all_ops()) {
    INFO(op->name);
    CHECK(!op->summary.empty());
    CHECK(!op->formula.empty());
    CHECK(op->infer);
    CHECK(!samples_of(op->id).good.empty());
    CHECK(!samples_of(op->id).bad.empty());
    CHECK(&op_of(op->id) == op);
    for (const AttributeSpec& attribute : op->attributes) CHECK(!attribute.documentation.empty());
    if (op->family == OpFamily::elementwise) CHECK(op->scalar);
  }
}

TEST_CASE("INI-05: samples of every op: text form, values, derivatives by every method") {
  for (const Op* op : all_ops())
    for (const Sample& sample : samples_of(op->id).good) {
      INFO(op->name << ": " << sample.text);
      std::optional<Graph> graph;
      REQUIRE_NOTHROW(graph = parse_graph(sample.text, "sample"));
      CHECK(uses(*graph, *op));
      const std::string printed = print(*graph);
      CHECK(print(parse_graph(printed, "printed")) == printed);

      const std::vector<Array<double>> inputs = sample_inputs(*graph, sample, 1);
      const auto values = evaluate::evaluate<double>(*graph, inputs);
      for (const Array<double>& result : values.results)
        for (double x : result.floats) CHECK(std::isfinite(x));
      if (!sample.differentiate || !has_floats(*graph)) continue;
      const Graph wide = parse_graph(in_double(sample.text), "sample");
      const std::vector<Array<double>> wide_inputs = sample_inputs(wide, sample, 1);
      check_forward(wide, wide_inputs);
      check_rules(wide, wide_inputs);
    }
}

TEST_CASE("bad samples are rejected with the message") {
  for (const Op* op : all_ops())
    for (const BadSample& sample : samples_of(op->id).bad) {
      INFO(op->name << ": " << sample.text);
      std::string message = "accepted";
      try {
        parse_graph(sample.text, "sample");
      } catch (const Error& error) {
        message = all_messages(error);
        CHECK(error.kind() == ErrorKind::program);
      }
      CHECK_THAT(message, Catch::Contains(sample.message));
    }
}
