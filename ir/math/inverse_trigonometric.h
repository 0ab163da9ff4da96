// asin, acos, atan, atan2: f64 within 3 ulp, f32 through f64 within 0.6.
#pragma once

#include <limits>

#include "ir/math/number.h"

namespace gradus::math {

inline constexpr double half_pi_high = 1.5707963267948966;
inline constexpr double half_pi_low = 6.1232339957367660e-17;

// atan x - x for |x| <= tan(pi/8).
template <class N>
N atan_tail(const N& x) {
  const N z = x * x;
  return x * z *
         polynomial(z, std::array{-0.33333333333333331, 0.19999999999995438, -0.14285714284649181,
                                  0.1111111101386139, -0.090909045215001483, 0.076921818766966243,
                                  -0.066644929550813262, 0.058579884306572266, -0.050846107775821887,
                                  0.039207445320545598, -0.019147263763236982});
}

// atan of a quotient of non-negative numbers, NaN if one is.
template <class N>
N atan_of_quotient(const N& numerator, const N& denominator) {
  const N tangent = numerator / denominator;
  const auto big = tangent > 2.4142135623730950;
  const auto middle = tangent > 0.41421356237309503;
  const N t = select(big, -denominator, select(middle, numerator - denominator, numerator)) /
              select(big, numerator, select(middle, numerator + denominator, denominator));
  const N none = like(t, 0);
  const N base = select(big, like(t, half_pi_high), select(middle, like(t, half_pi_high / 2), none));
  const N low = select(big, like(t, half_pi_low), select(middle, like(t, half_pi_low / 2), none));
  return base + (t + (atan_tail(t) + low));
}

template <class N>
N atan(const N& x) {
  if (!is_double(x)) return narrow(x, atan(widen(x)));
  const N magnitude = absolute(x);
  const auto infinite = magnitude == std::numeric_limits<double>::infinity();
  const N angle = select(infinite, like(x, half_pi_high), atan_of_quotient(magnitude, like(x, 1)));
  return select(x == 0.0, x, copy_sign(angle, x));
}

template <class N>
N atan2(const N& y, const N& x) {
  if (!is_double(y)) return narrow(y, atan2(widen(y), widen(x)));
  const double infinity = std::numeric_limits<double>::infinity();
  N across = absolute(x);
  N up = absolute(y);
  // Both zero or both infinite: the limit along the axis or the diagonal.
  const auto both_infinite = (across == infinity) & (up == infinity);
  const auto both_zero = (across == 0.0) & (up == 0.0);
  const N one = like(y, 1);
  across = select(both_infinite | both_zero, one, across);
  up = select(both_infinite, one, up);
  // Sums of the two must not overflow.
  const N scale = select((across > 0x1p1000) | (up > 0x1p1000), like(y, 0.25), one);
  across = across * scale;
  up = up * scale;
  const auto steep = up > across;
  const N flat = atan_of_quotient(select(steep, across, up), select(steep, up, across));
  const N first = select(steep, half_pi_high - (flat - half_pi_low), flat);
  const N angle = select(bits(x) < 0, 2.0 * half_pi_high - (first - 2.0 * half_pi_low), first);
  return select(is_nan(x) | is_nan(y), x + y, copy_sign(angle, y));
}

// asin s - s for 0 <= s <= 1/2, z = s².
template <class N>
N asin_tail(const N& s, const N& z) {
  return s * z *
         polynomial(z, std::array{0.16666666666666669, 0.074999999999984329, 0.044642857146355429,
                                  0.030381944138531247, 0.022372172942149889, 0.017352392720869973,
                                  0.013971212973552933, 0.011479177415184906, 0.010322814350185779,
                                  0.0054575067186403581, 0.017400879442694021, -0.014851887071247204,
                                  0.028757851367421566});
}

// With s = sqrt((1 - |x|) / 2) for |x| > 1/2: pi/2 - |asin x| = 2 asin s, kept as s and the small rest.
template <class N>
Pair<N> asin_of_complement(const N& magnitude) {
  const N z = (1.0 - magnitude) * 0.5;
  const N s = sqrt(z);
  const Pair<N> square = two_product(s, s);
  const N correction = ((z - square.high) - square.low) / (s + s);
  return {s, asin_tail(s, z) + select(s > 0.0, correction, like(s, 0))};
}

template <class N>
N asin(const N& x) {
  if (!is_double(x)) return narrow(x, asin(widen(x)));
  const N magnitude = absolute(x);
  const N near = magnitude + asin_tail(magnitude, magnitude * magnitude);
  const Pair<N> other = asin_of_complement(magnitude);
  const N far = (half_pi_high - 2.0 * other.high) - (2.0 * other.low - half_pi_low);
  const N angle = select(magnitude > 0.5, far, near);
  return select(magnitude > 1.0, like(x, std::numeric_limits<double>::quiet_NaN()), copy_sign(angle, x));
}

template <class N>
N acos(const N& x) {
  if (!is_double(x)) return narrow(x, acos(widen(x)));
  const N magnitude = absolute(x);
  const N near = half_pi_high - (x - (half_pi_low - asin_tail(x, x * x)));
  const Pair<N> other = asin_of_complement(magnitude);
  const N right = 2.0 * (other.high + other.low);
  const N left = (2.0 * half_pi_high - 2.0 * other.high) - (2.0 * other.low - 2.0 * half_pi_low);
  const N angle = select(magnitude > 0.5, select(x < 0.0, left, right), near);
  return select(magnitude > 1.0, like(x, std::numeric_limits<double>::quiet_NaN()), angle);
}

}  // namespace gradus::math
