// Scalar expressions: the leaves of loop IR, and the meaning of elementwise ops (ir/op.h), which the
// evaluator interprets over double, dual and complex numbers and code generation emits as vectors.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ir/type.h"

namespace gradus::loop {

// Every scalar operation there is. Float operations work on f32 and f64 alike; integer ones wrap.
enum class ScalarOp : uint8_t {
  // leaves
  constant,  // number (float) or integer (integers, bool)
  argument,  // integer = position: a placeholder in an op's scalar rule
  index,     // integer = id of a loop variable or let-bound value of that type
  load,      // element of a buffer: integer = buffer id, operands = indices (i64), one per axis
  // unary
  negate,
  absolute,
  sign,
  floor,
  ceil,
  round /* half to even */,
  sqrt,
  exp,
  expm1,
  log,
  log1p,
  cbrt,
  sin,
  cos,
  tan,
  asin,
  acos,
  atan,
  sinh,
  cosh,
  tanh,
  erf,
  sigmoid,
  is_finite,
  logical_not,
  // binary; min and max return the first operand on a tie and NaN if either operand is NaN
  add,
  subtract,
  multiply,
  divide /* integers: floor */,
  remainder /* sign of the divisor */,
  power,
  atan2,
  minimum,
  maximum,
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  logical_and /* integers: bitwise */,
  logical_or,
  logical_xor,
  shift_left,
  shift_right_logical,
  // ternary
  select,        // condition, if true, if false
  multiply_add,  // a * b + c, rounded once where the target has fused multiply-add
  // others
  cast,         // to the expression's type: float to integer truncates, saturating; NaN gives 0
  random_bits,  // seed, step, site, scan index, element (all i64): i32, Philox 4x32-10 as DESIGN.md fixes it
};

std::string_view name(ScalarOp op);
std::optional<ScalarOp> scalar_op_named(std::string_view name);
int arity(ScalarOp op);  // -1: any number (load)

struct ExpressionNode;
using Expression = std::shared_ptr<const ExpressionNode>;

struct ExpressionNode {
  ScalarOp op = ScalarOp::constant;
  ElementType type = ElementType::f32;
  std::vector<Expression> operands;
  double number = 0;
  int64_t integer = 0;
};

Expression constant(ElementType type, double value);
Expression constant_integer(ElementType type, int64_t value);
Expression argument(ElementType type, int position);
// Infers the type: comparisons and is_finite give bool, random_bits i32, select that of its second operand,
// everything else that of its first.
Expression make(ScalarOp op, std::vector<Expression> operands);
Expression cast(ElementType type, Expression operand);

// Shorthand for scalar rules and lowering. All fold integer constants, and x + 0, x * 1, x * 0 of integers.
Expression operator+(Expression a, Expression b);
Expression operator-(Expression a, Expression b);
Expression operator*(Expression a, Expression b);
Expression operator/(Expression a, Expression b);
Expression operator-(Expression a);

}  // namespace gradus::loop
