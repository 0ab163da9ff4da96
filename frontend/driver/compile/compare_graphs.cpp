#include "frontend/driver/compile/compare_graphs.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "frontend/driver/compile/pass_promise.h"
#include "ir/builder.h"
#include "ir/dependence.h"
#include "ir/evaluate/derivative.h"
#include "ir/evaluate/evaluate.h"
#include "ir/op.h"
#include "ir/random.h"
#include "ir/shown_text.h"
#include "ir/structure.h"

namespace gradus {

namespace {

using evaluate::Array;
using evaluate::Bounded;
using Arrays = std::vector<Array<double>>;

constexpr int64_t most_gradient_elements = 1000;
constexpr int64_t directions = 3;

// Values that exercise a graph of unknown purpose: floats from (-1, 1), positions small enough to be classes.
Array<double> sample_input(const Input& input, const Type& type, size_t number) {
  std::vector<double> values(static_cast<size_t>(element_count(type.shape)));
  const random::Draw draw{1, 0, random::site("sample", number), 0};
  for (size_t i = 0; i < values.size(); ++i) {
    const double uniform = random::uniform(draw, static_cast<int64_t>(i));
    values[i] = is_float(type.element) ? 2 * uniform - 1 : std::floor(2 * uniform);
  }
  if (input.kind == InputKind::seed || input.kind == InputKind::step)
    std::fill(values.begin(), values.end(), 1.0);
  if (input.kind == InputKind::state)  // second moments and counters are never negative
    for (double& value : values) value = std::abs(value);
  return evaluate::array_of(type, std::move(values));
}

// Numbers at which rules that forget about them go wrong, one after the other.
double number_at_an_end(size_t number, ElementType element) {
  const bool f64 = element == ElementType::f64;
  const double huge = f64 ? 1e200 : 1e30, tiny = f64 ? 1e-300 : 1e-35;
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const std::array<double, 12> numbers = {0,    -0.0,  1,     -1,       2,         tiny,
                                          huge, -tiny, -huge, infinity, -infinity, std::nan("")};
  return numbers[number % numbers.size()];
}

// Floats at the ends of their range: all of them in the first two rounds, which sees every end in arrays of
// six elements; then some, so that sums are not infinite always.
Arrays inputs_at_ends(const Graph& graph, Arrays inputs, size_t round) {
  constexpr size_t step = 6;
  for (size_t k = 0; k < inputs.size(); ++k) {
    const random::Draw place{1, static_cast<int64_t>(round), random::site("place of an end", k), 0};
    const Type& type = graph.type(graph.inputs()[k].value);
    if (!is_float(type.element)) continue;
    const double share = round <= 2 ? 1 : 0.3;
    for (size_t i = 0; i < inputs[k].floats.size(); ++i)
      if (random::uniform(place, static_cast<int64_t>(i)) < share)
        inputs[k].floats[i] = number_at_an_end(i + round * step + k * (k + 1), type.element);
    inputs[k] = evaluate::array_of(type, inputs[k].floats);
  }
  return inputs;
}

Arrays sample_inputs(const Graph& graph) {
  Arrays inputs;
  for (const Input& input : graph.inputs())
    inputs.push_back(sample_input(input, graph.type(input.value), inputs.size()));
  return inputs;
}

std::vector<uint32_t> gradient_nodes(const Graph& graph) {
  const std::vector<bool> live = live_nodes(graph);
  std::vector<uint32_t> nodes;
  for (uint32_t i = 0; i < graph.size(); ++i)
    if (live[i] && is_gradient(graph.node(i))) nodes.push_back(i);
  return nodes;
}

int64_t gradient_elements(const Graph& graph) {
  int64_t count = 0;
  for (const uint32_t node : gradient_nodes(graph))
    for (const Type& type : graph.node(node).types) count += element_count(type.shape);
  return count;
}

// Results, then updates.
struct Outcome {
  std::vector<std::string> names;
  Arrays values;
  std::vector<std::vector<double>> bounds;  // empty where they are not known
};

Outcome outcome_of(const Graph& graph, const Arrays& inputs) {
  evaluate::EvaluateOptions options;
  options.round_to_declared = false;
  evaluate::Evaluation<double> values = evaluate::evaluate<double>(graph, inputs, options);
  Outcome outcome{{}, std::move(values.results), {}};
  for (const NamedValue& result : graph.results()) outcome.names.push_back(result.name);
  for (Array<double>& update : values.updates) outcome.values.push_back(std::move(update));
  for (const Update& update : graph.updates())
    outcome.names.push_back("update of " + graph.inputs()[update.input].name);
  return outcome;
}

// Throws Ambiguous where a jump is too near.
void add_bounds(Outcome& outcome, const Graph& graph, const Arrays& inputs) {
  std::vector<Array<Bounded>> lifted;
  for (const Array<double>& input : inputs) lifted.push_back(evaluate::lift<Bounded>(input));
  const evaluate::Evaluation<Bounded> bounded = evaluate::evaluate<Bounded>(graph, std::move(lifted));
  for (const auto* arrays : {&bounded.results, &bounded.updates})
    for (const Array<Bounded>& array : *arrays) {
      std::vector<double>& bounds = outcome.bounds.emplace_back();
      for (const Bounded& number : array.floats) bounds.push_back(number.error());
    }
}

std::string difference(const Outcome& a, const Outcome& b) {
  if (a.names != b.names) return "the results or updates are not the same";
  for (size_t k = 0; k < a.values.size(); ++k) {
    const Array<double>&before = a.values[k], &after = b.values[k];
    double largest = 1e-30;
    for (const double value : before.floats)
      if (std::isfinite(value)) largest = std::max(largest, std::abs(value));
    for (size_t i = 0; i < before.size(); ++i) {
      if (!before.holds_floats()) {
        if (before.integers[i] == after.integers[i]) continue;
        return fmt::format("{}[{}] was {} and became {}", a.names[k], i, before.integers[i],
                           after.integers[i]);
      }
      const double x = before.floats[i], y = after.floats[i];
      if (!std::isfinite(x)) continue;  // a pass may make a non-finite value finite
      double tolerance = 1e-9 * largest;
      for (const Outcome* side : {&a, &b})
        if (!side->bounds.empty()) tolerance += side->bounds[k][i];
      if (!(std::abs(x - y) <= tolerance))
        return fmt::format("{}[{}] was {} and became {} (tolerance {:.1e})", a.names[k], i, shown_number(x),
                           shown_number(y), tolerance);
    }
  }
  return {};
}

std::string compare_values(const Graph& before, const Graph& after, const Arrays& inputs) {
  Outcome a = outcome_of(before, inputs), b = outcome_of(after, inputs);
  if (std::string found = difference(a, b); found.empty()) return {};
  // Only then, because bounds cost more than values.
  PassContext context;
  add_bounds(a, differentiate(before, context), inputs);
  add_bounds(b, differentiate(after, context), inputs);
  return difference(a, b);
}

// A graph in which some values have become inputs, at the end of its list of inputs.
struct Opened {
  Graph graph;
  std::vector<Value> mapped;  // of `asked`
};

Opened open(const Graph& graph, const std::vector<Value>& to_inputs, const std::vector<Value>& asked) {
  GraphBuilder b(graph.name(), {.memoize = false});
  std::vector<std::vector<Value>> mapped(graph.size());
  for (const Input& input : graph.inputs())
    mapped[input.value.node] = {b.input(input.name, input.kind, graph.type(input.value))};
  std::vector<Value> opened;
  for (const Value value : to_inputs)
    opened.push_back(
        b.input(fmt::format("opened {} {}", value.node, value.result), InputKind::data, graph.type(value)));
  const std::vector<bool> live = live_nodes(graph);
  for (uint32_t i = 0; i < graph.size(); ++i) {
    const Node& node = graph.node(i);
    if (!live[i] || is_input(node)) continue;
    std::vector<Value> operands;
    for (const Value operand : node.operands) operands.push_back(mapped[operand.node][operand.result]);
    const Value made = b.again(node, std::move(operands));
    for (uint32_t r = 0; r < node.types.size(); ++r) mapped[i].push_back({made.node, r});
    for (size_t k = 0; k < to_inputs.size(); ++k)
      if (to_inputs[k].node == i) mapped[i][to_inputs[k].result] = opened[k];
  }
  const auto map = [&](Value value) { return mapped[value.node][value.result]; };
  for (const NamedValue& result : graph.results()) b.add_result(result.name, map(result.value));
  for (const Update& update : graph.updates()) b.add_update(update.input, map(update.value));
  Opened result;
  for (const Value value : asked) {
    result.mapped.push_back(map(value));
    b.add_result(fmt::format("asked {}", result.mapped.size()), map(value));
  }
  result.graph = std::move(b).finish();
  return result;
}

struct FoundGradient {
  Value x;  // in the graph whose gradient nodes have become inputs
  Array<double> x_value;
  Array<double> gradient;
};

// The derivative of y along seeded directions, by the gradients found and by dual numbers.
std::string compare_directions(const Graph& graph, Value y, const std::vector<FoundGradient>& found,
                               const Arrays& inputs, const std::string& name) {
  Arrays all = inputs;
  std::vector<Value> to_inputs;
  std::vector<uint32_t> variables;
  std::vector<double> gradient;
  for (const FoundGradient& one : found) {
    if (is_input(graph.node(one.x))) {
      variables.push_back(static_cast<uint32_t>(graph.node(one.x).attributes.integer("index")));
    } else {
      variables.push_back(static_cast<uint32_t>(all.size()));
      to_inputs.push_back(one.x);
      all.push_back(one.x_value);
    }
    gradient.insert(gradient.end(), one.gradient.floats.begin(), one.gradient.floats.end());
  }
  const Opened function = open(graph, to_inputs, {y});
  evaluate::ScalarFunction scalar(function.graph, function.mapped[0], std::move(all), variables);
  for (int64_t seed = 1; seed <= directions; ++seed) {
    const std::vector<double> direction = evaluate::seeded_direction(scalar.size(), seed);
    const double expected = scalar.dual_along(direction);
    double along = 0, square = 0;
    for (size_t i = 0; i < direction.size(); ++i) {
      const double term = direction[i] * gradient[i];
      along += term;
      square += term * term;
    }
    if (std::isfinite(expected) &&
        !(std::abs(expected - along) <= 1e-6 * (std::sqrt(square) + std::abs(expected)) + 1e-30))
      return fmt::format("{} along direction {} is {}, by dual numbers {}", name, seed, along, expected);
  }
  return {};
}

bool depends_on_any(const Graph& graph, Value y, const std::vector<uint32_t>& nodes) {
  const std::vector<bool> needed = needed_by(graph, marked(graph, y));
  return std::any_of(nodes.begin(), nodes.end(), [&](uint32_t n) { return needed[n]; });
}

std::string compare_expansion(const Graph& before, const Graph& after,
                              Graph (*pass)(const Graph&, PassContext&)) {
  const Arrays inputs = sample_inputs(before);
  const std::vector<uint32_t> nodes = gradient_nodes(before);
  std::vector<Value> gradients, asked;
  for (const uint32_t index : nodes) {
    const Node& node = before.node(index);
    for (uint32_t r = 0; r < node.types.size(); ++r) gradients.push_back({index, r});
    asked.insert(asked.end(), node.operands.begin(), node.operands.end());
  }
  // The pass once more, with the gradients as results.
  PassContext context;
  const Opened extended = open(before, {}, gradients);
  const Outcome expanded = outcome_of(pass(extended.graph, context), inputs);
  const size_t results = before.results().size();
  Arrays given = inputs, found;
  for (size_t k = 0; k < gradients.size(); ++k) found.push_back(expanded.values[results + k]);
  given.insert(given.end(), found.begin(), found.end());

  // Everything but the gradients, given the gradients; then each gradient.
  const Opened rest = open(before, gradients, asked);
  Outcome expected = outcome_of(rest.graph, given);
  Arrays asked_values(expected.values.begin() + static_cast<std::ptrdiff_t>(results),
                      expected.values.begin() + static_cast<std::ptrdiff_t>(results + asked.size()));
  expected.values.erase(expected.values.begin() + static_cast<std::ptrdiff_t>(results),
                        expected.values.begin() + static_cast<std::ptrdiff_t>(results + asked.size()));
  expected.names.erase(expected.names.begin() + static_cast<std::ptrdiff_t>(results),
                       expected.names.begin() + static_cast<std::ptrdiff_t>(results + asked.size()));
  if (std::string text = difference(expected, outcome_of(after, inputs)); !text.empty()) return text;

  size_t at = 0, number = 0;
  for (const uint32_t index : nodes) {
    const Node& node = before.node(index);
    // Inputs move together; a value in between moves alone, because others may depend on it.
    std::vector<std::vector<FoundGradient>> groups(1);
    for (size_t k = 1; k < node.operands.size(); ++k, ++number) {
      const bool of_input = is_input(before.node(node.operands[k]));
      if (!of_input) groups.emplace_back();
      (of_input ? groups.front() : groups.back())
          .push_back({rest.mapped[at + k], asked_values[at + k], found[number]});
    }
    // The gradient of a gradient would need the inner one as a function, not as a number.
    const bool nested = depends_on_any(before, node.operands[0], nodes);
    for (const std::vector<FoundGradient>& group : groups)
      if (!group.empty() && !nested)
        if (std::string text = compare_directions(rest.graph, rest.mapped[at], group, given,
                                                  fmt::format("the gradient %{}", node.id));
            !text.empty())
          return text;
    at += node.operands.size();
  }
  return {};
}

// Elements of all values: the check at the ends costs some forty times as much as their evaluation.
int64_t elements_of(const Graph& graph) {
  int64_t count = 0;
  for (uint32_t i = 0; i < graph.size(); ++i)
    for (const Type& type : graph.node(i).types) count += element_count(type.shape);
  return count;
}

std::string compare_at_ends(const Graph& before, const Graph& after,
                            Graph (*pass)(const Graph&, PassContext&)) {
  constexpr int64_t most_elements = 20'000;
  constexpr size_t rounds = 4;
  const bool expands = !gradient_nodes(before).empty() && gradient_nodes(after).empty();
  if (expands || elements_of(before) > most_elements) return {};
  PassContext context;
  const Graph reference = differentiate(before, context), changed = differentiate(after, context);
  for (size_t round = 1; round <= rounds; ++round) {
    try {
      PassPromise promise(reference, inputs_at_ends(before, sample_inputs(before), round));
      const bool stabilizes = pass == stabilize;
      if (stabilizes && promise.compares_infinities()) continue;
      const std::string broken = promise.broken_by(
          changed, stabilizes ? PassPromise::Strength::stabilized : PassPromise::Strength::ieee);
      if (!broken.empty()) return broken + " at the ends of the range";
    } catch (const evaluate::Ambiguous&) {
    }
  }
  return {};
}

std::string compare_ordinary(const Graph& before, const Graph& after,
                             Graph (*pass)(const Graph&, PassContext&)) {
  try {
    if (gradient_elements(before) <= most_gradient_elements &&
        gradient_elements(after) <= most_gradient_elements) {
      try {
        return compare_values(before, after, sample_inputs(before));
      } catch (const evaluate::NotAvailable&) {
        // Gradients nested deeper than the interpreter's: their expansions are compared.
      }
    }
    if (pass && gradient_nodes(after).empty()) return compare_expansion(before, after, pass);
    PassContext context;
    return compare_values(differentiate(before, context), differentiate(after, context),
                          sample_inputs(before));
  } catch (const evaluate::Ambiguous&) {
    return {};  // these inputs lie on a jump
  }
}

}  // namespace

std::string compare_numerically(const Graph& before, const Graph& after,
                                Graph (*pass)(const Graph&, PassContext&)) {
  std::string found = compare_ordinary(before, after, pass);
  return found.empty() ? compare_at_ends(before, after, pass) : found;
}

}  // namespace gradus
