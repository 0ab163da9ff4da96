// sin, cos, tan: f64, and f32 through f64.
#pragma once

#include <array>
#include <limits>
#include <numbers>

#include "ir/math/large_angle.h"
#include "ir/math/number.h"

namespace gradus::math {

// x = quadrant * pi/2 + (high + low).
template <class N>
struct ReducedAngle {
  Pair<N> rest;
  typename N::Integer quadrant;
};

template <class N>
ReducedAngle<N> reduce_angle(const N& x) {
  const N magnitude = absolute(x);
  const auto large = (magnitude >= 0x1p45) & (magnitude < std::numeric_limits<double>::infinity());
  const N bounded = select(magnitude < 0x1p45, x, x - x);
  const N shifted = multiply_add(bounded, like(x, 2 / std::numbers::pi), rounding_constant(x));
  const N n = shifted - rounding_constant(x);
  // pi/2 in three doubles. The first difference is exact: it is a multiple of 2^-52 below 1.
  const Pair<N> first = two_product(n, like(x, 1.5707963267948966));
  const N coarse = (bounded - first.high) - first.low;
  const Pair<N> second = two_product(n, like(x, 6.1232339957367660e-17));
  Pair<N> rest = two_sum(coarse, -second.high);
  rest.low = rest.low - (second.low + n * -1.4973849048591833e-33);
  rest = fast_two_sum(rest.high, rest.low);
  const auto [high, low, quadrant] = rarely(large, std::array{rest.high, rest.low, shifted}, [&] {
    auto angle = reduce_large_angle(select(large, x, like(x, 0x1p45)));
    angle[2] = angle[2] + rounding_constant(x);
    return angle;
  });
  return {{high, low}, bits(quadrant)};
}

template <class N>
N sin_near_zero(const Pair<N>& x) {
  const N z = x.high * x.high;
  const N cube = z * x.high;
  const N series = polynomial(
      z, std::array{8.33333333332248946124e-03, -1.98412698298579493134e-04, 2.75573137070700676789e-06,
                    -2.50507602534068634195e-08, 1.58969099521155010221e-10});
  return x.high - ((z * (0.5 * x.low - cube * series) - x.low) - cube * -1.66666666666666324348e-01);
}

template <class N>
N cos_near_zero(const Pair<N>& x) {
  const N z = x.high * x.high;
  const N series = z * polynomial(z, std::array{4.16666666666666019037e-02, -1.38888888888741095749e-03,
                                                2.48015872894767294178e-05, -2.75573143513906633035e-07,
                                                2.08757232129817482790e-09, -1.13596475577881948265e-11});
  const N half = 0.5 * z;
  const N whole = 1.0 - half;
  return whole + (((1.0 - whole) - half) + (z * series - x.high * x.low));
}

// 1 ulp (f32 0.6).
template <class N>
N sin(const N& x) {
  if (!is_double(x)) return narrow(x, sin(widen(x)));
  const ReducedAngle<N> angle = reduce_angle(x);
  const auto odd = (angle.quadrant & 1) == 1;
  const N value = select(odd, cos_near_zero(angle.rest), sin_near_zero(angle.rest));
  return select(x == 0.0, x, select((angle.quadrant & 2) == 2, -value, value));
}

template <class N>
N cos(const N& x) {
  if (!is_double(x)) return narrow(x, cos(widen(x)));
  const ReducedAngle<N> angle = reduce_angle(x);
  const auto odd = (angle.quadrant & 1) == 1;
  const N value = select(odd, sin_near_zero(angle.rest), cos_near_zero(angle.rest));
  return select(((angle.quadrant + 1) & 2) == 2, -value, value);
}

// 3 ulp (f32 0.6).
template <class N>
N tan(const N& x) {
  if (!is_double(x)) return narrow(x, tan(widen(x)));
  const ReducedAngle<N> angle = reduce_angle(x);
  const N sine = sin_near_zero(angle.rest);
  const N cosine = cos_near_zero(angle.rest);
  const auto odd = (angle.quadrant & 1) == 1;
  return select(x == 0.0, x, select(odd, -cosine, sine) / select(odd, sine, cosine));
}

}  // namespace gradus::math
