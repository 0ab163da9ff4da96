#include "frontend/driver/compile/pass_promise.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "ir/dependence.h"
#include "ir/op.h"
#include "ir/shown_text.h"

namespace gradus {

namespace {

using evaluate::Array;
using evaluate::Bounded;

std::vector<Array<Bounded>> lifted(const PassPromise::Arrays& inputs) {
  std::vector<Array<Bounded>> result;
  for (const Array<double>& input : inputs) result.push_back(evaluate::lift<Bounded>(input));
  return result;
}

// Of numbers that are not both finite.
bool same_class(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

bool has_derivatives(const Graph& body) {
  for (uint32_t i = 0; i < body.size(); ++i)
    if (body.node(i).derivative || (body.node(i).body && has_derivatives(*body.node(i).body))) return true;
  return false;
}

// Of rounding alone such a number may overflow its type.
bool may_overflow(double number, double bound, ElementType element) {
  const double most = element == ElementType::f16   ? 65504
                      : size_in_bytes(element) <= 4 ? std::numeric_limits<float>::max()
                                                    : std::numeric_limits<double>::max();
  return std::fabs(number) + bound > most;
}

// Results, then updates.
template <class T>
std::vector<Array<T>> joined(evaluate::Evaluation<T> evaluation) {
  for (Array<T>& update : evaluation.updates) evaluation.results.push_back(std::move(update));
  return std::move(evaluation.results);
}

std::vector<NamedValue> outcomes(const Graph& graph) {
  std::vector<NamedValue> all = graph.results();
  for (const Update& update : graph.updates())
    all.push_back({"update of " + graph.inputs()[update.input].name, update.value});
  return all;
}

}  // namespace

bool depends_on_derivatives(const Graph& graph, Value result) {
  const std::vector<bool> needed = needed_by(graph, marked(graph, result));
  for (uint32_t i = 0; i <= result.node; ++i) {
    const Node& node = graph.node(i);
    if (needed[i] && (node.derivative || (node.body && has_derivatives(*node.body)))) return true;
  }
  return false;
}

PassPromise::PassPromise(const Graph& reference, Arrays inputs)
    : reference_(reference), inputs_(std::move(inputs)), expected_(numbers_of(reference)) {
  for (const NamedValue& result : outcomes(reference))
    by_user_.push_back(!depends_on_derivatives(reference, result.value));
  find_poles();
}

PassPromise::Arrays PassPromise::evaluated(const Graph& graph, bool round_to_declared) const {
  evaluate::EvaluateOptions options;
  options.round_to_declared = round_to_declared;
  return joined(evaluate::evaluate<double>(graph, inputs_, options));
}

PassPromise::Numbers PassPromise::numbers_of(const Graph& graph) const {
  const auto bounded = joined(evaluate::evaluate<Bounded>(graph, lifted(inputs_)));
  const Arrays rounded = evaluated(graph), precise = evaluated(graph, false);
  Numbers numbers(rounded.size());
  for (size_t r = 0; r < rounded.size(); ++r)
    for (size_t i = 0; i < rounded[r].floats.size(); ++i) {
      const double number = rounded[r].floats[i], bound = bounded[r].floats[i].error();
      const bool says_nothing = std::isfinite(number) && may_overflow(number, bound, rounded[r].type.element);
      numbers[r].push_back(
          {number, precise[r].floats[i], says_nothing ? std::numeric_limits<double>::infinity() : bound});
    }
  return numbers;
}

// What is divided by a number that is 0 by chance is infinite by chance.
void PassPromise::find_poles() {
  for (const auto& results : evaluate::evaluate_nodes<Bounded>(reference_, lifted(inputs_)))
    for (const Array<Bounded>& array : results)
      for (const Bounded& number : array.floats)
        pole_ = pole_ || (number.error() > 0 && std::isfinite(number.value) &&
                          std::fabs(number.value) <= number.error());
}

bool PassPromise::compares_infinities() const {
  const auto values = evaluate::evaluate_nodes<double>(reference_, inputs_);
  for (uint32_t i = 0; i < reference_.size(); ++i) {
    if (values[i].empty() || !reference_.node(i).op->traits.compares) continue;
    for (const Value operand : reference_.node(i).operands)
      for (const double number : values[operand.node][operand.result].floats)
        if (!std::isfinite(number)) return true;
  }
  return false;
}

bool PassPromise::says_something(const Number& expected, Strength strength) const {
  if (std::isfinite(expected.value)) return std::isfinite(expected.bound);
  return strength != Strength::keeps_finite && !pole_ && same_class(expected.value, expected.precise);
}

bool PassPromise::agrees(double number, const Number& expected, double bound, Strength strength) const {
  if (!says_something(expected, strength)) return true;
  if (!std::isfinite(expected.value)) {
    const bool stabilized =
        strength == Strength::stabilized && (std::isnan(expected.value) || std::isfinite(number));
    return stabilized || same_class(number, expected.value);
  }
  // The evaluator's own rounding, and what is lost below the normal numbers of f32.
  const double floor = 1e-13 * std::fabs(expected.value) + 1e-37;
  const double tolerance = 2 * (expected.bound + bound) + floor;
  return std::isfinite(number) && (!std::isfinite(bound) || std::fabs(number - expected.value) <= tolerance ||
                                   std::fabs(number - expected.precise) <= tolerance);
}

std::string PassPromise::broken_by(const Graph& after, Strength strength) {
  return broken_by(after, evaluated(after), strength);
}

std::string PassPromise::broken_by(const Graph& after, const Arrays& found, Strength strength) {
  const Numbers own = numbers_of(after);
  const std::vector<NamedValue> names = outcomes(after);
  for (size_t r = 0; r < found.size(); ++r) {
    const Strength held = by_user_[r] ? strength : Strength::keeps_finite;
    for (size_t i = 0; i < found[r].floats.size(); ++i) {
      const Number& expected = expected_[r][i];
      const double number = found[r].floats[i], bound = own[r][i].bound;
      ++elements_;
      compared_ += says_something(expected, held);
      if (!agrees(number, expected, bound, held))
        return fmt::format("{}[{}] was {} and became {} (tolerance {:.1e})", names[r].name, i,
                           shown_number(expected.value), shown_number(number), 2 * (expected.bound + bound));
    }
  }
  return {};
}

}  // namespace gradus
