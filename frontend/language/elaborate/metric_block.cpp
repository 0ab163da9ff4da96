// `finally { … }` and `every epoch { … }`: arithmetic on named scalars, evaluated when they are known.
#include <fmt/format.h>

#include <cmath>
#include <map>
#include <numbers>

#include "frontend/language/elaborate.h"
#include "frontend/language/elaborate/known_math.h"
#include "frontend/language/elaborate/unit.h"
#include "frontend/language/print.h"
#include "ir/shown_text.h"

namespace gradus::language {

namespace {

class MetricEvaluator {
 public:
  explicit MetricEvaluator(const MetricLookup& lookup) : lookup_(lookup) {}

  double number(const Expression& expression) const {
    if (const auto* literal = expression.as<Number>()) return literal->value;
    if (const auto* boolean = expression.as<Boolean>()) return boolean->value ? 1 : 0;
    if (const auto* name = expression.as<Name>()) return named(name->text, expression.span);
    if (const auto* member = expression.as<Member>())
      if (const auto* base = member->base->as<Name>())
        return named(base->text + "." + member->name.text, expression.span);
    if (const auto* group = expression.as<Parentheses>()) return number(*group->inner);
    if (const auto* unary = expression.as<Unary>()) {
      const double x = number(*unary->operand);
      return unary->op == UnaryOperator::negate ? -x : (x == 0 ? 1 : 0);
    }
    if (const auto* binary = expression.as<Binary>()) return apply(*binary, expression.span);
    if (const auto* call = expression.as<Call>()) {
      const auto* name = call->callee->as<Name>();
      if (name && call->arguments.size() == 1 && !call->arguments[0].value.is_range &&
          !call->arguments[0].name)
        if (const auto value = known_function(name->text, number(*call->arguments[0].value.first)))
          return *value;
    }
    fail_program("only arithmetic on metrics stands here", expression.span,
                 "for example: expect validation.accuracy > 0.9");
  }

  double apply(const Binary& binary, const SourceSpan& span) const {
    const double a = number(*binary.left);
    const double b = number(*binary.right);
    switch (binary.op) {
      case BinaryOperator::logical_or:
        return a != 0 || b != 0;
      case BinaryOperator::logical_and:
        return a != 0 && b != 0;
      case BinaryOperator::equal:
        return near(a, b, 1e-9);
      case BinaryOperator::not_equal:
        return !near(a, b, 1e-9);
      case BinaryOperator::less:
        return a < b;
      case BinaryOperator::less_equal:
        return a <= b;
      case BinaryOperator::greater:
        return a > b;
      case BinaryOperator::greater_equal:
        return a >= b;
      default:
        break;
    }
    if (const std::optional<double> result = known_operator(binary.op, a, b)) return *result;
    fail_program("`@` does not apply to metrics", span);
  }

  static bool near(double a, double b, double tolerance) {
    return a == b || std::abs(a - b) <= tolerance * std::max(1.0, std::abs(b));
  }

 private:
  double named(const std::string& name, const SourceSpan& span) const {
    if (const std::optional<double> value = lookup_(name)) return *value;
    if (name == "pi") return std::numbers::pi;
    if (name == "infinity") return INFINITY;
    fail_program(fmt::format("there is no metric `{}`", name), span,
                 "metrics are train.…, validation.… and test.… of the block's loss and metrics");
  }

  const MetricLookup& lookup_;
};

MetricOutcome run_expect(const Expect& expect, const MetricEvaluator& evaluator) {
  MetricOutcome outcome;
  outcome.expectation = true;
  outcome.text = print(*expect.condition);
  const auto* binary = expect.condition->as<Binary>();
  if (expect.about || (binary && binary->op == BinaryOperator::equal)) {
    const double found = evaluator.number(expect.about ? *expect.condition : *binary->left);
    const double expected = evaluator.number(expect.about ? *expect.about : *binary->right);
    double tolerance = expect.within ? evaluator.number(*expect.within) : 1e-9;
    if (expect.about && !expect.within) {
      const auto* written = expect.about->as<Number>();
      const size_t point = written ? written->text.find('.') : std::string::npos;
      const size_t decimals = point == std::string::npos ? 0 : written->text.size() - point - 1;
      tolerance = 0.5 * std::pow(10.0, -static_cast<double>(decimals));
      outcome.holds = std::abs(found - expected) <= tolerance * (1 + 1e-9);
    } else {
      outcome.holds = MetricEvaluator::near(found, expected, tolerance);
    }
    if (expect.about) outcome.text += " about " + print(*expect.about);
    outcome.text +=
        fmt::format(": found {:.9g}, expected {:.9g}", unsigned_nan(found), unsigned_nan(expected));
    return outcome;
  }
  outcome.holds = evaluator.number(*expect.condition) != 0;
  if (binary && binary->op >= BinaryOperator::equal && binary->op <= BinaryOperator::greater_equal)
    outcome.text += fmt::format(": found {:.9g} and {:.9g}", unsigned_nan(evaluator.number(*binary->left)),
                                unsigned_nan(evaluator.number(*binary->right)));
  return outcome;
}

}  // namespace

MetricOutcome evaluate_metrics(const MetricLine& line, const MetricLookup& lookup) {
  const auto& statement = *static_cast<const Statement*>(line.statement.get());
  const MetricEvaluator evaluator(lookup);
  MetricOutcome outcome;
  if (const auto* expect = statement.as<Expect>()) outcome = run_expect(*expect, evaluator);
  if (const auto* print_line = statement.as<Print>())
    for (const ExpressionPointer& value : print_line->values) {
      if (!outcome.text.empty()) outcome.text += "  ";
      if (const auto* text = value->as<String>())
        outcome.text += text->value;
      else
        outcome.text += fmt::format("{} = {:.6g}", print(*value), unsigned_nan(evaluator.number(*value)));
    }
  outcome.span = line.span;
  return outcome;
}

}  // namespace gradus::language
