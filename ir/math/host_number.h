// The number type of ir/math/number.h that computes on the host, element by element.
#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "ir/math/number.h"

namespace gradus::math {

// Integers wrap.
template <class T>
struct HostInteger {
  using Unsigned = std::make_unsigned_t<T>;
  T value;

  friend HostInteger operator+(HostInteger a, HostInteger b) { return of(raw(a) + raw(b)); }
  friend HostInteger operator-(HostInteger a, HostInteger b) { return of(raw(a) - raw(b)); }
  friend HostInteger operator&(HostInteger a, HostInteger b) { return of(raw(a) & raw(b)); }
  friend HostInteger operator|(HostInteger a, HostInteger b) { return of(raw(a) | raw(b)); }
  friend HostInteger operator^(HostInteger a, HostInteger b) { return of(raw(a) ^ raw(b)); }
  friend HostInteger operator~(HostInteger a) { return of(~raw(a)); }
  friend HostInteger operator+(HostInteger a, int64_t b) { return a + HostInteger{static_cast<T>(b)}; }
  friend HostInteger operator-(HostInteger a, int64_t b) { return a - HostInteger{static_cast<T>(b)}; }
  friend HostInteger operator&(HostInteger a, int64_t b) { return a & HostInteger{static_cast<T>(b)}; }
  friend HostInteger operator<<(HostInteger a, int count) { return of(raw(a) << count); }
  friend HostInteger operator>>(HostInteger a, int count) { return {static_cast<T>(a.value >> count)}; }
  friend HostInteger shift_right_logical(HostInteger a, int count) { return of(raw(a) >> count); }
  friend bool operator==(HostInteger a, int64_t b) { return a.value == static_cast<T>(b); }
  friend bool operator<(HostInteger a, int64_t b) { return a.value < static_cast<T>(b); }
  friend bool operator>(HostInteger a, int64_t b) { return a.value > static_cast<T>(b); }
  friend HostInteger select(bool condition, HostInteger a, HostInteger b) { return condition ? a : b; }

 private:
  static Unsigned raw(HostInteger a) { return static_cast<Unsigned>(a.value); }
  static HostInteger of(Unsigned value) { return {static_cast<T>(value)}; }
};

template <class T>
struct HostNumber {
  using Boolean = bool;
  using Integer = HostInteger<std::conditional_t<std::is_same_v<T, double>, int64_t, int32_t>>;
  using Wide = HostNumber<double>;
  T value;

  friend HostNumber like(HostNumber, double constant) { return {static_cast<T>(constant)}; }
  friend bool is_double(HostNumber) { return std::is_same_v<T, double>; }
  friend bool has_fused(HostNumber) { return true; }

  friend HostNumber operator+(HostNumber a, HostNumber b) { return {a.value + b.value}; }
  friend HostNumber operator-(HostNumber a, HostNumber b) { return {a.value - b.value}; }
  friend HostNumber operator*(HostNumber a, HostNumber b) { return {a.value * b.value}; }
  friend HostNumber operator/(HostNumber a, HostNumber b) { return {a.value / b.value}; }
  friend HostNumber operator+(HostNumber a, double b) { return a + like(a, b); }
  friend HostNumber operator-(HostNumber a, double b) { return a - like(a, b); }
  friend HostNumber operator*(HostNumber a, double b) { return a * like(a, b); }
  friend HostNumber operator/(HostNumber a, double b) { return a / like(a, b); }
  friend HostNumber operator+(double a, HostNumber b) { return like(b, a) + b; }
  friend HostNumber operator-(double a, HostNumber b) { return like(b, a) - b; }
  friend HostNumber operator*(double a, HostNumber b) { return like(b, a) * b; }
  friend HostNumber operator/(double a, HostNumber b) { return like(b, a) / b; }
  friend HostNumber operator-(HostNumber a) { return {-a.value}; }
  friend HostNumber multiply_add(HostNumber a, HostNumber b, HostNumber c) {
    return {std::fma(a.value, b.value, c.value)};
  }
  friend HostNumber sqrt(HostNumber a) { return {std::sqrt(a.value)}; }
  friend HostNumber absolute(HostNumber a) { return {std::fabs(a.value)}; }
  friend HostNumber floor(HostNumber a) { return {std::floor(a.value)}; }
  friend HostNumber ceil(HostNumber a) { return {std::ceil(a.value)}; }
  friend HostNumber round_even(HostNumber a) {
    // Not nearbyint: the result must not depend on the rounding mode of the thread.
    if (!(std::fabs(a.value) < 1 / std::numeric_limits<T>::epsilon())) return a;
    T rounded = std::floor(a.value);
    const T rest = a.value - rounded;
    if (rest > T(0.5) || (rest == T(0.5) && std::fmod(rounded, T(2)) != 0)) rounded += 1;
    return {std::copysign(rounded, a.value)};
  }

  friend bool operator<(HostNumber a, HostNumber b) { return a.value < b.value; }
  friend bool operator>(HostNumber a, HostNumber b) { return a.value > b.value; }
  friend bool operator<=(HostNumber a, HostNumber b) { return a.value <= b.value; }
  friend bool operator>=(HostNumber a, HostNumber b) { return a.value >= b.value; }
  friend bool operator==(HostNumber a, HostNumber b) { return a.value == b.value; }
  friend bool operator!=(HostNumber a, HostNumber b) { return a.value != b.value; }
  friend bool operator<(HostNumber a, double b) { return a < like(a, b); }
  friend bool operator>(HostNumber a, double b) { return a > like(a, b); }
  friend bool operator<=(HostNumber a, double b) { return a <= like(a, b); }
  friend bool operator>=(HostNumber a, double b) { return a >= like(a, b); }
  friend bool operator==(HostNumber a, double b) { return a == like(a, b); }
  friend bool operator!=(HostNumber a, double b) { return a != like(a, b); }
  friend HostNumber select(bool condition, HostNumber a, HostNumber b) { return condition ? a : b; }

  friend Integer bits(HostNumber a) { return std::bit_cast<Integer>(a.value); }
  friend HostNumber from_bits(HostNumber, Integer pattern) { return {std::bit_cast<T>(pattern.value)}; }
  friend Integer sign_mask(HostNumber a) { return bits(like(a, -0.0)); }
  friend HostNumber scalb(HostNumber a, HostNumber n) { return scale_by_factors(a, n); }

  template <size_t count>
  friend HostNumber look_up(const std::array<double, count>& table, HostNumber index) {
    return {static_cast<T>(table[static_cast<size_t>(index.value)])};
  }
  template <size_t count, class Otherwise>
  friend std::array<HostNumber, count> rarely(bool condition, std::array<HostNumber, count> usual,
                                              Otherwise otherwise) {
    return condition ? otherwise() : usual;
  }

  friend Wide widen(HostNumber a) { return {static_cast<double>(a.value)}; }
  friend HostNumber narrow(HostNumber, Wide a) { return {static_cast<T>(a.value)}; }
};

}  // namespace gradus::math
