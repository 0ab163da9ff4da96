// Constant folding: rounds in the declared type, with the operations that every target rounds alike.
#include <cmath>
#include <functional>

#include "ir/op.h"
#include "passes/simplify_rules.h"

namespace gradus::simplify_rules {

namespace {

// minimum and maximum as compiled code has them: NaN wins, a tie keeps the first.
double extreme(double a, double b, bool largest) {
  if (std::isnan(a) || std::isnan(b)) return std::nan("");
  return (largest ? a >= b : a <= b) ? a : b;
}

std::optional<double> fold(std::string_view op, const std::vector<double>& x) {
  if (x.size() == 1) {
    if (op == "neg") return -x[0];
    if (op == "abs") return std::abs(x[0]);
    if (op == "sqrt") return std::sqrt(x[0]);
    if (op == "floor") return std::floor(x[0]);
    if (op == "ceil") return std::ceil(x[0]);
    return std::nullopt;
  }
  if (x.size() != 2) return std::nullopt;
  if (op == "add") return x[0] + x[1];
  if (op == "sub") return x[0] - x[1];
  if (op == "mul") return x[0] * x[1];
  if (op == "div") return x[0] / x[1];
  if (op == "maximum") return extreme(x[0], x[1], true);
  if (op == "minimum") return extreme(x[0], x[1], false);
  if (op == "equal") return x[0] == x[1];
  if (op == "not_equal") return x[0] != x[1];
  if (op == "less") return x[0] < x[1];
  if (op == "less_equal") return x[0] <= x[1];
  if (op == "greater") return x[0] > x[1];
  if (op == "greater_equal") return x[0] >= x[1];
  return std::nullopt;
}

}  // namespace

// f32: the four operations and sqrt in double, rounded once more, are correctly rounded f32 (Figueroa, 1995).
Value fold_constants(Peephole& p, std::string_view op, const std::vector<Value>& operands,
                     const Attributes& attributes) {
  if (operands.empty() || op_named(op).family != OpFamily::elementwise) return {};
  const Type type = p.type(operands[0]);
  std::vector<double> numbers;
  for (Value operand : operands) {
    const std::optional<double> number = p.splat(operand);
    if (!number) return {};
    numbers.push_back(*number);
  }
  if (op == "cast") {
    const ElementType to = attributes.element_type("to");
    const bool exact = is_float(to) || numbers[0] == std::floor(numbers[0]);
    if (!exact || to == ElementType::bf16 || to == ElementType::f16 || std::abs(numbers[0]) > 1e9) return {};
    return build::constant(p.builder(), Type(to, type.shape),
                           to == ElementType::boolean ? numbers[0] != 0 : numbers[0]);
  }
  if (type.element != ElementType::f32 && type.element != ElementType::f64) return {};
  const std::optional<double> folded = fold(op, numbers);
  if (!folded) return {};
  const bool comparison = op.find("equal") != op.npos || op == "less" || op == "greater";
  const Type result = comparison ? Type(ElementType::boolean, type.shape) : type;
  return build::constant(p.builder(), result, *folded);
}

}  // namespace gradus::simplify_rules
