// exp, expm1, sigmoid and the hyperbolic functions.
#pragma once

#include <numbers>

#include "ir/math/number.h"

namespace gradus::math {

// x + low = n ln 2 + r, |r| <= ln 2 / 2, and (e^r - 1 - r) / r².
template <class N>
struct ReducedExponent {
  N n;
  N r;
  N tail;
};

template <class N>
ReducedExponent<N> reduce_exponent(const N& x, const N* low_part = nullptr) {
  const N n = multiply_add(x, like(x, std::numbers::log2e), rounding_constant(x)) - rounding_constant(x);
  // The high part has trailing zeros, so that its product with n is exact.
  const double high = is_double(x) ? 6.93147180369123816490e-01 : 0.693359375;
  const double low = is_double(x) ? 1.90821492927058770002e-10 : -2.12194440054690583e-4;
  N r = multiply_add(n, like(x, -low), multiply_add(n, like(x, -high), x));
  if (low_part != nullptr) r = r + *low_part;
  if (is_double(x)) {
    return {n, r,
            polynomial(r, std::array{0.5, 0.16666666666666666, 0.041666666666666678, 0.0083333333333333332,
                                     0.0013888888888879004, 0.00019841269841263252, 2.4801587336630949e-05,
                                     2.7557319247344507e-06, 2.755726307730941e-07, 2.5052070959803662e-08,
                                     2.091821231913398e-09, 1.6086677666787362e-10})};
  }
  return {n, r,
          polynomial(r, std::array{0.50000000135387301, 0.16666666681704215, 0.041666464197405689,
                                   0.0083333108446478621, 0.0013933730715792083, 0.00019891080463998843})};
}

// Keeps NaN.
template <class N>
N between(const N& x, double low, double high) {
  return select(x < low, like(x, low), select(x > high, like(x, high), x));
}

// e^(x + low) * 2^shift for a small correction `low`, null for none. 1 ulp.
template <class N>
N exp_scaled(const N& x, const N* low, double shift) {
  const N bounded = is_double(x) ? between(x, -747, 712) : between(x, -105, 91);
  const ReducedExponent<N> part = reduce_exponent(bounded, low);
  const N significand = 1.0 + multiply_add(part.r * part.r, part.tail, part.r);
  return scalb(significand, shift == 0 ? part.n : part.n + shift);
}

template <class N>
N exp(const N& x) {
  return exp_scaled<N>(x, nullptr, 0);
}

// 2 ulp.
template <class N>
N expm1(const N& x) {
  const N bounded = is_double(x) ? between(x, -50, 710) : between(x, -30, 89);
  const ReducedExponent<N> part = reduce_exponent(bounded);
  const N p = multiply_add(part.r * part.r, part.tail, part.r);
  // 2^n p + 2^n - 1, at half its size: 2^1024 is no number.
  const N half_scale = power_of_two(x, integer_of(part.n) - 1);
  const N result = multiply_add(p, half_scale, half_scale - 0.5) * 2.0;
  return select(absolute(x) < (is_double(x) ? 0x1p-1000 : 0x1p-100), x, result);
}

// 1 / (1 + e^-x) without overflow, exact to the last denormal; 2.5 ulp.
template <class N>
N sigmoid(const N& x) {
  const N small = exp(-absolute(x));
  return select(x < 0.0, small, like(x, 1.0)) / (1.0 + small);
}

// 2.5 ulp.
template <class N>
N tanh(const N& x) {
  const N magnitude = absolute(x);
  const double limit = is_double(x) ? 20 : 10;
  const N bounded = select(magnitude > limit, like(x, limit), magnitude);
  const N grown = expm1(bounded + bounded);
  return copy_sign(grown / (grown + 2.0), x);
}

// f64: 3 ulp; f32 through f64: 0.6 ulp.
template <class N>
N sinh(const N& x) {
  if (!is_double(x)) return narrow(x, sinh(widen(x)));
  const N magnitude = absolute(x);
  const N grown = expm1(magnitude);
  const N small = 0.5 * (grown + grown / (grown + 1.0));
  return copy_sign(select(magnitude > 22.0, exp_scaled<N>(magnitude, nullptr, -1), small), x);
}

template <class N>
N cosh(const N& x) {
  if (!is_double(x)) return narrow(x, cosh(widen(x)));
  const N half = exp_scaled<N>(absolute(x), nullptr, -1);
  return half + 0.25 / half;
}

}  // namespace gradus::math
