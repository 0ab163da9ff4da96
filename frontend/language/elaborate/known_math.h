// Arithmetic of known numbers: what compiled code makes of the same tensors, by its expansions, never the
// host's libm.
#pragma once

#include <optional>
#include <string_view>

#include "frontend/language/syntax.h"

namespace gradus::language {

double known_minimum(double a, double b);
double known_maximum(double a, double b);
double known_power(double base, double exponent);
// base ^ 1 … base ^ 4 are products, of tensors and of known numbers alike; nullopt for other exponents.
template <class T, class Multiply>
std::optional<T> repeated_product(const T& base, int64_t exponent, Multiply multiply) {
  if (exponent < 1 || exponent > 4) return std::nullopt;
  if (exponent == 1) return base;
  const T square = multiply(base, base);
  return exponent == 2 ? square : multiply(square, exponent == 3 ? base : square);
}
// An operator from + to ^; nullopt for the others.
std::optional<double> known_operator(BinaryOperator op, double a, double b);
// An elementwise function of one number; nullopt if there is none of that name.
std::optional<double> known_function(std::string_view name, double x);

}  // namespace gradus::language
