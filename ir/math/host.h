// Scalar functions on the host with the bits of compiled code (on targets with fused multiply-add).
#pragma once

#include <span>

#include "ir/loop/expression.h"
#include "ir/type.h"

namespace gradus::math {

// Operations from floats to floats of the same type: rounds in `type` (f32 or f64; operands must be values of
// that type). Not for comparisons, select, casts and random_bits.
double apply(loop::ScalarOp op, ElementType type, std::span<const double> operands);

}  // namespace gradus::math
