// How the records of elementwise ops are put together.
#pragma once

#include "ir/op.h"

namespace gradus::ops {

using Partial = std::function<Value(const GradientUse&)>;

constexpr Traits elementwise(Traits traits = {}) {
  traits.access = Access::elementwise;
  return traits;
}

std::vector<Type> infer_float(const OpUse& use);       // equal float types
std::vector<Type> infer_number(const OpUse& use);      // equal float or integer types
std::vector<Type> infer_comparison(const OpUse& use);  // equal types; bool
std::vector<Type> infer_logical(const OpUse& use);     // equal bool or integer types
std::vector<Type> infer_integer(const OpUse& use);     // equal integer types

// The meaning that is one scalar operation.
ScalarRule scalar_of(loop::ScalarOp op);

// A constant of the result's type.
Value number_like_result(const GradientUse& use, double value);
// The slope by operand 0 of a root: slope(use, at), `at` being 0 where the operand is; but 0 there if the
// root rests at 0 (ir/sign.h). Otherwise 0 · ∞ would make the gradient of a length, of a deviation, of any
// √(x²) NaN at 0.
Value slope_unless_at_rest(const GradientUse& use, Value at,
                           const std::function<Value(const GradientUse&, Value)>& slope);
// 1 where the comparison holds, else 0, in the result's type.
Value indicator(const GradientUse& use, OpId comparison, Value a, Value b);

}  // namespace gradus::ops
