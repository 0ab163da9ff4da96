#include "frontend/language/elaborate/known_math.h"

#include <cmath>

namespace gradus::language {

double known_power(double base, double exponent) { return std::pow(base, exponent); }

std::optional<double> known_function(std::string_view name, double x) {
  if (name == "abs") return std::abs(x);
  if (name == "sign") return (x > 0 ? 1.0 : 0.0) - (x < 0 ? 1.0 : 0.0);
  if (name == "floor") return std::floor(x);
  if (name == "ceil") return std::ceil(x);
  if (name == "round") return std::nearbyint(x);
  if (name == "sqrt") return std::sqrt(x);
  if (name == "rsqrt") return 1 / std::sqrt(x);
  if (name == "exp") return std::exp(x);
  if (name == "log") return std::log(x);
  if (name == "sin") return std::sin(x);
  if (name == "cos") return std::cos(x);
  if (name == "tanh") return std::tanh(x);
  return std::nullopt;
}

}  // namespace gradus::language
