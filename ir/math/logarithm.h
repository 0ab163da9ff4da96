// log, log1p, cbrt.
#pragma once

#include <limits>

#include "ir/math/number.h"

namespace gradus::math {

// x = 2^exponent * significand with sqrt(1/2) <= significand < sqrt(2), for positive finite x.
template <class N>
struct Decomposed {
  N exponent;
  N significand;
};

template <class N>
Decomposed<N> decompose(const N& x) {
  const bool wide = is_double(x);
  const int shift = wide ? 52 : 23;
  const auto denormal = x < (wide ? 0x1p-1022 : 0x1p-126);
  const N scaled = select(denormal, x * (wide ? 0x1p54 : 0x1p25), x);
  const auto pattern = bits(scaled);
  const auto exponent = (pattern - bits(like(x, 0.70710678118654752))) >> shift;
  const N adjusted = float_of(x, exponent) - select(denormal, like(x, wide ? 54 : 25), like(x, 0));
  return {adjusted, from_bits(x, pattern - (exponent << shift))};
}

// 1 ulp.
template <class N>
N log(const N& x) {
  const Decomposed<N> parts = decompose(x);
  const N f = parts.significand - 1.0;
  const N s = f / (2.0 + f);
  const N z = s * s;
  const N series = is_double(x)
                       ? z * polynomial(z, std::array{6.666666666666735130e-01, 3.999999999940941908e-01,
                                                      2.857142874366239149e-01, 2.222219843214978396e-01,
                                                      1.818357216161805012e-01, 1.531383769920937332e-01,
                                                      1.479819860511658591e-01})
                       : z * polynomial(z, std::array{0.66666662693023682, 0.40000972151756287,
                                                      0.28498786687850952, 0.24279078841209412});
  const double ln2_high = is_double(x) ? 6.93147180369123816490e-01 : 6.9313812256e-01;
  const double ln2_low = is_double(x) ? 1.90821492927058770002e-10 : 9.0580006145e-06;
  const N half_square = 0.5 * f * f;
  const N tail = multiply_add(s, half_square + series, parts.exponent * ln2_low);
  const N result = parts.exponent * ln2_high - ((half_square - tail) - f);
  const double infinity = std::numeric_limits<double>::infinity();
  const N finite = select(x == 0.0, like(x, -infinity), select(x == infinity, x, result));
  return select(x < 0.0, like(x, std::numeric_limits<double>::quiet_NaN()), select(is_nan(x), x, finite));
}

// 2 ulp; f32 through f64.
template <class N>
N log1p(const N& x) {
  if (!is_double(x)) return narrow(x, log1p(widen(x)));
  const Pair<N> sum = two_sum(like(x, 1), x);
  const N whole = log(sum.high);
  // The part of x that 1 + x has rounded away.
  const auto plain = (sum.high > 0.0) & (sum.high < std::numeric_limits<double>::infinity());
  return select(x == 0.0, x, select(plain, whole + sum.low / sum.high, whole));
}

// 1 ulp; f32 through f64.
template <class N>
N cbrt(const N& x) {
  if (!is_double(x)) return narrow(x, cbrt(widen(x)));
  const N magnitude = absolute(x);
  const Decomposed<N> parts = decompose(magnitude);
  const N third = round_even(parts.exponent * (1.0 / 3));
  const N m = scalb(parts.significand, parts.exponent - 3.0 * third);  // in [0.35, 2.83)
  // A parabola within 3 %, two Halley steps, and one Newton step with an exact residual.
  N root = multiply_add(multiply_add(m, like(x, -0.0555), like(x, 0.4985)), m, like(x, 0.5650));
  for (int i = 0; i < 2; ++i) {
    const N cube = root * root * root;
    root = root * ((cube + 2.0 * m) / (2.0 * cube + m));
  }
  const Pair<N> square = two_product(root, root);
  const Pair<N> cube = two_product(square.high, root);
  const N residual = (m - cube.high) - (cube.low + square.low * root);
  root = root + residual / (3.0 * square.high);
  const auto ordinary = (magnitude > 0.0) & (magnitude < std::numeric_limits<double>::infinity());
  return select(ordinary, copy_sign(scalb(root, third), x), x);
}

}  // namespace gradus::math
