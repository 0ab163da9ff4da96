#include "ir/ops/elementwise.h"

#include <fmt/format.h>

#include "ir/build.h"
#include "ir/ops/check.h"
#include "ir/sign.h"

namespace gradus::ops {

std::vector<Type> infer_float(const OpUse& use) {
  for (size_t i = 0; i < use.operands.size(); ++i) check_float(use, i);
  check_same_types(use);
  return {Type(use.operands[0].element, use.operands[0].shape)};
}

std::vector<Type> infer_number(const OpUse& use) {
  if (use.operands[0].element == ElementType::boolean)
    shape_error(use, fmt::format("operand 0 is {}, expected numbers", to_string(use.operands[0])),
                "convert it with cast");
  check_same_types(use);
  return {Type(use.operands[0].element, use.operands[0].shape)};
}

std::vector<Type> infer_comparison(const OpUse& use) {
  check_same_types(use);
  return {Type(ElementType::boolean, use.operands[0].shape)};
}

std::vector<Type> infer_logical(const OpUse& use) {
  if (is_float(use.operands[0].element))
    shape_error(use, fmt::format("operand 0 is {}, expected bool or integers", to_string(use.operands[0])),
                "make it with a comparison");
  check_same_types(use);
  return {Type(use.operands[0].element, use.operands[0].shape)};
}

std::vector<Type> infer_integer(const OpUse& use) {
  for (size_t i = 0; i < use.operands.size(); ++i) check_integer(use, i);
  check_same_types(use);
  return {Type(use.operands[0].element, use.operands[0].shape)};
}

ScalarRule scalar_of(loop::ScalarOp op) {
  return [op](std::span<const loop::Expression> arguments, const Attributes&) {
    return loop::make(op, {arguments.begin(), arguments.end()});
  };
}

Value number_like_result(const GradientUse& use, double value) {
  return build::constant(use.builder, use.builder.type(use.result()), value);
}

Value slope_unless_at_rest(const GradientUse& use, Value at,
                           const std::function<Value(const GradientUse&, Value)>& slope) {
  GraphBuilder& b = use.builder;
  if (!rests_at_zero(b.graph(), use.node)) return slope(use, at);
  const Value zero = number_like_result(use, 0);
  const Value at_zero = build::binary(b, OpId::equal, at, zero);
  const Value elsewhere = build::select(b, at_zero, number_like_result(use, 1), at);
  return build::select(b, at_zero, zero, slope(use, elsewhere));
}

Value indicator(const GradientUse& use, OpId comparison, Value a, Value b) {
  return build::select(use.builder, build::binary(use.builder, comparison, a, b), number_like_result(use, 1),
                       number_like_result(use, 0));
}

}  // namespace gradus::ops
