// Bounded: a number in double together with a bound on the error of the same computation in the declared
// types.
//
// The analysis is the running one of Higham, "Accuracy and Stability of Numerical Algorithms" (2nd edition),
// §3.3, to first order: an operation adds u·|result|, u being the unit roundoff of the type it is done in,
// and passes its operands' bounds on through its derivative. A function adds u times a number of units that
// covers its expansion (see `units`). A result below the normal numbers of its type adds that type's smallest
// number. A sum of n terms, in whatever order, adds n·u·Σ|terms| (§4.2).
//
// Where a jump (comparison, floor, position of an extreme) lies within the bounds of what decides it, the
// result is not determined: Ambiguous is thrown. Equal numbers with equal bounds count as the same
// computation, which gives the same bits.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <stdexcept>
#include <string>

namespace gradus::evaluate {

class Ambiguous : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct Bounded {
  double value = 0;
  double bound = 0;
  double unit = 0;  // unit roundoff of the type that the value is computed in; 0: exact literals
  // A sum under way: what its rounding adds is unit · terms · magnitude.
  double terms = 0;
  double magnitude = 0;

  Bounded() = default;
  Bounded(double number) : value(number) {}
  Bounded(double number, double error, double roundoff) : value(number), bound(error), unit(roundoff) {}

