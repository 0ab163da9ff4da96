// The scalars that the evaluator runs over, and the functions of each: double, std::complex<double>
// (complex-step differentiation) and Dual<T> (value and derivative along one direction; nests).
//
// Comparisons look at `primal(x)`, the real number in the middle of a scalar. A zero tangent stays zero
// whatever it is multiplied by, so that a constant at a singular point (pow(-1, 2), sqrt(0)) does not turn
// into NaN.
#pragma once

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>
#include <stdexcept>
#include <string>
#include <type_traits>

namespace gradus::evaluate {

// The function has no form over this scalar (erf over complex numbers, a third level of gradients).
class NotAvailable : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

using Complex = std::complex<double>;

template <class T>
struct Dual {
  T value{};
  T tangent{};

  Dual() = default;
  Dual(double number) : value(number), tangent(0.0) {}
  Dual(T v, T t) : value(v), tangent(t) {}
  explicit Dual(T v)
    requires(!std::is_same_v<T, double>)
      : value(v), tangent(0.0) {}
};

// ---- real numbers

inline double primal(double x) { return x; }
inline bool is_zero(double x) { return x == 0; }
inline double exp(double x) { return std::exp(x); }
inline double expm1(double x) { return std::expm1(x); }
inline double log(double x) { return std::log(x); }
inline double log1p(double x) { return std::log1p(x); }
inline double sqrt(double x) { return std::sqrt(x); }
inline double cbrt(double x) { return std::cbrt(x); }
inline double sin(double x) { return std::sin(x); }
inline double cos(double x) { return std::cos(x); }
inline double tan(double x) { return std::tan(x); }
inline double asin(double x) { return std::asin(x); }
inline double acos(double x) { return std::acos(x); }
inline double atan(double x) { return std::atan(x); }
inline double sinh(double x) { return std::sinh(x); }
inline double cosh(double x) { return std::cosh(x); }
inline double tanh(double x) { return std::tanh(x); }
inline double erf(double x) { return std::erf(x); }
inline double pow(double x, double y) { return std::pow(x, y); }
inline double atan2(double y, double x) { return std::atan2(y, x); }
inline double multiply_add(double a, double b, double c) { return std::fma(a, b, c); }
inline bool is_finite(double x) { return std::isfinite(x); }
inline double map_primal(double x, double (*f)(double)) { return f(x); }

// ---- complex numbers: the analytic continuation around the real axis

inline double primal(Complex x) { return x.real(); }
inline bool is_zero(Complex x) { return x == 0.0; }
inline Complex exp(Complex x) { return std::exp(x); }
inline Complex log(Complex x) { return std::log(x); }
inline Complex sqrt(Complex x) { return std::sqrt(x); }
inline Complex sin(Complex x) { return std::sin(x); }
inline Complex cos(Complex x) { return std::cos(x); }
inline Complex tan(Complex x) { return std::tan(x); }
inline Complex asin(Complex x) { return std::asin(x); }
inline Complex acos(Complex x) { return std::acos(x); }
inline Complex atan(Complex x) { return std::atan(x); }
inline Complex sinh(Complex x) { return std::sinh(x); }
inline Complex cosh(Complex x) { return std::cosh(x); }
inline Complex tanh(Complex x) { return std::tanh(x); }
inline Complex expm1(Complex x) {
  const double half = std::sin(x.imag() / 2);
  return {std::expm1(x.real()) * std::cos(x.imag()) - 2 * half * half,
          std::exp(x.real()) * std::sin(x.imag())};
}
inline Complex log1p(Complex x) {
  const double a = x.real(), b = x.imag();
  return {0.5 * std::log1p(a * (2 + a) + b * b), std::atan2(b, 1 + a)};
}
inline Complex cbrt(Complex x) {
  if (x == 0.0) return x;
  return x.real() < 0 ? -std::pow(-x, 1.0 / 3) : std::pow(x, 1.0 / 3);
}
inline Complex erf(Complex) { throw NotAvailable("erf has no complex form here"); }
inline Complex pow(Complex x, Complex y) {
  const double n = y.real();
  if (y.imag() == 0 && n == std::round(n) && std::fabs(n) <= 64) {
    Complex product = 1;
    for (int i = 0; i < std::fabs(n); ++i) product *= x;
    return n < 0 ? 1.0 / product : product;
  }
  return x == 0.0 ? Complex(std::pow(0.0, n)) : std::pow(x, y);
}
inline Complex atan2(Complex y, Complex x) {
  // Rotates (x, y) by the angle of the real parts; what is left is a small angle.
  const double angle = std::atan2(y.real(), x.real());
  const double c = std::cos(angle), s = std::sin(angle);
  return angle + std::atan((y * c - x * s) / (x * c + y * s));
}
inline Complex multiply_add(Complex a, Complex b, Complex c) { return a * b + c; }
inline bool is_finite(Complex x) { return std::isfinite(x.real()); }
inline Complex map_primal(Complex x, double (*f)(double)) { return {f(x.real()), x.imag()}; }

// ---- dual numbers

template <class T>
double primal(const Dual<T>& x) {
  return primal(x.value);
}
template <class T>
bool is_zero(const Dual<T>& x) {
  return is_zero(x.value) && is_zero(x.tangent);
}
template <class T>
Dual<T> map_primal(const Dual<T>& x, double (*f)(double)) {
  return {map_primal(x.value, f), x.tangent};
}
template <class T>
bool is_finite(const Dual<T>& x) {
  return is_finite(x.value);
}

// value with tangent · factor, the factor being computed only where the tangent is not zero
template <class T, class Factor>
Dual<T> chain(T value, const T& tangent, Factor factor) {
  return is_zero(tangent) ? Dual<T>(value, T(0.0)) : Dual<T>(value, tangent * factor());
}

template <class T>
T product(const T& tangent, const T& factor) {
  return is_zero(tangent) ? T(0.0) : tangent * factor;
}

// The inverse of a large or small divisor may leave the range where the quotient does not.
template <class T>
T quotient(const T& tangent, const T& divisor) {
  return is_zero(tangent) ? T(0.0) : tangent / divisor;
}

// factor · tangent / divisor, whose parts may be far larger or smaller than the whole
template <class T>
T scaled(const T& factor, const T& tangent, const T& divisor) {
  const bool larger = std::fabs(primal(factor)) > std::fabs(primal(tangent));
  const T &large = larger ? factor : tangent, &small = larger ? tangent : factor;
  return std::fabs(primal(divisor)) >= 1 ? small * (large / divisor) : large * (small / divisor);
}

template <class T>
Dual<T> operator-(const Dual<T>& x) {
  return {-x.value, -x.tangent};
}
template <class T>
Dual<T> operator+(const Dual<T>& a, const Dual<T>& b) {
  return {a.value + b.value, a.tangent + b.tangent};
}
template <class T>
Dual<T> operator-(const Dual<T>& a, const Dual<T>& b) {
  return {a.value - b.value, a.tangent - b.tangent};
}
template <class T>
Dual<T> operator*(const Dual<T>& a, const Dual<T>& b) {
  return {a.value * b.value, product(a.tangent, b.value) + product(b.tangent, a.value)};
}
template <class T>
Dual<T> operator/(const Dual<T>& a, const Dual<T>& b) {
  const T result = a.value / b.value;
  T tangent = quotient(a.tangent, b.value);
  if (!is_zero(b.tangent)) tangent = tangent - scaled(result, b.tangent, b.value);
  return {result, tangent};
}
template <class T>
Dual<T>& operator+=(Dual<T>& a, const Dual<T>& b) {
  return a = a + b;
}
template <class T>
Dual<T>& operator*=(Dual<T>& a, const Dual<T>& b) {
  return a = a * b;
}
template <class T>
Dual<T> multiply_add(const Dual<T>& a, const Dual<T>& b, const Dual<T>& c) {
  return {multiply_add(a.value, b.value, c.value),
          product(a.tangent, b.value) + product(b.tangent, a.value) + c.tangent};
}

template <class T>
Dual<T> exp(const Dual<T>& x) {
  const T y = exp(x.value);
  return chain(y, x.tangent, [&] { return y; });
}
template <class T>
Dual<T> expm1(const Dual<T>& x) {
  return chain(expm1(x.value), x.tangent, [&] { return exp(x.value); });
}
template <class T>
Dual<T> log(const Dual<T>& x) {
  return {log(x.value), quotient(x.tangent, x.value)};
}
template <class T>
Dual<T> log1p(const Dual<T>& x) {
  return {log1p(x.value), quotient(x.tangent, T(1.0) + x.value)};
}
template <class T>
Dual<T> sqrt(const Dual<T>& x) {
  const T y = sqrt(x.value);
  return chain(y, x.tangent, [&] { return T(0.5) / y; });
}
template <class T>
Dual<T> cbrt(const Dual<T>& x) {
  const T y = cbrt(x.value);
  return chain(y, x.tangent, [&] { return T(1.0) / (T(3.0) * y * y); });
}
template <class T>
Dual<T> sin(const Dual<T>& x) {
  return chain(sin(x.value), x.tangent, [&] { return cos(x.value); });
}
template <class T>
Dual<T> cos(const Dual<T>& x) {
  return chain(cos(x.value), x.tangent, [&] { return -sin(x.value); });
}
template <class T>
Dual<T> tan(const Dual<T>& x) {
  const T y = tan(x.value);
  return chain(y, x.tangent, [&] { return T(1.0) + y * y; });
}
template <class T>
Dual<T> asin(const Dual<T>& x) {
  return chain(asin(x.value), x.tangent,
               [&] { return T(1.0) / sqrt((T(1.0) - x.value) * (T(1.0) + x.value)); });
}
template <class T>
Dual<T> acos(const Dual<T>& x) {
  return chain(acos(x.value), x.tangent,
               [&] { return T(-1.0) / sqrt((T(1.0) - x.value) * (T(1.0) + x.value)); });
}
template <class T>
Dual<T> atan(const Dual<T>& x) {
  const T angle = atan(x.value);
  if (std::fabs(primal(x)) <= 1) return {angle, quotient(x.tangent, T(1.0) + x.value * x.value)};
  return {angle, quotient(quotient(x.tangent, x.value), x.value + T(1.0) / x.value)};
}
template <class T>
Dual<T> sinh(const Dual<T>& x) {
  return chain(sinh(x.value), x.tangent, [&] { return cosh(x.value); });
}
template <class T>
Dual<T> cosh(const Dual<T>& x) {
  return chain(cosh(x.value), x.tangent, [&] { return sinh(x.value); });
}
template <class T>
Dual<T> tanh(const Dual<T>& x) {
  const T y = tanh(x.value);
  return chain(y, x.tangent, [&] { return T(1.0) - y * y; });
}
template <class T>
Dual<T> erf(const Dual<T>& x) {
  return chain(erf(x.value), x.tangent,
               [&] { return T(2 * std::numbers::inv_sqrtpi) * exp(-(x.value * x.value)); });
}
template <class T>
Dual<T> pow(const Dual<T>& x, const Dual<T>& y) {
  const T power = pow(x.value, y.value);
  T tangent(0.0);
  if (!is_zero(x.tangent) && !is_zero(y.value)) {
    const T slope = pow(x.value, y.value - T(1.0));
    const bool in_range = std::isnormal(primal(slope)) || !std::isnormal(primal(power));
    tangent = in_range ? x.tangent * y.value * slope : scaled(power, x.tangent * y.value, x.value);
  }
  if (!is_zero(y.tangent) && primal(x.value) != 0) tangent = tangent + y.tangent * power * log(x.value);
  return {power, tangent};
}
template <class T>
Dual<T> atan2(const Dual<T>& y, const Dual<T>& x) {
  const double larger = std::max(std::fabs(primal(x)), std::fabs(primal(y)));
  if (std::isinf(larger)) return Dual<T>(atan2(y.value, x.value), T(0.0));
  const T scale(larger > 0 ? larger : 1.0);
  const T across = x.value / scale, up = y.value / scale, square = across * across + up * up;
  const T moved = product(y.tangent, across / square) - product(x.tangent, up / square);
  return {atan2(y.value, x.value), quotient(moved, scale)};
}

// ---- over every scalar

// What decides a branch; scalars with an error bound (ir/evaluate/bounded.h) refuse where it is not certain.
template <class T>
void decide(const T&, const T&) {}

// A function that is constant between its jumps.
template <class T>
T step_function(const T& x, double (*f)(double)) {
  return T(f(primal(x)));
}

template <class T>
T without_tangent(const T& x) {
  return T(primal(x));
}

template <class T>
T sigmoid(const T& x) {
  if (primal(x) >= 0) return T(1.0) / (T(1.0) + exp(-x));
  const T e = exp(x);
  return e / (T(1.0) + e);
}

// The derivative is 0 at 0, as the derivative rule (sign) has it.
template <class T>
T absolute(const T& x) {
  if constexpr (std::is_same_v<T, double>) return std::fabs(x);
  if (primal(x) == 0) return T(0.0) * x;
  return primal(x) < 0 ? -x : x;
}

// x - floor(x / y) · y of the exact quotient: the sign of the divisor
inline double remainder(double x, double y) {
  const double r = std::fmod(x, y);
  return r != 0 && (r < 0) != (y < 0) ? r + y : r;
}

// The floor of the exact quotient, where the rounded one may be the next whole number.
inline double whole_quotient(double x, double y) {
  const double rest = remainder(x, y);
  return std::isfinite(rest) ? std::nearbyint((x - rest) / y) : std::floor(x / y);
}

inline Complex remainder(Complex x, Complex y) { return x - whole_quotient(x.real(), y.real()) * y; }

template <class T>
Dual<T> remainder(const Dual<T>& x, const Dual<T>& y) {
  return {remainder(x.value, y.value),
          x.tangent - product(y.tangent, T(whole_quotient(primal(x), primal(y))))};
}

// The first operand on a tie, NaN if either is NaN.
template <class T>
T maximum(const T& a, const T& b) {
  return primal(a) >= primal(b) || std::isnan(primal(a)) ? a : b;
}
template <class T>
T minimum(const T& a, const T& b) {
  return primal(a) <= primal(b) || std::isnan(primal(a)) ? a : b;
}

}  // namespace gradus::evaluate
