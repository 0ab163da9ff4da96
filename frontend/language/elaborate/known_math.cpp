#include "frontend/language/elaborate/known_math.h"

#include <array>
#include <cmath>

#include "ir/math/host.h"

namespace gradus::language {

double known_power(double base, double exponent) {
  const std::array<double, 2> operands = {base, exponent};
  return math::apply(loop::ScalarOp::power, ElementType::f64, operands);
}

std::optional<double> known_function(std::string_view name, double x) {
  using loop::ScalarOp;
  struct Function {
    std::string_view name;
    ScalarOp op;
  };
  static constexpr Function functions[] = {
      {"abs", ScalarOp::absolute}, {"floor", ScalarOp::floor}, {"ceil", ScalarOp::ceil},
      {"round", ScalarOp::round},  {"sqrt", ScalarOp::sqrt},   {"exp", ScalarOp::exp},
      {"expm1", ScalarOp::expm1},  {"log", ScalarOp::log},     {"log1p", ScalarOp::log1p},
      {"cbrt", ScalarOp::cbrt},    {"sin", ScalarOp::sin},     {"cos", ScalarOp::cos},
      {"tan", ScalarOp::tan},      {"asin", ScalarOp::asin},   {"acos", ScalarOp::acos},
      {"atan", ScalarOp::atan},    {"sinh", ScalarOp::sinh},   {"cosh", ScalarOp::cosh},
      {"tanh", ScalarOp::tanh},    {"erf", ScalarOp::erf},     {"sigmoid", ScalarOp::sigmoid}};
  if (name == "sign") return (x > 0 ? 1.0 : 0.0) - (x < 0 ? 1.0 : 0.0);
  if (name == "rsqrt") return 1 / std::sqrt(x);
  const std::array<double, 1> operands = {x};
  for (const Function& function : functions)
    if (function.name == name) return math::apply(function.op, ElementType::f64, operands);
  return std::nullopt;
}

}  // namespace gradus::language
