// Constant folding: the op's scalar meaning (ir/op.h), every operation rounded in its declared type. Only
// operations that every target rounds alike are folded, so that the bits are those of compiled code.
#include <algorithm>

#include "ir/evaluate/scalar.h"
#include "ir/op.h"
#include "passes/simplify_rules.h"

namespace gradus::simplify_rules {

namespace {

using evaluate::Scalar;
using loop::Expression;
using loop::ScalarOp;

// IEEE 754 says what their bits are; functions (exp to sigmoid, power, atan2, remainder) are left to the
// program.
bool is_exactly_rounded(ScalarOp op) {
  const bool function = (op >= ScalarOp::exp && op <= ScalarOp::sigmoid) || op == ScalarOp::power ||
                        op == ScalarOp::atan2 || op == ScalarOp::remainder;
  return !function && op != ScalarOp::multiply_add && op != ScalarOp::random_bits;
}

// f32 and shorter: an operation in double, rounded once more, is correctly rounded (Figueroa, 1995).
std::optional<Scalar<double>> fold(const Expression& expression,
                                   const std::vector<Scalar<double>>& arguments) {
  if (expression->op == ScalarOp::argument) return arguments[static_cast<size_t>(expression->integer)];
  const bool floats = is_float(expression->type) ||
                      std::any_of(expression->operands.begin(), expression->operands.end(),
                                  [](const Expression& operand) { return is_float(operand->type); });
  if (floats && !is_exactly_rounded(expression->op)) return std::nullopt;
  std::vector<Scalar<double>> operands;
  for (const Expression& operand : expression->operands) {
    const auto folded = fold(operand, arguments);
    if (!folded) return std::nullopt;
    operands.push_back(*folded);
  }
  std::vector<const Scalar<double>*> pointers;
  for (const Scalar<double>& operand : operands) pointers.push_back(&operand);
  Scalar<double> result = evaluate::apply(*expression, pointers.data());
  result.number = evaluate::round_number(expression->type, result.number);
  return result;
}

}  // namespace

Value fold_constants(Peephole& p, OpId op, const std::vector<Value>& operands, const Attributes& attributes) {
  const Op& record = op_of(op);
  if (operands.empty() || record.family != OpFamily::elementwise) return {};
  std::vector<Scalar<double>> arguments;
  std::vector<Expression> placeholders;
  for (Value operand : operands) {
    const AttributeValue* number = p.known(operand);
    if (!number) return {};
    const ElementType element = p.type(operand).element;
    placeholders.push_back(loop::argument(element, static_cast<int>(arguments.size())));
    if (is_float(element))
      arguments.push_back({std::get<double>(*number), 0});
    else
      arguments.push_back({0, std::get<int64_t>(*number)});
  }
  const Expression meaning = record.scalar(placeholders, attributes);
  const std::optional<Scalar<double>> result = fold(meaning, arguments);
  if (!result) return {};
  const Type type(meaning->type, p.type(operands[0]).shape);
  return is_float(type.element) ? build::constant(p.builder(), type, result->number)
                                : build::constant_integer(p.builder(), type, result->integer);
}

}  // namespace gradus::simplify_rules