  double error() const { return bound + unit * terms * magnitude; }
};

namespace bounded {

// What functions may be off by, in units of the roundoff (half an ulp). The vector expansions promise 2.5 ulp
// in f32 and 4 in f64; compositions and the scalar functions get more.
inline constexpr double units = 8;
inline constexpr double units_of_compositions = 24;

// What rounding adds in the range where numbers lose digits, of f64 or f32 by the unit roundoff.
inline double underflow(double value, double unit) {
  if (unit == 0 || value == 0) return 0;
  constexpr double unit_f64 = 0x1p-53;
  const bool f64 = unit <= unit_f64;
  const double normal = f64 ? std::numeric_limits<double>::min() : 0x1p-126;
  return std::fabs(value) < normal ? (f64 ? std::numeric_limits<double>::denorm_min() : 0x1p-149) : 0;
}

// value, with the propagated error and `count` units of the roundoff of its operands' type
inline Bounded rounded(double value, double propagated, double unit, double count = 1) {
  return {value, propagated + count * unit * std::fabs(value) + underflow(value, unit), unit};
}

// The same for a product or quotient, which may be 0 although neither operand is.
inline Bounded rounded_product(double value, bool vanished, double propagated, double unit) {
  constexpr double smallest = std::numeric_limits<double>::denorm_min();
  return rounded(value, propagated + (vanished ? smallest : 0), unit);
}

// f(x) with |f'| near x
inline Bounded function(const Bounded& x, double value, double slope, double count = units) {
  const double error = x.error();
  return rounded(value, error == 0 ? 0 : std::fabs(slope) * error, x.unit, count);
}

// |x| as small as its error allows; 0 if that reaches zero, where a pole makes the bound infinite
inline double smallest(const Bounded& x) { return std::max(0.0, std::fabs(x.value) - x.error()); }

inline void decide(const Bounded& a, const Bounded& b) {
  const double error = a.error() + b.error();
  if (error == 0 || std::fabs(a.value - b.value) > error) return;
  if (a.value == b.value && a.error() == b.error()) return;
  throw Ambiguous("a comparison within the rounding error");
}

}  // namespace bounded

inline double primal(const Bounded& x) { return x.value; }
inline bool is_zero(const Bounded& x) { return x.value == 0 && x.error() == 0; }
inline bool is_finite(const Bounded& x) { return std::isfinite(x.value); }

inline Bounded operator-(const Bounded& x) { return {-x.value, x.error(), x.unit}; }
inline Bounded operator+(const Bounded& a, const Bounded& b) {
  return bounded::rounded(a.value + b.value, a.error() + b.error(), std::max(a.unit, b.unit));
}
inline Bounded operator-(const Bounded& a, const Bounded& b) { return a + -b; }
inline Bounded operator*(const Bounded& a, const Bounded& b) {
  const double ea = a.error(), eb = b.error();
  const double product = a.value * b.value;
  return bounded::rounded_product(product, product == 0 && a.value != 0 && b.value != 0,
                                  std::fabs(a.value) * eb + std::fabs(b.value) * ea + ea * eb,
                                  std::max(a.unit, b.unit));
}
inline Bounded operator/(const Bounded& a, const Bounded& b) {
  const double quotient = a.value / b.value, ea = a.error(), eb = b.error();
  const double propagated =
      ea + eb == 0 ? 0 : (ea + std::fabs(quotient) * eb) / bounded::smallest(b);  // infinite at a pole
  return bounded::rounded_product(quotient, quotient == 0 && a.value != 0 && std::isfinite(b.value),
                                  propagated, std::max(a.unit, b.unit));
}
// A term of a sum whose order is not known.
inline Bounded& operator+=(Bounded& sum, const Bounded& term) {
  if (sum.terms == 0) sum.magnitude = std::fabs(sum.value);
  sum.value += term.value;
  sum.bound += term.error();
  sum.unit = std::max(sum.unit, term.unit);
  sum.magnitude += std::fabs(term.value);
  sum.terms += 1;
  return sum;
}
inline Bounded& operator*=(Bounded& a, const Bounded& b) { return a = a * b; }
inline Bounded multiply_add(const Bounded& a, const Bounded& b, const Bounded& c) { return a * b + c; }

inline Bounded exp(const Bounded& x) {
  const double y = std::exp(x.value), e = x.error();
  return bounded::rounded(y, y * std::expm1(e), x.unit, bounded::units);
}
inline Bounded expm1(const Bounded& x) {
  return bounded::function(x, std::expm1(x.value), std::exp(x.value + x.error()),
                           bounded::units_of_compositions);
}
inline Bounded log(const Bounded& x) {
  return bounded::function(x, std::log(x.value), 1 / bounded::smallest(x));
}
inline Bounded log1p(const Bounded& x) {
  const double slope = 1 / std::max(0.0, 1 + x.value - x.error());
  return bounded::function(x, std::log1p(x.value), slope, bounded::units_of_compositions);
}
inline Bounded sqrt(const Bounded& x) {
  return bounded::function(x, std::sqrt(x.value), 0.5 / std::sqrt(bounded::smallest(x)), 1);
}
inline Bounded cbrt(const Bounded& x) {
  const double root = std::cbrt(bounded::smallest(x));
  return bounded::function(x, std::cbrt(x.value), 1 / (3 * root * root), bounded::units_of_compositions);
}
// Near a zero crossing the reduction of the argument leaves an error relative to the argument.
inline Bounded sin(const Bounded& x) {
  const double y = std::sin(x.value);
  return {y, x.error() + x.unit * (bounded::units * std::fabs(y) + std::fabs(x.value)), x.unit};
}
inline Bounded cos(const Bounded& x) {
  const double y = std::cos(x.value);
  return {y, x.error() + x.unit * (bounded::units * std::fabs(y) + std::fabs(x.value)), x.unit};
}
inline Bounded tan(const Bounded& x) {
  const double y = std::tan(x.value), slope = 1 + y * y;
  const double error = slope * (x.error() + x.unit * std::fabs(x.value));
  return bounded::rounded(y, error, x.unit, bounded::units_of_compositions);
}
namespace bounded {
inline double slope_of_arc(const Bounded& x) {
  const double away = std::fabs(x.value) + x.error();
  return away < 1 ? 1 / std::sqrt(1 - away * away) : std::numeric_limits<double>::infinity();
}
}  // namespace bounded
inline Bounded asin(const Bounded& x) {
  return bounded::function(x, std::asin(x.value), bounded::slope_of_arc(x), bounded::units_of_compositions);
}
inline Bounded acos(const Bounded& x) {
  // Near 1 the expansion's error is relative to pi / 2.
  Bounded y =
      bounded::function(x, std::acos(x.value), bounded::slope_of_arc(x), bounded::units_of_compositions);
  y.bound += bounded::units * x.unit;
  return y;
}
inline Bounded atan(const Bounded& x) {
  return bounded::function(x, std::atan(x.value), 1 / (1 + x.value * x.value),
                           bounded::units_of_compositions);
}
inline Bounded sinh(const Bounded& x) {
  return bounded::function(x, std::sinh(x.value), std::cosh(std::fabs(x.value) + x.error()),
                           bounded::units_of_compositions);
}
inline Bounded cosh(const Bounded& x) {
  return bounded::function(x, std::cosh(x.value), std::sinh(std::fabs(x.value) + x.error()),
                           bounded::units_of_compositions);
}
inline Bounded tanh(const Bounded& x) {
  const double y = std::tanh(bounded::smallest(x));
  return bounded::function(x, std::tanh(x.value), 1 - y * y);
}
inline Bounded erf(const Bounded& x) {
  const double nearest = bounded::smallest(x);
  return bounded::function(x, std::erf(x.value), 2 * std::numbers::inv_sqrtpi * std::exp(-nearest * nearest));
}
inline Bounded sigmoid(const Bounded& x) {
  const double y = x.value >= 0 ? 1 / (1 + std::exp(-x.value)) : std::exp(x.value) / (1 + std::exp(x.value));
  return bounded::rounded(y, y * std::expm1(x.error()), x.unit, bounded::units_of_compositions);
}
inline Bounded pow(const Bounded& x, const Bounded& y) {
  // A negative number has a power only where the exponent is whole.
  if (x.value < 0 && y.error() > 0 && std::fabs(y.value - std::nearbyint(y.value)) <= y.error())
    throw Ambiguous("a power of a negative number near a whole exponent");
  const double power = std::pow(x.value, y.value), ex = x.error(), ey = y.error();
  double propagated = 0;
  if (ex != 0 && y.value != 0)
    propagated += std::fabs(power) * std::fabs(y.value) * ex / bounded::smallest(x);
  if (ey != 0) propagated += std::fabs(power * std::log(std::fabs(x.value))) * ey;
  // The exponent of e is y·log x; its rounding grows with it.
  const double exponent = x.value == 0 ? 0 : std::fabs(y.value * std::log(std::fabs(x.value)));
  return bounded::rounded(power, propagated, std::max(x.unit, y.unit),
                          bounded::units_of_compositions + 2 * exponent);
}
inline Bounded atan2(const Bounded& y, const Bounded& x) {
  const double square = x.value * x.value + y.value * y.value, ey = y.error(), ex = x.error();
  const double propagated = ex + ey == 0 ? 0 : (std::fabs(x.value) * ey + std::fabs(y.value) * ex) / square;
  if (x.value < 0) bounded::decide(y, Bounded(0));
  return bounded::rounded(std::atan2(y.value, x.value), propagated, std::max(x.unit, y.unit),
                          bounded::units_of_compositions);
}

inline Bounded absolute(const Bounded& x) { return {std::fabs(x.value), x.error(), x.unit}; }

inline Bounded remainder(const Bounded& x, const Bounded& y) {
  const Bounded ratio = x / y;
  const double times = std::floor(ratio.value);
  if (!(std::floor(ratio.value - ratio.error()) == times && std::floor(ratio.value + ratio.error()) == times))
    throw Ambiguous("a remainder near its jump");
  const double value = x.value - times * y.value;
  return {value,
          x.error() + std::fabs(times) * y.error() + ratio.unit * (std::fabs(value) + 2 * std::fabs(x.value)),
          ratio.unit};
}

// Continuous, so that nothing is ambiguous: where both may be the larger one, so may their errors.
inline Bounded maximum(const Bounded& a, const Bounded& b) {
  const bool first = a.value >= b.value || std::isnan(a.value);
  Bounded chosen = first ? a : b;
  const double error =
      std::fabs(a.value - b.value) > a.error() + b.error() ? chosen.error() : std::max(a.error(), b.error());
  return {chosen.value, error, std::max(a.unit, b.unit)};
}
inline Bounded minimum(const Bounded& a, const Bounded& b) { return -maximum(-a, -b); }

// A function that is constant between its jumps.
inline Bounded step_function(const Bounded& x, double (*f)(double)) {
  const double y = f(x.value), e = x.error();
  if (e != 0 && (f(x.value - e) != y || f(x.value + e) != y)) throw Ambiguous("a step within its error");
  return y;
}

inline void decide(const Bounded& a, const Bounded& b) { bounded::decide(a, b); }
inline Bounded without_tangent(const Bounded& x) { return x; }

}  // namespace gradus::evaluate
