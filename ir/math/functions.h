// All scalar functions of loop IR on floats, by their ScalarOp.
#pragma once

#include <limits>
#include <span>
#include <string>

#include "ir/error.h"
#include "ir/loop/expression.h"
#include "ir/math/error_function.h"
#include "ir/math/exponential.h"
#include "ir/math/inverse_trigonometric.h"
#include "ir/math/logarithm.h"
#include "ir/math/power.h"
#include "ir/math/trigonometric.h"

namespace gradus::math {

// Operations that take and give floats of one type; comparisons, select and casts are the caller's.
template <class N>
N apply(loop::ScalarOp op, std::span<const N> x) {
  using loop::ScalarOp;
  switch (op) {
    case ScalarOp::negate:
      return -x[0];
    case ScalarOp::absolute:
      return absolute(x[0]);
    case ScalarOp::sign:
      return sign(x[0]);
    case ScalarOp::floor:
      return floor(x[0]);
    case ScalarOp::ceil:
      return ceil(x[0]);
    case ScalarOp::round:
      return round_even(x[0]);
    case ScalarOp::sqrt:
      return sqrt(x[0]);
    case ScalarOp::exp:
      return exp(x[0]);
    case ScalarOp::expm1:
      return expm1(x[0]);
    case ScalarOp::log:
      return log(x[0]);
    case ScalarOp::log1p:
      return log1p(x[0]);
    case ScalarOp::cbrt:
      return cbrt(x[0]);
    case ScalarOp::sin:
      return sin(x[0]);
    case ScalarOp::cos:
      return cos(x[0]);
    case ScalarOp::tan:
      return tan(x[0]);
    case ScalarOp::asin:
      return asin(x[0]);
    case ScalarOp::acos:
      return acos(x[0]);
    case ScalarOp::atan:
      return atan(x[0]);
    case ScalarOp::sinh:
      return sinh(x[0]);
    case ScalarOp::cosh:
      return cosh(x[0]);
    case ScalarOp::tanh:
      return tanh(x[0]);
    case ScalarOp::erf:
      return erf(x[0]);
    case ScalarOp::sigmoid:
      return sigmoid(x[0]);
    case ScalarOp::add:
      return x[0] + x[1];
    case ScalarOp::subtract:
      return x[0] - x[1];
    case ScalarOp::multiply:
      return x[0] * x[1];
    case ScalarOp::divide:
      return x[0] / x[1];
    case ScalarOp::remainder:
      return remainder(x[0], x[1]);
    case ScalarOp::power:
      return power(x[0], x[1]);
    case ScalarOp::atan2:
      return atan2(x[0], x[1]);
    case ScalarOp::minimum:
      return minimum(x[0], x[1]);
    case ScalarOp::maximum:
      return maximum(x[0], x[1]);
    case ScalarOp::multiply_add:
      return multiply_add(x[0], x[1], x[2]);
    default:
      fail_internal("not a function of floats: " + std::string(loop::name(op)));
  }
}

template <class N>
auto is_finite(const N& x) {
  return absolute(x) < std::numeric_limits<double>::infinity();
}

}  // namespace gradus::math
