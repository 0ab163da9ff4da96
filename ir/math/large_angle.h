// Angles of 2^45 and more: the quadrant and the rest of x / (pi/2), by Payne and Hanek's method. 2/pi has as
// many digits here as the largest exponent needs; those whose product with x is a whole number of turns are
// left out.
#pragma once

#include <array>

#include "ir/math/number.h"

namespace gradus::math {

// 2/pi in digits of 24 bits.
inline constexpr std::array<double, 51> two_over_pi = {
    0xA2F983, 0x6E4E44, 0x1529FC, 0x2757D1, 0xF534DD, 0xC0DB62, 0x95993C, 0x439041, 0xFE5163,
    0xABDEBB, 0xC561B7, 0x246E3A, 0x424DD2, 0xE00649, 0x2EEA09, 0xD1921C, 0xFE1DEB, 0x1CB129,
    0xA73EE8, 0x8235F5, 0x2EBB44, 0x84E99C, 0x7026B4, 0x5F7E41, 0x3991D6, 0x398353, 0x39F49C,
    0x845F8B, 0xBDF928, 0x3B1FF8, 0x97FFDE, 0x05980F, 0xEF2F11, 0x8B5A0A, 0x6D1F6D, 0x367ECF,
    0x27CB09, 0xB74F46, 0x3F669E, 0x5FEA2D, 0x7527BA, 0xC7EBE5, 0xF17B3D, 0x0739F7, 0x8A5292,
    0xEA6BFB, 0x5FB11F, 0x8D5D08, 0x560330, 0x46FC7B, 0x6BABF0,
};

// high, low and n of x = (n + 4 k) * pi/2 + (high + low), for 2^45 <= |x| < infinity.
template <class N>
std::array<N, 3> reduce_large_angle(const N& x) {
  const N exponent = float_of(x, (shift_right_logical(bits(x), 52) & 2047) - 1075);
  const N significand = from_bits(x, (bits(absolute(x)) & 0xfffffffffffff) + (int64_t{1075} << 52));
  // Digits before this one make whole turns.
  const N start = floor((exponent - 1.5) * (1.0 / 24));
  const N first = select(start > 0.0, start, like(x, 0));
  // In turns: the last bit of the significand times the first digit.
  N scale = power_of_two(x, integer_of(exponent - 24.0 * first - 26.0));
  N sum = like(x, 0), middle = sum, low = sum;
  constexpr int digits = 9;  // 2^-61 is the smallest rest of all; 53 bits of it and some more
  for (int i = 0; i < digits; ++i) {
    const Pair<N> product = two_product(significand, look_up(two_over_pi, first + i) * scale);
    const N parts[] = {product.high - round_even(product.high), product.low - round_even(product.low)};
    for (const N& part : parts) {
      const Pair<N> upper = two_sum(sum, part);
      const Pair<N> lower = two_sum(middle, upper.low);
      sum = upper.high;
      middle = lower.high;
      low = low + lower.low;
    }
    scale = scale * 0x1p-24;
  }
  const N n = round_even(sum * 4.0);
  const Pair<N> rest = two_sum(sum - n * 0.25, middle);
  const Pair<N> turns = fast_two_sum(rest.high, rest.low + low);
  const N turn = like(x, 6.2831853071795865);
  const Pair<N> angle = two_product(turns.high, turn);
  const N small = angle.low + (turns.high * 2.4492935982947064e-16 + turns.low * turn);
  const Pair<N> result = fast_two_sum(angle.high, small);
  const auto negative = x < 0.0;
  return {select(negative, -result.high, result.high), select(negative, -result.low, result.low),
          select(negative, -n, n)};
}

}  // namespace gradus::math
