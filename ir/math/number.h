// The mathematics of compiled code, written once. Each function of this folder is a template over a number
// type N: HostNumber<float> and HostNumber<double> compute (constant folding, known arithmetic), the
// emitter's type writes vector code. Both do the same operations in the same order, so both give the same
// bits.
//
// N has: + - * / and unary - (an operand may be a double, which becomes a constant), multiply_add, sqrt,
// absolute, round_even, floor, ceil; comparisons, which give N::Boolean (with & | !); select; bits and
// from_bits to and from N::Integer, an integer of the same width (with + - & | ^ << and arithmetic >>,
// shift_right_logical, comparisons); is_double(x); has_fused(x): multiply_add rounds once; widen(x) →
// N::Wide, always f64, and narrow(like, wide) back; scalb(x, n): scale_by_factors, or an instruction that
// does the same; look_up(table, n), n integral; rarely(condition, usual, otherwise): an array of numbers,
// those of the function `otherwise` where the condition holds, which code skips if that is nowhere.
//
// Methods: argument reductions and the coefficients of sin, cos and log are those of fdlibm (Sun
// Microsystems, 1993), the other coefficients are interpolations at Chebyshev nodes, computed with 50 digits.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace gradus::math {

// c0 + x * (c1 + x * (c2 + …)).
template <class N, size_t count>
N polynomial(const N& x, const std::array<double, count>& coefficients) {
  N sum = like(x, coefficients[count - 1]);
  for (size_t i = count - 1; i-- > 0;) sum = multiply_add(sum, x, like(x, coefficients[i]));
  return sum;
}

// An unevaluated sum high + low, twice as precise.
template <class N>
struct Pair {
  N high;
  N low;
};

template <class N>
Pair<N> two_sum(const N& a, const N& b) {
  const N sum = a + b;
  const N part = sum - a;
  return {sum, (a - (sum - part)) + (b - part)};
}

// Where |a| >= |b|.
template <class N>
Pair<N> fast_two_sum(const N& a, const N& b) {
  const N sum = a + b;
  return {sum, b - (sum - a)};
}

// a * b exactly; without fused multiply-add by Dekker's splitting (f64 only).
template <class N>
Pair<N> two_product(const N& a, const N& b) {
  const N product = a * b;
  if (has_fused(a)) return {product, multiply_add(a, b, -product)};
  const auto split = [](const N& x) {
    const N scaled = x * 134217729.0;  // 2^27 + 1
    const N high = scaled - (scaled - x);
    return Pair<N>{high, x - high};
  };
  const Pair<N> x = split(a);
  const Pair<N> y = split(b);
  return {product, x.low * y.low - (((product - x.high * y.high) - x.low * y.high) - x.high * y.low)};
}

// Rounding by addition: 1.5 * 2^(bits of the significand), after which the last bits are those of the
// integer.
template <class N>
N rounding_constant(const N& x) {
  return like(x, is_double(x) ? 0x1.8p52 : 0x1.8p23);
}
// The integer that an integral x stands for, |x| < 2^22 (f32), 2^51 (f64).
template <class N>
typename N::Integer integer_of(const N& x) {
  return bits(x + rounding_constant(x)) - bits(rounding_constant(x));
}
template <class N>
N float_of(const N& x, const typename N::Integer& integer) {
  return from_bits(x, bits(rounding_constant(x)) + integer) - rounding_constant(x);
}
// 2^integer, for exponents of normal numbers.
template <class N>
N power_of_two(const N& x, const typename N::Integer& integer) {
  return is_double(x) ? from_bits(x, (integer + 1023) << 52) : from_bits(x, (integer + 127) << 23);
}
// x * 2^n for an integral n, |n| <= 250 (f32), 2000 (f64), rounded once provided that x * 2^(n/2) is normal.
template <class N>
N scale_by_factors(const N& x, const N& n) {
  const auto exponent = integer_of(n);
  const auto half = exponent >> 1;
  return x * power_of_two(x, half) * power_of_two(x, exponent - half);
}

template <class N>
N copy_sign(const N& magnitude, const N& sign) {
  const auto mask = sign_mask(magnitude);
  return from_bits(magnitude, (bits(magnitude) & ~mask) | (bits(sign) & mask));
}

template <class N>
auto is_nan(const N& x) {
  return x != x;
}

// The first operand on a tie, NaN if either is NaN.
template <class N>
N minimum(const N& a, const N& b) {
  return select(is_nan(b), b, select(b < a, b, a));
}
template <class N>
N maximum(const N& a, const N& b) {
  return select(is_nan(b), b, select(b > a, b, a));
}
// NaN is its own sign, and both zeros have the sign 0.
template <class N>
N sign(const N& x) {
  const N rest = select(is_nan(x), x, like(x, 0));
  return select(x > 0.0, like(x, 1.0), select(x < 0.0, like(x, -1.0), rest));
}

}  // namespace gradus::math
