// Elementwise functions of one float. Partials reuse the forward result where they can.
#include <cmath>
#include <numbers>

#include "ir/build.h"
#include "ir/ops/elementwise.h"
#include "ir/ops/ops.h"

namespace gradus::ops {

namespace {

using loop::ScalarOp;
using Use = const GradientUse&;

Value square(Use use, Value x) { return build::mul(use.builder, x, x); }
Value one_minus(Use use, Value x) { return build::sub(use.builder, number_like_result(use, 1), x); }
Value one_plus(Use use, Value x) { return build::add(use.builder, number_like_result(use, 1), x); }
Value reciprocal(Use use, Value x) { return build::div(use.builder, number_like_result(use, 1), x); }
Value sqrt_of(Use use, Value x) { return build::unary(use.builder, OpId::sqrt, x); }
// √(1 - x²) without cancellation near ±1
Value root_of_one_minus_square(Use use) {
  const Value x = use.operand(0);
  return sqrt_of(use, build::mul(use.builder, one_minus(use, x), one_plus(use, x)));
}

// height · e^(-steepness x²)
Value bell(Use use, double height, double steepness) {
  const Value minus_square = build::neg(use.builder, square(use, use.operand(0)));
  const Value exponent = steepness == 1 ? minus_square : build::mul(use.builder, minus_square, steepness);
  return build::mul(use.builder, build::unary(use.builder, OpId::exp, exponent),
                    number_like_result(use, height));
}

constexpr Traits bounded = {.cost = Cost::costly, .keeps_finite = true, .finite_at_infinity = true};

Op smooth(OpId id, const char* summary, const char* formula, Traits traits, ScalarOp scalar,
          Partial partial) {
  return {.id = id,
          .family = OpFamily::elementwise,
          .traits = elementwise(traits),
          .summary = summary,
          .formula = formula,
          .min_operands = 1,
          .max_operands = 1,
          .attributes = {},
          .infer = infer_float,
          .differentiation = Partials{{std::move(partial)}},
          .evaluate = nullptr,
          .scalar = scalar_of(scalar)};
}

// An integer is its own floor, ceiling and rounding.
ScalarRule whole_number(ScalarOp scalar) {
  return [scalar](std::span<const loop::Expression> x, const Attributes&) {
    return is_float(x[0]->type) || scalar == ScalarOp::sign ? loop::make(scalar, {x[0]}) : x[0];
  };
}

Op piecewise_constant(OpId id, const char* summary, const char* formula, Traits traits, ScalarOp scalar) {
  return {.id = id,
          .family = OpFamily::elementwise,
          .traits = elementwise(traits),
          .summary = summary,
          .formula = formula,
          .min_operands = 1,
          .max_operands = 1,
          .attributes = {},
          .infer = infer_number,
          .differentiation = PiecewiseConstant{},
          .evaluate = nullptr,
          .scalar = whole_number(scalar)};
}

// 1/√x as 1 / sqrt(x)
loop::Expression rsqrt_scalar(std::span<const loop::Expression> x, const Attributes&) {
  return loop::make(ScalarOp::divide, {loop::constant(x[0]->type, 1.0), loop::make(ScalarOp::sqrt, {x[0]})});
}

}  // namespace

const Op neg = {
    .id = OpId::neg,
    .family = OpFamily::elementwise,
    .traits = elementwise({.keeps_finite = true}),
    .summary = "Negation.",
    .formula = "y_i = -x_i",
    .min_operands = 1,
    .max_operands = 1,
    .attributes = {},
    .infer = infer_number,
    .differentiation = Transpose{[](Use use, size_t) { return build::neg(use.builder, use.adjoint()); }, {0}},
    .evaluate = nullptr,
    .scalar = scalar_of(ScalarOp::negate),
};

const Op abs = {
    .id = OpId::abs,
    .family = OpFamily::elementwise,
    .traits = elementwise({.keeps_finite = true}),
    .summary = "Absolute value; its derivative at 0 is 0.",
    .formula = "y_i = |x_i|",
    .min_operands = 1,
    .max_operands = 1,
    .attributes = {},
    .infer = infer_number,
    .differentiation =
        Partials{{[](Use use) { return build::unary(use.builder, OpId::sign, use.operand(0)); }}},
    .evaluate = nullptr,
    .scalar = scalar_of(ScalarOp::absolute),
};

const Op sign = piecewise_constant(OpId::sign, "-1, 0 or 1; NaN stays NaN.", "y_i = sign(x_i)",
                                   {.keeps_finite = true, .finite_at_infinity = true}, ScalarOp::sign);
const Op floor = piecewise_constant(OpId::floor, "The largest whole number not above.", "y_i = ⌊x_i⌋",
                                    {.keeps_finite = true}, ScalarOp::floor);
const Op ceil = piecewise_constant(OpId::ceil, "The smallest whole number not below.", "y_i = ⌈x_i⌉",
                                   {.keeps_finite = true}, ScalarOp::ceil);
const Op round = piecewise_constant(OpId::round, "The nearest whole number, halves to the even one.",
                                    "y_i = round(x_i)", {.keeps_finite = true}, ScalarOp::round);

const Op exp = smooth(OpId::exp, "Exponential function.", "y_i = e^x_i",
                      {.cost = Cost::costly, .finite_at_infinity = true}, ScalarOp::exp,
                      [](Use use) { return use.result(); });
const Op expm1 =
    smooth(OpId::expm1, "e^x - 1 without cancellation near 0.", "y_i = e^x_i - 1", {.cost = Cost::costly},
           ScalarOp::expm1, [](Use use) { return one_plus(use, use.result()); });
const Op log = smooth(OpId::log, "Natural logarithm.", "y_i = ln x_i", {.cost = Cost::costly}, ScalarOp::log,
                      [](Use use) { return reciprocal(use, use.operand(0)); });
const Op log1p =
    smooth(OpId::log1p, "ln(1 + x) without cancellation near 0.", "y_i = ln(1 + x_i)", {.cost = Cost::costly},
           ScalarOp::log1p, [](Use use) { return reciprocal(use, one_plus(use, use.operand(0))); });
const Op sqrt =
    smooth(OpId::sqrt, "Square root.", "y_i = √x_i", {.cost = Cost::moderate}, ScalarOp::sqrt, [](Use use) {
      return slope_unless_at_rest(use, use.result(), [](Use u, Value root) {
        return build::div(u.builder, number_like_result(u, 0.5), root);
      });
    });

const Op rsqrt = {
    .id = OpId::rsqrt,
    .family = OpFamily::elementwise,
    .traits = elementwise({.cost = Cost::moderate}),
    .summary = "Reciprocal of the square root.",
    .formula = "y_i = 1 / √x_i",
    .min_operands = 1,
    .max_operands = 1,
    .attributes = {},
    .infer = infer_float,
    .differentiation = Partials{{[](Use use) {
      const Value half = build::mul(use.builder, use.result(), number_like_result(use, -0.5));
      return build::div(use.builder, half, use.operand(0));
    }}},
    .evaluate = nullptr,
    .scalar = rsqrt_scalar,
};

const Op cbrt = smooth(OpId::cbrt, "Cube root, also of negative numbers.", "y_i = ∛x_i",
                       {.cost = Cost::costly, .keeps_finite = true}, ScalarOp::cbrt, [](Use use) {
                         return slope_unless_at_rest(use, use.result(), [](Use u, Value root) {
                           return build::div(u.builder, number_like_result(u, 1.0 / 3), square(u, root));
                         });
                       });
const Op sin = smooth(OpId::sin, "Sine, of radians.", "y_i = sin x_i",
                      {.cost = Cost::costly, .keeps_finite = true, .nan_at_infinity = true}, ScalarOp::sin,
                      [](Use use) { return build::unary(use.builder, OpId::cos, use.operand(0)); });
const Op cos = smooth(
    OpId::cos, "Cosine, of radians.", "y_i = cos x_i",
    {.cost = Cost::costly, .keeps_finite = true, .nan_at_infinity = true}, ScalarOp::cos,
    [](Use use) { return build::neg(use.builder, build::unary(use.builder, OpId::sin, use.operand(0))); });
const Op tan = smooth(OpId::tan, "Tangent, of radians.", "y_i = tan x_i", {.cost = Cost::costly},
                      ScalarOp::tan, [](Use use) { return one_plus(use, square(use, use.result())); });
const Op asin =
    smooth(OpId::asin, "Inverse sine, in radians.", "y_i = arcsin x_i", {.cost = Cost::costly},
           ScalarOp::asin, [](Use use) { return reciprocal(use, root_of_one_minus_square(use)); });
const Op acos =
    smooth(OpId::acos, "Inverse cosine, in radians.", "y_i = arccos x_i", {.cost = Cost::costly},
           ScalarOp::acos, [](Use use) {
             return build::div(use.builder, number_like_result(use, -1), root_of_one_minus_square(use));
           });
const Op atan =
    smooth(OpId::atan, "Inverse tangent, in radians.", "y_i = arctan x_i", bounded, ScalarOp::atan,
           [](Use use) { return reciprocal(use, one_plus(use, square(use, use.operand(0)))); });
const Op sinh =
    smooth(OpId::sinh, "Hyperbolic sine.", "y_i = sinh x_i", {.cost = Cost::costly}, ScalarOp::sinh,
           [](Use use) { return build::unary(use.builder, OpId::cosh, use.operand(0)); });
const Op cosh =
    smooth(OpId::cosh, "Hyperbolic cosine.", "y_i = cosh x_i", {.cost = Cost::costly}, ScalarOp::cosh,
           [](Use use) { return build::unary(use.builder, OpId::sinh, use.operand(0)); });
const Op tanh = smooth(OpId::tanh, "Hyperbolic tangent.", "y_i = tanh x_i", bounded, ScalarOp::tanh,
                       [](Use use) { return one_minus(use, square(use, use.result())); });
const Op erf = smooth(OpId::erf, "Error function.", "y_i = 2/√π ∫₀^x_i e^(-t²) dt", bounded, ScalarOp::erf,
                      [](Use use) { return bell(use, 2 * std::numbers::inv_sqrtpi, 1); });
const Op sigmoid = smooth(OpId::sigmoid, "Logistic function, without overflow on either side.",
                          "y_i = 1 / (1 + e^-x_i)", bounded, ScalarOp::sigmoid, [](Use use) {
                            return build::mul(use.builder, use.result(), one_minus(use, use.result()));
                          });

// Branches rather than |x|, so that dual numbers see the smooth function at 0.
loop::Expression softplus_scalar(std::span<const loop::Expression> arguments, const Attributes&) {
  const loop::Expression& x = arguments[0];
  const loop::Expression zero = loop::constant(x->type, 0);
  const loop::Expression positive = loop::make(ScalarOp::greater, {x, zero});
  const loop::Expression decay = loop::make(ScalarOp::exp, {loop::make(ScalarOp::select, {positive, -x, x})});
  return loop::make(ScalarOp::select, {positive, x, zero}) + loop::make(ScalarOp::log1p, {decay});
}

const Op softplus = [] {
  Op op = smooth(OpId::softplus, "Logarithm of 1 + e^x without overflow: -log(1 - sigmoid(x)).",
                 "y_i = log(1 + e^x_i)", {.cost = Cost::costly, .keeps_finite = true}, ScalarOp::log1p,
                 [](Use use) { return build::unary(use.builder, OpId::sigmoid, use.operand(0)); });
  op.scalar = softplus_scalar;
  return op;
}();

// c₀ + c₁ x + c₂ x² + …
loop::Expression polynomial(const loop::Expression& x, std::span<const double> coefficients) {
  loop::Expression sum = loop::constant(x->type, coefficients.back());
  for (size_t i = coefficients.size() - 1; i-- > 0;)
    sum = loop::make(ScalarOp::multiply_add, {sum, x, loop::constant(x->type, coefficients[i])});
  return sum;
}

// For m = |x| the smaller tail is e^(-m²/2) / (m + 4) times a smooth function of (m - 4) / (m + 4),
// interpolated at Chebyshev nodes with 60 digits. m² is taken with its rounding error, which the exponential
// would magnify.
loop::Expression normal_cdf_scalar(std::span<const loop::Expression> arguments, const Attributes&) {
  static constexpr auto in_f64 = std::to_array<double>(
      {0.7552851304157515,     -0.607896641971891,      0.3871374007422045,      -0.1865218579597736,
       0.06039657489137532,    -0.00754018896310587,    -0.003479692374410255,   0.0016308184055919227,
       0.00013334436347723014, -0.00023109452349699203, -1.9084176255120743e-06, 3.514272874233549e-05,
       7.166154819147747e-07,  -5.914380081034766e-06,  -6.277422341697653e-07,  1.0109156422074605e-06,
       2.654359145965975e-07,  -1.4350074067758307e-07, -7.548408794530701e-08,  7.275819365679484e-09,
       1.1778492581634052e-08, 2.1976330925973466e-09});
  static constexpr auto in_f32 = std::to_array<double>(
      {0.7552851306230107, -0.6078966590908522, 0.3871373679985599, -0.18652128140252128, 0.06039753308782922,
       -0.00754526826571505, -0.003489317276115056, 0.001645219297359636, 0.00017105461158686258,
       -0.0002317986783423407, -5.1556593298561416e-05});
  const loop::Expression& x = arguments[0];
  const auto number = [&](double value) { return loop::constant(x->type, value); };
  const bool wide = x->type == ElementType::f64;
  const loop::Expression end = number(wide ? 39 : 15);  // from there on the tail is 0
  const loop::Expression positive = loop::make(ScalarOp::greater, {x, number(0)});
  const loop::Expression size = loop::make(ScalarOp::select, {positive, x, -x});
  const loop::Expression m =
      loop::make(ScalarOp::select, {loop::make(ScalarOp::greater, {size, end}), end, size});
  const loop::Expression square = m * m;
  const loop::Expression rest = loop::make(ScalarOp::multiply_add, {m, m, -square});
  const loop::Expression decay = loop::make(ScalarOp::exp, {square * number(-0.5)});
  const loop::Expression t = (m - number(4)) / (m + number(4));
  const loop::Expression smooth = polynomial(t, wide ? std::span<const double>(in_f64) : in_f32);
  const loop::Expression near = decay * smooth / (m + number(4));
  const loop::Expression tail = loop::make(ScalarOp::multiply_add, {near, rest * number(-0.5), near});
  return loop::make(ScalarOp::select, {positive, number(1) - tail, tail});
}

const Op normal_cdf = [] {
  Op op =
      smooth(OpId::normal_cdf, "Probability that a standard normal number is at most x, exact in both tails.",
             "y_i = 1/√(2π) ∫_-∞^x_i e^(-t²/2) dt", bounded, ScalarOp::exp,
             [](Use use) { return bell(use, std::numbers::inv_sqrtpi / std::numbers::sqrt2, 0.5); });
  op.scalar = normal_cdf_scalar;
  return op;
}();

const Op is_finite = {
    .id = OpId::is_finite,
    .family = OpFamily::elementwise,
    .traits = elementwise({.keeps_finite = true, .finite_at_infinity = true, .compares = true}),
    .summary = "Whether a number is neither infinite nor NaN; integers always are.",
    .formula = "y_i = |x_i| < ∞",
    .min_operands = 1,
    .max_operands = 1,
    .attributes = {},
    .infer = infer_comparison,
    .differentiation = PiecewiseConstant{},
    .evaluate = nullptr,
    .scalar = scalar_of(ScalarOp::is_finite),
};

}  // namespace gradus::ops
