#include "ir/loop/expression.h"

#include <array>

#include "ir/error.h"
#include "ir/evaluate/rule.h"

namespace gradus::loop {

namespace {

struct ScalarOpRecord {
  ScalarOp op;
  std::string_view name;
  int arity;
};

constexpr std::array records = {
    ScalarOpRecord{ScalarOp::constant, "constant", 0},
    ScalarOpRecord{ScalarOp::argument, "argument", 0},
    ScalarOpRecord{ScalarOp::index, "index", 0},
    ScalarOpRecord{ScalarOp::load, "load", -1},
    ScalarOpRecord{ScalarOp::negate, "negate", 1},
    ScalarOpRecord{ScalarOp::absolute, "absolute", 1},
    ScalarOpRecord{ScalarOp::sign, "sign", 1},
    ScalarOpRecord{ScalarOp::floor, "floor", 1},
    ScalarOpRecord{ScalarOp::ceil, "ceil", 1},
    ScalarOpRecord{ScalarOp::round, "round", 1},
    ScalarOpRecord{ScalarOp::sqrt, "sqrt", 1},
    ScalarOpRecord{ScalarOp::exp, "exp", 1},
    ScalarOpRecord{ScalarOp::expm1, "expm1", 1},
    ScalarOpRecord{ScalarOp::log, "log", 1},
    ScalarOpRecord{ScalarOp::log1p, "log1p", 1},
    ScalarOpRecord{ScalarOp::cbrt, "cbrt", 1},
    ScalarOpRecord{ScalarOp::sin, "sin", 1},
    ScalarOpRecord{ScalarOp::cos, "cos", 1},
    ScalarOpRecord{ScalarOp::tan, "tan", 1},
    ScalarOpRecord{ScalarOp::asin, "asin", 1},
    ScalarOpRecord{ScalarOp::acos, "acos", 1},
    ScalarOpRecord{ScalarOp::atan, "atan", 1},
    ScalarOpRecord{ScalarOp::sinh, "sinh", 1},
    ScalarOpRecord{ScalarOp::cosh, "cosh", 1},
    ScalarOpRecord{ScalarOp::tanh, "tanh", 1},
    ScalarOpRecord{ScalarOp::erf, "erf", 1},
    ScalarOpRecord{ScalarOp::sigmoid, "sigmoid", 1},
    ScalarOpRecord{ScalarOp::is_finite, "is_finite", 1},
    ScalarOpRecord{ScalarOp::logical_not, "logical_not", 1},
    ScalarOpRecord{ScalarOp::add, "add", 2},
    ScalarOpRecord{ScalarOp::subtract, "subtract", 2},
    ScalarOpRecord{ScalarOp::multiply, "multiply", 2},
    ScalarOpRecord{ScalarOp::divide, "divide", 2},
    ScalarOpRecord{ScalarOp::remainder, "remainder", 2},
    ScalarOpRecord{ScalarOp::power, "power", 2},
    ScalarOpRecord{ScalarOp::atan2, "atan2", 2},
    ScalarOpRecord{ScalarOp::minimum, "minimum", 2},
    ScalarOpRecord{ScalarOp::maximum, "maximum", 2},
    ScalarOpRecord{ScalarOp::equal, "equal", 2},
    ScalarOpRecord{ScalarOp::not_equal, "not_equal", 2},
    ScalarOpRecord{ScalarOp::less, "less", 2},
    ScalarOpRecord{ScalarOp::less_equal, "less_equal", 2},
    ScalarOpRecord{ScalarOp::greater, "greater", 2},
    ScalarOpRecord{ScalarOp::greater_equal, "greater_equal", 2},
    ScalarOpRecord{ScalarOp::logical_and, "logical_and", 2},
    ScalarOpRecord{ScalarOp::logical_or, "logical_or", 2},
    ScalarOpRecord{ScalarOp::logical_xor, "logical_xor", 2},
    ScalarOpRecord{ScalarOp::shift_left, "shift_left", 2},
    ScalarOpRecord{ScalarOp::shift_right_logical, "shift_right_logical", 2},
    ScalarOpRecord{ScalarOp::select, "select", 3},
    ScalarOpRecord{ScalarOp::multiply_add, "multiply_add", 3},
    ScalarOpRecord{ScalarOp::cast, "cast", 1},
    ScalarOpRecord{ScalarOp::random_bits, "random_bits", 5},
};

constexpr bool in_order() {
  for (size_t i = 0; i < records.size(); ++i)
    if (static_cast<size_t>(records[i].op) != i) return false;
  return records.size() == static_cast<size_t>(ScalarOp::random_bits) + 1;
}
static_assert(in_order(), "one record per ScalarOp, in the order of the enumeration");

ElementType inferred(ScalarOp op, const std::vector<Expression>& operands) {
  switch (op) {
    case ScalarOp::is_finite:
    case ScalarOp::equal:
    case ScalarOp::not_equal:
    case ScalarOp::less:
    case ScalarOp::less_equal:
    case ScalarOp::greater:
    case ScalarOp::greater_equal:
      return ElementType::boolean;
    case ScalarOp::random_bits:
      return ElementType::i32;
    case ScalarOp::select:
      return operands[1]->type;
    default:
      return operands[0]->type;
  }
}

bool is_known(const Expression& e) { return e->op == ScalarOp::constant && is_integer(e->type); }
bool is_known(const Expression& e, int64_t value) { return is_known(e) && e->integer == value; }

int64_t wrapped(ElementType type, uint64_t value) {
  switch (type) {
    case ElementType::i32:
      return static_cast<int32_t>(value);
    case ElementType::i8:
      return static_cast<int8_t>(value);
    case ElementType::u8:
      return static_cast<uint8_t>(value);
    default:
      return static_cast<int64_t>(value);
  }
}

uint64_t bits(const Expression& e) { return static_cast<uint64_t>(e->integer); }

}  // namespace

std::string_view name(ScalarOp op) { return records[static_cast<size_t>(op)].name; }

std::optional<ScalarOp> scalar_op_named(std::string_view name) {
  for (const auto& record : records)
    if (record.name == name) return record.op;
  return std::nullopt;
}

int arity(ScalarOp op) { return records[static_cast<size_t>(op)].arity; }

Expression constant(ElementType type, double value) {
  ExpressionNode node;
  node.type = type;
  if (is_float(type))
    node.number = evaluate::round_number(type, value);
  else
    node.integer = static_cast<int64_t>(value);
  return std::make_shared<const ExpressionNode>(std::move(node));
}

Expression constant_integer(ElementType type, int64_t value) {
  if (is_float(type)) return constant(type, static_cast<double>(value));
  ExpressionNode node;
  node.type = type;
  node.integer = type == ElementType::boolean ? value != 0 : wrapped(type, static_cast<uint64_t>(value));
  return std::make_shared<const ExpressionNode>(std::move(node));
}

Expression argument(ElementType type, int position) {
  ExpressionNode node;
  node.op = ScalarOp::argument;
  node.type = type;
  node.integer = position;
  return std::make_shared<const ExpressionNode>(std::move(node));
}

Expression make(ScalarOp op, std::vector<Expression> operands) {
  if (operands.empty() || op == ScalarOp::load || op == ScalarOp::cast)
    fail_internal("the type of scalar '" + std::string(name(op)) + "' cannot be inferred");
  if (arity(op) != static_cast<int>(operands.size()))
    fail_internal("scalar '" + std::string(name(op)) + "' has the wrong number of operands");
  ExpressionNode node;
  node.op = op;
  node.type = inferred(op, operands);
  node.operands = std::move(operands);
  return std::make_shared<const ExpressionNode>(std::move(node));
}

Expression cast(ElementType type, Expression operand) {
  if (operand->type == type) return operand;
  if (is_known(operand) && is_integer(type)) return constant_integer(type, operand->integer);
  ExpressionNode node;
  node.op = ScalarOp::cast;
  node.type = type;
  node.operands = {std::move(operand)};
  return std::make_shared<const ExpressionNode>(std::move(node));
}

Expression operator+(Expression a, Expression b) {
  if (is_known(a) && is_known(b)) return constant_integer(a->type, wrapped(a->type, bits(a) + bits(b)));
  if (is_known(a, 0)) return b;
  if (is_known(b, 0)) return a;
  return make(ScalarOp::add, {std::move(a), std::move(b)});
}

Expression operator-(Expression a, Expression b) {
  if (is_known(a) && is_known(b)) return constant_integer(a->type, wrapped(a->type, bits(a) - bits(b)));
  if (is_known(b, 0)) return a;
  return make(ScalarOp::subtract, {std::move(a), std::move(b)});
}

Expression operator*(Expression a, Expression b) {
  if (is_known(a) && is_known(b)) return constant_integer(a->type, wrapped(a->type, bits(a) * bits(b)));
  if (is_known(a, 0) || is_known(b, 1)) return a;
  if (is_known(b, 0) || is_known(a, 1)) return b;
  return make(ScalarOp::multiply, {std::move(a), std::move(b)});
}

Expression operator/(Expression a, Expression b) {
  if (is_known(b, 1)) return a;
  if (is_known(a) && is_known(b) && b->integer > 0) {
    const int64_t quotient = a->integer / b->integer;
    return constant_integer(a->type, quotient - (a->integer % b->integer < 0));
  }
  return make(ScalarOp::divide, {std::move(a), std::move(b)});
}

Expression operator-(Expression a) {
  if (is_known(a)) return constant_integer(a->type, wrapped(a->type, uint64_t{0} - bits(a)));
  return make(ScalarOp::negate, {std::move(a)});
}

}  // namespace gradus::loop
