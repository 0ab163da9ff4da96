#include "frontend/language/elaborate/known_math.h"

#include <array>

#include "ir/math/host.h"

namespace gradus::language {

using loop::ScalarOp;

namespace {

template <class... Numbers>
double apply(ScalarOp op, Numbers... operands) {
  return math::apply(op, ElementType::f64, std::array<double, sizeof...(Numbers)>{operands...});
}

}  // namespace

double known_minimum(double a, double b) { return apply(ScalarOp::minimum, a, b); }
double known_maximum(double a, double b) { return apply(ScalarOp::maximum, a, b); }
double known_power(double base, double exponent) { return apply(ScalarOp::power, base, exponent); }

std::optional<double> known_operator(BinaryOperator op, double a, double b) {
  switch (op) {
    case BinaryOperator::add:
      return apply(ScalarOp::add, a, b);
    case BinaryOperator::subtract:
      return apply(ScalarOp::subtract, a, b);
    case BinaryOperator::multiply:
      return apply(ScalarOp::multiply, a, b);
    case BinaryOperator::divide:
      return apply(ScalarOp::divide, a, b);
    case BinaryOperator::floor_divide:
      return apply(ScalarOp::floor, apply(ScalarOp::divide, a, b));
    case BinaryOperator::remainder:
      return apply(ScalarOp::remainder, a, b);
    case BinaryOperator::power:
      return known_power(a, b);
    default:
      return std::nullopt;
  }
}

std::optional<double> known_function(std::string_view name, double x) {
  struct Function {
    std::string_view name;
    ScalarOp op;
  };
  static constexpr Function functions[] = {
      {"abs", ScalarOp::absolute},   {"sign", ScalarOp::sign},   {"floor", ScalarOp::floor},
      {"ceil", ScalarOp::ceil},      {"round", ScalarOp::round}, {"sqrt", ScalarOp::sqrt},
      {"exp", ScalarOp::exp},        {"expm1", ScalarOp::expm1}, {"log", ScalarOp::log},
      {"log1p", ScalarOp::log1p},    {"cbrt", ScalarOp::cbrt},   {"sin", ScalarOp::sin},
      {"cos", ScalarOp::cos},        {"tan", ScalarOp::tan},     {"asin", ScalarOp::asin},
      {"acos", ScalarOp::acos},      {"atan", ScalarOp::atan},   {"sinh", ScalarOp::sinh},
      {"cosh", ScalarOp::cosh},      {"tanh", ScalarOp::tanh},   {"erf", ScalarOp::erf},
      {"sigmoid", ScalarOp::sigmoid}};
  if (name == "rsqrt") return apply(ScalarOp::divide, 1.0, apply(ScalarOp::sqrt, x));
  for (const Function& function : functions)
    if (function.name == name) return apply(function.op, x);
  return std::nullopt;
}

}  // namespace gradus::language
