#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "codegen/lower/lower.h"
#include "ir/op.h"
#include "ir/text/print.h"
#include "passes/pipeline.h"
#include "tests/property/formulas.h"
#include "tests/support/run_compiled.h"

namespace gradus::testing {

namespace {

using evaluate::Array;
using evaluate::Bounded;
using Arrays = std::vector<Array<double>>;

struct Number {
  double value = 0;    // in arithmetic of the declared types
  double precise = 0;  // in double
  double bound = 0;    // of what rounding does; not finite where it says nothing
};
using Reference = std::vector<std::vector<Number>>;  // per result and element

enum class Promise {
  ieee,          // the same number, infinity or NaN
  keeps_finite,  // what is finite stays so
};

bool looks_at_numbers(const Node& node) {
  static const std::set<std::string_view> ops = {
      "equal", "not_equal", "less", "greater", "less_equal", "max", "greater_equal", "maximum", "is_finite"};
  return ops.count(node.op->name) > 0;
}

class FormulaCheck {
 public:
  explicit FormulaCheck(const RandomGraph& formula) : graph_(formula.graph), inputs_(formula.inputs) {}

  FormulaVerdict run() {
    try {
      PassContext context;
      raw_ = differentiate(graph_, context);
      reference_ = reference_of(raw_);
      pole_ = pole_within_rounding();
      walk({"simplify", "differentiate", "simplify", "hoist", "simplify"}, Promise::ieee);
      // A branch taken by a number that is not finite may be another once the number is.
      if (!jumps_at_infinity())
        walk({"simplify", "stabilize", "differentiate", "simplify", "stabilize", "simplify", "hoist",
              "simplify"},
             Promise::keeps_finite);
    } catch (const evaluate::Ambiguous&) {
      verdict_.skipped = true;
    } catch (const std::exception& failed) {
      verdict_.failure = failed.what();
    }
    return verdict_;
  }

 private:
  Arrays evaluated(const Graph& graph, bool round_to_declared = true) const {
    return evaluate::evaluate<double>(graph, inputs_, {.round_to_declared = round_to_declared}).results;
  }

  Reference reference_of(const Graph& graph) const {
    const auto bounded = evaluate::evaluate<Bounded>(graph, lifted()).results;
    const Arrays rounded = evaluated(graph), precise = evaluated(graph, false);
    Reference reference(rounded.size());
    for (size_t r = 0; r < rounded.size(); ++r)
      for (size_t i = 0; i < rounded[r].size(); ++i)
        reference[r].push_back({rounded[r].floats[i], precise[r].floats[i], bounded[r].floats[i].error()});
    return reference;
  }

  bool jumps_at_infinity() const {
    const auto values = evaluate::evaluate_nodes<double>(raw_, inputs_);
    for (uint32_t i = 0; i < raw_.size(); ++i)
      if (!values[i].empty() && looks_at_numbers(raw_.node(i)))
        for (Value operand : raw_.node(i).operands)
          for (const double number : values[operand.node][operand.result].floats)
            if (!std::isfinite(number)) return true;
    return false;
  }

  std::vector<Array<Bounded>> lifted() const {
    std::vector<Array<Bounded>> inputs;
    for (const Array<double>& input : inputs_) inputs.push_back(evaluate::lift<Bounded>(input));
    return inputs;
  }

  // Whether some number is 0 only by how it was rounded: what is divided by it is infinite by chance.
  bool pole_within_rounding() const {
    const auto values = evaluate::evaluate_nodes<Bounded>(raw_, lifted());
    for (const auto& results : values)
      for (const Array<Bounded>& array : results)
        for (const Bounded& number : array.floats)
          if (number.error() > 0 && std::fabs(number.value) <= number.error() && std::isfinite(number.value))
            return true;
    return false;
  }

  void walk(const std::vector<std::string_view>& names, Promise promise) {
    PassContext context;
    Graph graph = graph_;
    for (const std::string_view name : names) {
      Graph next = find_pass(name)->run(graph, context);
      if (!same_structure(next, graph) && !has_gradient(next))
        compare(fmt::format("after {}", name), next, evaluated(next), promise);
      graph = std::move(next);
    }
    for (const std::string_view name : passes_to(Stage::kernels))
      graph = find_pass(name)->run(graph, context);
    const Target target = host();
    const loop::Program program = lower(graph, target);
    compare("compiled", graph,
            run_compiled(compile(program, target), program.workspace_bytes, graph, inputs_).results, promise);
  }

  static bool has_gradient(const Graph& graph) {
    for (uint32_t i = 0; i < graph.size(); ++i)
      if (graph.node(i).op->name == "gradient") return true;
    return false;
  }

  void compare(const std::string& what, const Graph& graph, const Arrays& found, Promise promise) {
    const Reference own = reference_of(graph);
    for (size_t r = 0; r < found.size(); ++r) {
      const Promise held = graph.results()[r].name == "y" ? promise : Promise::keeps_finite;
      for (size_t i = 0; i < found[r].size(); ++i) {
        const Number& expected = reference_[r][i];
        const double number = found[r].floats[i];
        ++verdict_.elements;
        verdict_.compared += says_something(expected, own[r][i].bound, held);
        if (!agrees(number, expected, own[r][i].bound, held))
          throw std::runtime_error(fmt::format(
              "{}: {}[{}] is {}, expected {} (in double {}), bound {}\n{}", what, graph.results()[r].name, i,
              number, expected.value, expected.precise, expected.bound, print(graph, {.origins = false})));
      }
    }
  }

  // Of numbers that are not both finite.
  static bool same_class(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

  bool says_something(const Number& expected, double own_bound, Promise promise) const {
    if (std::isfinite(expected.value)) return std::isfinite(expected.bound + own_bound);
    return promise == Promise::ieee && !pole_ && same_class(expected.value, expected.precise);
  }

  bool agrees(double number, const Number& expected, double own_bound, Promise promise) const {
    if (!says_something(expected, own_bound, promise)) return true;
    if (!std::isfinite(expected.value)) return same_class(number, expected.value);
    const double floor = 1e-13 * std::fabs(expected.value) + 1e-37;
    const double tolerance = 2 * (expected.bound + own_bound) + floor;
    return std::isfinite(number) && (std::fabs(number - expected.value) <= tolerance ||
                                     std::fabs(number - expected.precise) <= tolerance);
  }

  const Graph& graph_;
  const Arrays& inputs_;
  Graph raw_;
  Reference reference_;
  bool pole_ = false;
  FormulaVerdict verdict_;
};

}  // namespace

FormulaVerdict check_formula(const RandomGraph& formula) { return FormulaCheck(formula).run(); }

}  // namespace gradus::testing
