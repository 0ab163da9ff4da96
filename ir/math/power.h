// power and remainder.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "ir/math/exponential.h"
#include "ir/math/logarithm.h"

namespace gradus::math {

template <class N>
Pair<N> multiply(const Pair<N>& a, const Pair<N>& b) {
  const Pair<N> product = two_product(a.high, b.high);
  return fast_two_sum(product.high, product.low + (a.high * b.low + a.low * b.high));
}

// log x to about 65 bits, f64, x positive and finite.
template <class N>
Pair<N> log_pair(const N& x) {
  const Decomposed<N> parts = decompose(x);
  // s = f / (2 + f), then log m = 2 s + s z (2/3 + z (2/5 + …)), z = s².
  const N f = parts.significand - 1.0;
  const Pair<N> divisor = fast_two_sum(like(x, 2), f);
  const N s_high = f / divisor.high;
  const Pair<N> back = two_product(s_high, divisor.high);
  const N s_low = ((f - back.high) - back.low - s_high * divisor.low) / divisor.high;
  const Pair<N> s = fast_two_sum(s_high, s_low);
  const Pair<N> z = multiply(s, s);
  const N series =
      z.high * polynomial(z.high, std::array{0.40000000000000002, 0.28571428571428564, 0.22222222222228882,
                                             0.18181818179522571, 0.1538461578064774, 0.13333295011900106,
                                             0.1176687865598926, 0.10454866026728715, 0.10775601089388141});
  // 2/3 = 0.66666666666666663 + 3.7007434154171886e-17
  Pair<N> factor = fast_two_sum(like(x, 0.66666666666666663), series);
  factor.low = factor.low + 3.7007434154171886e-17;
  const Pair<N> cubic = multiply(multiply(z, factor), s);
  const N n = parts.exponent;
  const Pair<N> whole = two_sum(n * 6.93147180369123816490e-01, s.high * 2.0);
  const Pair<N> sum = two_sum(whole.high, cubic.high);

  const N low = sum.low + whole.low + cubic.low + s.low * 2.0 + n * 1.90821492927058770002e-10;
  return two_sum(sum.high, low);
}

template <class N>
N power_magnitude(const N& x, const N& y) {
  const Pair<N> logarithm = log_pair(x);
  const Pair<N> product = two_product(y, logarithm.high);
  // Beyond this the result is 0 or infinite, and the low part may be anything.
  const N low = select(absolute(product.high) < 800.0, product.low + y * logarithm.low, like(x, 0));
  return exp_scaled(product.high, &low, 0);
}

// As IEEE's pow, but NaN for a negative x and a y that is no integer. f64: 2 ulp; f32 through f64: 0.6 ulp.
template <class N>
N power(const N& x, const N& y) {
  if (!is_double(x)) return narrow(x, power(widen(x), widen(y)));
  const double infinity = std::numeric_limits<double>::infinity();
  const N magnitude = absolute(x);
  const auto integral = floor(y) == y;
  const N half = y * 0.5;
  const auto odd = integral & (floor(half) != half);
  const auto outside = (magnitude == 0.0) | (magnitude == infinity) | (absolute(y) == infinity);
  // There it depends on whether the base is large and the exponent positive.
  const auto large = (magnitude > 1.0) & (y > 0.0);
  const auto small_inverted = (magnitude < 1.0) & (y < 0.0);
  const N limit =
      select(large | small_inverted, like(x, infinity), select(magnitude == 1.0, like(x, 1), like(x, 0)));
  const N unsigned_result = select(outside, limit, power_magnitude(magnitude, y));
  const auto negative = bits(x) < 0;
  const N signed_result = select(negative & odd, -unsigned_result, unsigned_result);
  const N nan = like(x, std::numeric_limits<double>::quiet_NaN());
  const auto undefined = (x < 0.0) & (!integral) & (magnitude != infinity);
  const N result = select(undefined | is_nan(x) | is_nan(y), nan, signed_result);
  return select((y == 0.0) | (x == 1.0), like(x, 1), result);
}

// What is left of x after as many whole y as fit, both positive, for quotients below 2^52. Exact.
template <class N>
N rest_of_division(const N& x, const N& y) {
  const N quotient = floor(x / y);
  const Pair<N> product = two_product(quotient, y);
  // The quotient may have been rounded up to the next whole number.
  const auto too_large = (product.high > x) | ((product.high == x) & (product.low > 0.0));
  const Pair<N> fitting = two_product(select(too_large, quotient - 1.0, quotient), y);
  return (x - fitting.high) - fitting.low;
}

// The same for any quotient: y times falling powers of two, 52 bits of the quotient at a time.
template <class N>
N rest_of_long_division(const N& x, const N& y) {
  N rest = x;
  for (int exponent = 40 * 52; exponent >= 0; exponent -= 52) {
    N divisor = y;
    for (int left = exponent; left > 0; left -= 1000)
      divisor = divisor * std::ldexp(1.0, std::min(left, 1000));
    const auto fits = divisor < std::numeric_limits<double>::infinity();
    rest = select(fits, rest_of_division(rest, divisor), rest);
  }
  return rest;
}

// x - floor(x / y) * y: the sign of y. Exact but for the rounding of a final addition of y; f32 through f64.
template <class N>
N remainder(const N& x, const N& y) {
  if (!is_double(x)) return narrow(x, remainder(widen(x), widen(y)));
  const double infinity = std::numeric_limits<double>::infinity();
  const N dividend = absolute(x);
  const N divisor = absolute(y);
  const auto is_long = (dividend / divisor >= 0x1p52) & (dividend < infinity) & (divisor > 0.0);
  const std::array<N, 1> rest = rarely(is_long, std::array{rest_of_division(dividend, divisor)},
                                       [&] { return std::array{rest_of_long_division(dividend, divisor)}; });
  const N signed_rest = copy_sign(rest[0], x);
  const auto opposite = ((x < 0.0) & (y > 0.0)) | ((x > 0.0) & (y < 0.0));
  const N moved = select(opposite & (rest[0] != 0.0), signed_rest + y, signed_rest);
  const N by_infinity = select(dividend < infinity, select(opposite, y, x), x - x);
  const N result = select(divisor == infinity, by_infinity, moved);
  return select(result == 0.0, copy_sign(result, y), result);
}

}  // namespace gradus::math
