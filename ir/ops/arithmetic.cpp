// Elementwise ops of two and three operands: arithmetic, comparisons, logic, select, clamp; and cast.
#include <fmt/format.h>

#include <limits>

#include "ir/build.h"
#include "ir/ops/check.h"
#include "ir/ops/elementwise.h"
#include "ir/ops/ops.h"

namespace gradus::ops {

namespace {

using loop::ScalarOp;
using Use = const GradientUse&;

Op binary(OpId id, const char* summary, const char* formula, Traits traits, ScalarOp scalar,
          Differentiation differentiation, bool integers = true) {
  return {.id = id,
          .family = OpFamily::elementwise,
          .traits = elementwise(traits),
          .summary = summary,
          .formula = formula,
          .min_operands = 2,
          .max_operands = 2,
          .attributes = {},
          .infer = integers ? infer_number : infer_float,
          .differentiation = std::move(differentiation),
          .evaluate = nullptr,
          .scalar = scalar_of(scalar)};
}

Op predicate(OpId id, const char* summary, const char* formula, ScalarOp scalar) {
  return {.id = id,
          .family = OpFamily::elementwise,
          .traits = elementwise({.compares = true}),
          .summary = summary,
          .formula = formula,
          .min_operands = 2,
          .max_operands = 2,
          .attributes = {},
          .infer = infer_comparison,
          .differentiation = PiecewiseConstant{},
          .evaluate = nullptr,
          .scalar = scalar_of(scalar)};
}

Op logic(OpId id, const char* summary, const char* formula, ScalarOp scalar, int operands) {
  return {.id = id,
          .family = OpFamily::elementwise,
          .traits = elementwise(),
          .summary = summary,
          .formula = formula,
          .min_operands = operands,
          .max_operands = operands,
          .attributes = {},
          .infer = infer_logical,
          .differentiation = PiecewiseConstant{},
          .evaluate = nullptr,
          .scalar = scalar_of(scalar)};
}

Op shift(OpId id, const char* summary, const char* formula, ScalarOp scalar) {
  return {.id = id,
          .family = OpFamily::elementwise,
          .traits = elementwise(),
          .summary = summary,
          .formula = formula,
          .min_operands = 2,
          .max_operands = 2,
          .attributes = {},
          .infer = infer_integer,
          .differentiation = PiecewiseConstant{},
          .evaluate = nullptr,
          .scalar = scalar_of(scalar)};
}

Value power_by_base(Use use) {
  GraphBuilder& b = use.builder;
  const Value x = use.operand(0), y = use.operand(1);
  if (const std::optional<double> known = build::known_splat(b, y)) {
    if (*known == 0) return number_like_result(use, 0);
    if (*known == 1) return number_like_result(use, 1);
    if (*known == 2) return build::mul(b, x, 2);
    if (*known < 0)  // the power by the next lower exponent would underflow
      return build::div(b, build::mul(b, use.result(), *known), x);
    const auto slope = [exponent = *known](Use u, Value base) {
      const Value lower = build::binary(u.builder, OpId::pow, base, number_like_result(u, exponent - 1));
      return build::mul(u.builder, lower, exponent);
    };
    return *known < 1 ? slope_unless_at_rest(use, x, slope) : slope(use, x);
  }
  // x⁰ is constant, also at x = 0 where x⁻¹ is infinite; elsewhere the power must stay, since its derivative
  // by y is not 0 at y = 0.
  const Value zero = number_like_result(use, 0);
  const Value both_zero = build::binary(b, OpId::logical_and, build::binary(b, OpId::equal, x, zero),
                                        build::binary(b, OpId::equal, y, zero));
  const Value base = build::select(b, both_zero, number_like_result(use, 1), x);
  return build::mul(b, y, build::binary(b, OpId::pow, base, build::add(b, y, -1)));
}

// 0ʸ is 0 for every y > 0: the derivative by y is 0 there, not 0 · ln 0.
Value power_by_exponent(Use use) {
  GraphBuilder& b = use.builder;
  const Value x = use.operand(0);
  const Value is_zero = build::binary(b, OpId::equal, x, number_like_result(use, 0));
  const Value safe = build::select(b, is_zero, number_like_result(use, 1), x);
  return build::mul(b, use.result(), build::unary(b, OpId::log, safe));
}

// -⌊a / b⌋ of the exact quotient, as the value has it; the rounded one may be the next whole number. An
// infinite divisor takes all of the remainder.
Value negated_whole_quotient(Use use) {
  GraphBuilder& b = use.builder;
  const Value x = use.operand(0), y = use.operand(1), rest = use.result();
  const Value exact = build::unary(b, OpId::round, build::div(b, build::sub(b, x, rest), y));
  const Value rounded = build::unary(b, OpId::floor, build::div(b, x, y));
  return build::neg(b, build::select(b, b.add(OpId::is_finite, {rest}), exact, rounded));
}

// x / (x² + y²) for y and -y / (x² + y²) for x, divided by the larger of |x| and |y| first: squares would
// leave the range. The quotient does not depend on what it is divided by. At infinity it is 0.
Value atan2_partial(Use use, size_t numerator, bool negative) {
  GraphBuilder& b = use.builder;
  const Value y = use.operand(0), x = use.operand(1);
  const Value larger =
      build::binary(b, OpId::maximum, build::unary(b, OpId::abs, x), build::unary(b, OpId::abs, y));
  const Value scale = build::unary(b, OpId::stop_gradient, larger);
  const Value norm =
      build::add(b, build::mul(b, x, build::div(b, x, scale)), build::mul(b, y, build::div(b, y, scale)));
  const Value ratio = build::div(b, build::div(b, use.operand(numerator), scale), norm);
  const Value infinity = number_like_result(use, std::numeric_limits<double>::infinity());
  const Value slope =
      build::select(b, build::binary(b, OpId::equal, scale, infinity), number_like_result(use, 0), ratio);
  return negative ? build::neg(b, slope) : slope;
}

std::vector<Type> infer_select(const OpUse& use) {
  check_bool(use, 0);
  check_same_types(use, 1);
  if (use.operands[0].shape != use.operands[1].shape)
    shape_error(use, fmt::format("shapes differ: {}", operand_types(use)),
                "nothing broadcasts by itself: use broadcast");
  return {Type(use.operands[1].element, use.operands[1].shape)};
}

Value select_transpose(Use use, size_t operand) {
  const Value zero = number_like_result(use, 0);
  return operand == 1 ? build::select(use.builder, use.operand(0), use.adjoint(), zero)
                      : build::select(use.builder, use.operand(0), zero, use.adjoint());
}

// 1 where both hold: one condition, which masks an adjoint that may be infinite.
Value both(Use use, Value a, Value b) {
  return build::select(use.builder, build::binary(use.builder, OpId::logical_and, a, b),
                       number_like_result(use, 1), number_like_result(use, 0));
}

loop::Expression clamp_scalar(std::span<const loop::Expression> x, const Attributes&) {
  return loop::make(ScalarOp::minimum, {loop::make(ScalarOp::maximum, {x[0], x[1]}), x[2]});
}

// Where neither is 0 the product is; a comparison and a multiplication under its mask.
loop::Expression mul_no_nan_scalar(std::span<const loop::Expression> x, const Attributes&) {
  const loop::Expression zero = loop::constant(x[0]->type, 0);
  const loop::Expression has_zero =
      loop::make(ScalarOp::logical_or,
                 {loop::make(ScalarOp::equal, {x[0], zero}), loop::make(ScalarOp::equal, {x[1], zero})});
  return loop::make(ScalarOp::select, {has_zero, zero, x[0] * x[1]});
}

Value negated_quotient(Use use) {
  return build::neg(use.builder, build::div(use.builder, use.result(), use.operand(1)));
}

}  // namespace

const Op add = binary(OpId::add, "Sum.", "y_i = a_i + b_i", {}, ScalarOp::add,
                      Transpose{[](Use use, size_t) { return use.adjoint(); }, {0, 1}});

const Op sub =
    binary(OpId::sub, "Difference.", "y_i = a_i - b_i", {}, ScalarOp::subtract,
           Transpose{[](Use use, size_t operand) {
                       return operand == 0 ? use.adjoint() : build::neg(use.builder, use.adjoint());
                     },
                     {0, 1}});

const Op mul =
    binary(OpId::mul, "Product.", "y_i = a_i b_i", {}, ScalarOp::multiply,
           Partials{{[](Use use) { return use.operand(1); }, [](Use use) { return use.operand(0); }}});

const Op mul_no_nan = [] {
  Op op =
      binary(OpId::mul_no_nan,
             "Product of an adjoint and a slope: 0 where either is 0, even if the other is infinite or NaN.",
             "y_i = a_i b_i, 0 · ∞ = 0", {}, ScalarOp::multiply, mul.differentiation, false);
  op.scalar = mul_no_nan_scalar;
  return op;
}();

const Op div = binary(
    OpId::div, "Quotient; of integers, rounded down (and 0 where the divisor is 0).", "y_i = a_i / b_i",
    {.cost = Cost::moderate}, ScalarOp::divide,
    Partials{{[](Use use) { return build::div(use.builder, number_like_result(use, 1), use.operand(1)); },
              negated_quotient}});

const Op rem =
    binary(OpId::rem, "Remainder with the sign of the divisor; of integers, 0 where the divisor is 0.",
           "y_i = a_i - ⌊a_i / b_i⌋ b_i", {.cost = Cost::moderate}, ScalarOp::remainder,
           Partials{{[](Use use) { return number_like_result(use, 1); }, negated_whole_quotient}});

const Op pow = binary(OpId::pow, "Power.", "y_i = a_i^b_i", {.cost = Cost::costly, .compares = true},
                      ScalarOp::power, Partials{{power_by_base, power_by_exponent}});

const Op maximum = binary(
    OpId::maximum, "The larger one, the first on a tie; NaN if either is NaN.", "y_i = max(a_i, b_i)",
    {.keeps_finite = true, .compares = true}, ScalarOp::maximum,
    Partials{{[](Use use) { return indicator(use, OpId::greater_equal, use.operand(0), use.operand(1)); },
              [](Use use) { return indicator(use, OpId::less, use.operand(0), use.operand(1)); }}});

const Op minimum =
    binary(OpId::minimum, "The smaller one, the first on a tie; NaN if either is NaN.", "y_i = min(a_i, b_i)",
           {.keeps_finite = true, .compares = true}, ScalarOp::minimum,
           Partials{{[](Use use) { return indicator(use, OpId::less_equal, use.operand(0), use.operand(1)); },
                     [](Use use) { return indicator(use, OpId::greater, use.operand(0), use.operand(1)); }}});

const Op atan2 = binary(OpId::atan2, "The angle of the point (b, a), in radians.", "y_i = arg(b_i + i a_i)",
                        {.cost = Cost::costly}, ScalarOp::atan2,
                        Partials{{[](Use use) { return atan2_partial(use, 1, false); },
                                  [](Use use) { return atan2_partial(use, 0, true); }}},
                        false);

const Op equal =
    predicate(OpId::equal, "Whether two elements are equal.", "y_i = a_i == b_i", ScalarOp::equal);
const Op not_equal =
    predicate(OpId::not_equal, "Whether two elements differ.", "y_i = a_i != b_i", ScalarOp::not_equal);
const Op less = predicate(OpId::less, "Whether the first is smaller.", "y_i = a_i < b_i", ScalarOp::less);
const Op less_equal = predicate(OpId::less_equal, "Whether the first is smaller or equal.",
                                "y_i = a_i <= b_i", ScalarOp::less_equal);
const Op greater =
    predicate(OpId::greater, "Whether the first is larger.", "y_i = a_i > b_i", ScalarOp::greater);
const Op greater_equal = predicate(OpId::greater_equal, "Whether the first is larger or equal.",
                                   "y_i = a_i >= b_i", ScalarOp::greater_equal);

const Op logical_and =
    logic(OpId::logical_and, "Both; of integers, bit by bit.", "y_i = a_i ∧ b_i", ScalarOp::logical_and, 2);
const Op logical_or = logic(OpId::logical_or, "Either or both; of integers, bit by bit.", "y_i = a_i ∨ b_i",
                            ScalarOp::logical_or, 2);
const Op logical_xor = logic(OpId::logical_xor, "Exactly one of two; of integers, bit by bit.",
                             "y_i = a_i ⊕ b_i", ScalarOp::logical_xor, 2);
const Op logical_not = logic(OpId::logical_not, "The opposite; of integers, bit by bit.", "y_i = ¬a_i",
                             ScalarOp::logical_not, 1);

const Op shift_left =
    shift(OpId::shift_left, "Bits moved up; 0 if the shift is negative or not below the width.",
          "y_i = a_i · 2^b_i", ScalarOp::shift_left);
const Op shift_right_logical =
    shift(OpId::shift_right_logical,
          "Bits moved down, zeros coming in; 0 if the shift is negative or not below the width.",
          "y_i = ⌊(a_i as unsigned) / 2^b_i⌋", ScalarOp::shift_right_logical);

const Op select = {
    .id = OpId::select,
    .family = OpFamily::elementwise,
    .traits = elementwise({.keeps_finite = true}),
    .summary = "The second operand where the condition holds, else the third.",
    .formula = "y_i = a_i if c_i, else b_i",
    .min_operands = 3,
    .max_operands = 3,
    .attributes = {},
    .infer = infer_select,
    .differentiation = Transpose{select_transpose, {1, 2}},
    .evaluate = nullptr,
    .scalar = scalar_of(ScalarOp::select),
};

const Op clamp = {
    .id = OpId::clamp,
    .family = OpFamily::elementwise,
    .traits = elementwise({.keeps_finite = true, .finite_at_infinity = true}),
    .summary = "A value kept within bounds; at a bound the derivative belongs to the value.",
    .formula = "y_i = min(max(x_i, low_i), high_i)",
    .min_operands = 3,
    .max_operands = 3,
    .attributes = {},
    .infer = infer_number,
    .differentiation = Partials{{[](Use use) {
                                   GraphBuilder& b = use.builder;
                                   const Value x = use.operand(0);
                                   return both(use, build::binary(b, OpId::greater_equal, x, use.operand(1)),
                                               build::binary(b, OpId::less_equal, x, use.operand(2)));
                                 },
                                 [](Use use) {
                                   GraphBuilder& b = use.builder;
                                   const Value low = use.operand(1);
                                   return both(use, build::binary(b, OpId::less, use.operand(0), low),
                                               build::binary(b, OpId::less_equal, low, use.operand(2)));
                                 },
                                 [](Use use) {
                                   const Value bounded = build::binary(use.builder, OpId::maximum,
                                                                       use.operand(0), use.operand(1));
                                   return indicator(use, OpId::greater, bounded, use.operand(2));
                                 }}},
    .evaluate = nullptr,
    .scalar = clamp_scalar,
};

const Op cast = {
    .id = OpId::cast,
    .family = OpFamily::elementwise,
    .traits = elementwise(),
    .summary =
        "Conversion to another element type: between floats rounding to nearest; float to integer "
        "truncating, "
        "saturating, NaN giving 0; to bool: not 0; integers wrap.",
    .formula = "y_i = x_i as `to`",
    .min_operands = 1,
    .max_operands = 1,
    .attributes = {{"to", "element type of the result", ElementType::f32}},
    .infer = [](const OpUse& use) -> std::vector<Type> {
      return {Type(use.attributes.element_type("to"), use.operands[0].shape)};
    },
    .differentiation = Transpose{[](Use use, size_t) {
                                   const ElementType from = use.builder.type(use.operand(0)).element;
                                   return is_float(use.node.types[0].element)
                                              ? build::cast(use.builder, from, use.adjoint())
                                              : Value{};
                                 },
                                 {0}},
    .evaluate = nullptr,
    .scalar = [](std::span<const loop::Expression> x,
                 const Attributes& attributes) { return loop::cast(attributes.element_type("to"), x[0]); },
};

}  // namespace gradus::ops
