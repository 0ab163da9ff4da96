#include <fmt/format.h>

#include "ir/loop/program_parser.h"
#include "ir/loop/text.h"
#include "ir/text/suggest.h"

namespace gradus::loop {

Expression ProgramParser::parse_typed(ElementType type) {
  const Token& token = peek();
  Expression expression = parse_expression(type);
  if (expression->type != type)
    error(token, fmt::format("the value is {}, expected {}", name(expression->type), name(type)),
          fmt::format("write cast(…, {}), or {}(…) around a literal", name(type), name(type)));
  return expression;
}

Expression ProgramParser::node(ScalarOp op, ElementType type, std::vector<Expression> operands,
                               int64_t integer) {
  ExpressionNode made;
  made.op = op;
  made.type = type;
  made.operands = std::move(operands);
  made.integer = integer;
  return std::make_shared<const ExpressionNode>(std::move(made));
}

std::optional<ScalarOp> ProgramParser::infix_at(int level) const {
  if (peek().kind != TokenKind::punctuation) return std::nullopt;
  for (int i = 0; i <= static_cast<int>(ScalarOp::random_bits); ++i)
    if (const auto op = static_cast<ScalarOp>(i); precedence(op) == level && infix(op) == peek().text)
      return op;
  return std::nullopt;
}

Expression ProgramParser::parse_expression(Expected expected, int level) {
  const Nested nested(depth_);
  if (depth_ > 10 * deepest_nesting)
    fail_with(peek(), fmt::format("an expression is nested more than {} deep", deepest_nesting));
  if (level > 3) return parse_unary(expected);
  Expression left = parse_expression(expected, level + 1);
  while (const auto op = infix_at(level)) {
    take();
    Expression right = parse_expression(left->type, level + 1);
    left = make(*op, {left, right});
    if (level == 1) break;
  }
  return left;
}

Expression ProgramParser::parse_unary(Expected expected) {
  if (at("-") && !is_literal(peek(1))) {
    take();
    const Nested nested(depth_);
    if (depth_ > 10 * deepest_nesting) fail_with(peek(), "too many signs");
    return make(ScalarOp::negate, {parse_unary(expected)});
  }
  return parse_primary(expected);
}

bool ProgramParser::is_literal(const Token& token) {
  return token.kind == TokenKind::integer || token.kind == TokenKind::number ||
         (token.kind == TokenKind::word && (token.text == "inf" || token.text == "nan"));
}

Expression ProgramParser::parse_literal(Expected expected, bool exact) {
  const AttributeValue value = parse_attribute_value();
  if (const double* number = std::get_if<double>(&value))
    return constant(exact && is_float(*expected) ? *expected : literal_type(true, expected), *number);
  const int64_t integer = std::get<int64_t>(value);
  return constant_integer(exact ? *expected : literal_type(false, expected), integer);
}

Expression ProgramParser::parse_primary(Expected expected) {
  const Token& token = peek();
  if (is_literal(token) || at("-")) return parse_literal(expected, false);
  if (accept("(")) {
    Expression inner = parse_expression(expected);
    expect(")");
    return inner;
  }
  if (token.kind == TokenKind::value) return parse_reference();
  if (token.kind != TokenKind::word) fail(token, "a value");
  if (accept("true")) return constant_integer(ElementType::boolean, 1);
  if (accept("false")) return constant_integer(ElementType::boolean, 0);
  if (const auto type = element_type_named(token.text); type && at("(", 1)) return parse_typed_literal(*type);
  return parse_call_of(token, expected);
}

Expression ProgramParser::parse_typed_literal(ElementType type) {
  take();
  take();
  if (!is_literal(peek()) && !(at("-") && is_literal(peek(1))))
    fail(peek(), "a literal", fmt::format("a conversion is written cast(…, {})", name(type)));
  const Token& token = peek();
  Expression literal = parse_literal(type, true);
  if (literal->type != type) error(token, fmt::format("{} is no {}", describe(token), name(type)));
  expect(")");
  return literal;
}

Expression ProgramParser::parse_reference() {
  const bool is_element = at("[", 1);
  const Name name = find(peek(), is_element);
  if (!is_element) return node(ScalarOp::index, name.type, {}, name.id);
  return node(ScalarOp::load, name.type, parse_indices(), name.id);
}

Expression ProgramParser::parse_call_of(const Token& token, Expected expected) {
  const auto op = scalar_op_named(token.text);
  if (!op || *op == ScalarOp::constant || *op == ScalarOp::index || *op == ScalarOp::load) {
    std::vector<std::string_view> names;
    for (int i = static_cast<int>(ScalarOp::negate); i <= static_cast<int>(ScalarOp::random_bits); ++i)
      names.push_back(name(static_cast<ScalarOp>(i)));
    fail_with(token, fmt::format("there is no function {}", describe(token)),
              did_you_mean(token.text, names));
  }
  take();
  expect("(");
  if (*op == ScalarOp::argument) return parse_argument_placeholder();
  Expected next = expected;
  if (*op == ScalarOp::is_finite || *op == ScalarOp::cast) next = std::nullopt;
  if (*op == ScalarOp::random_bits) next = ElementType::i64;
  std::vector<Expression> operands;
  for (int i = 0; i < arity(*op); ++i) {
    if (i) expect(",", fmt::format("',' ({} takes {} operands)", token.text, arity(*op)));
    const bool condition = *op == ScalarOp::select && i == 0;
    operands.push_back(parse_expression(condition ? Expected(ElementType::boolean) : next));
    if (!condition) next = operands.back()->type;
  }
  Expression result;
  if (*op == ScalarOp::cast) {
    expect(",", "',' and the type to convert to");
    result = node(ScalarOp::cast, parse_element_type(), std::move(operands));
  } else {
    result = make(*op, std::move(operands));
  }
  expect(")");
  return result;
}

Expression ProgramParser::parse_argument_placeholder() {
  const int64_t position = parse_natural("the position of the argument");
  expect(",");
  const ElementType type = parse_element_type();
  expect(")");
  return node(ScalarOp::argument, type, {}, position);
}

}  // namespace gradus::loop
