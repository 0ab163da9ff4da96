#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "frontend/language/habits.h"
#include "frontend/language/parser.h"

namespace gradus::language {

ExpressionPointer Parser::binary(BinaryOperator op, ExpressionPointer left, const Token& op_token,
                                 ExpressionPointer right) {
  const uint32_t left_height = left->height;
  const uint32_t right_height = right->height;
  return make(Binary{op, std::move(left), std::move(right)}, span(op_token), {left_height, right_height});
}

// or { "|>" postfix }
ExpressionPointer Parser::expression() {
  const Depth depth(*this);
  ExpressionPointer value = logical(BinaryOperator::logical_or);
  while (at("|>")) {
    const Token& pipe = advance();
    if (ended()) fail_expected("a function or layer after `|>`");
    ExpressionPointer target = postfix();
    const uint32_t value_height = value->height;
    const uint32_t target_height = target->height;
    value = make(Pipe{std::move(value), std::move(target)}, span(pipe), {value_height, target_height});
  }
  return value;
}

ExpressionPointer Parser::logical(BinaryOperator op) {
  const bool is_or = op == BinaryOperator::logical_or;
  const auto operand = [&] { return is_or ? logical(BinaryOperator::logical_and) : negation(); };
  ExpressionPointer left = operand();
  while (at(is_or ? "or" : "and")) {
    const Token& op_token = advance();
    left = binary(op, std::move(left), op_token, operand());
  }
  return left;
}

ExpressionPointer Parser::negation() {
  if (!at("not")) return comparison();
  const Depth depth(*this);
  const Token& op_token = advance();
  ExpressionPointer operand = negation();
  const uint32_t height = operand->height;
  return make(Unary{UnaryOperator::logical_not, std::move(operand)}, span(op_token), {height});
}

ExpressionPointer Parser::comparison() {
  static constexpr std::pair<std::string_view, BinaryOperator> operators[] = {
      {"==", BinaryOperator::equal},  {"!=", BinaryOperator::not_equal},
      {"<", BinaryOperator::less},    {"<=", BinaryOperator::less_equal},
      {">", BinaryOperator::greater}, {">=", BinaryOperator::greater_equal}};
  ExpressionPointer left = sum();
  for (const auto& [text, op] : operators) {
    if (!at(text)) continue;
    const Token& op_token = advance();
    left = binary(op, std::move(left), op_token, sum());
    if (at_any({"==", "!=", "<", "<=", ">", ">="}))
      fail(fmt::format("comparisons do not chain, found a second one: {}", found()), here(),
           "write `a < b and b < c`");
    break;
  }
  return left;
}

ExpressionPointer Parser::sum() {
  ExpressionPointer left = product();
  while (at_any({"+", "-"})) {
    const Token& op_token = advance();
    const BinaryOperator op = op_token.text == "+" ? BinaryOperator::add : BinaryOperator::subtract;
    left = binary(op, std::move(left), op_token, product());
  }
  return left;
}

ExpressionPointer Parser::product() {
  static constexpr std::pair<std::string_view, BinaryOperator> operators[] = {
      {"*", BinaryOperator::multiply},
      {"/", BinaryOperator::divide},
      {"//", BinaryOperator::floor_divide},
      {"%", BinaryOperator::remainder},
      {"@", BinaryOperator::matrix_multiply}};
  ExpressionPointer left = unary();
  for (;;) {
    const auto* found_operator = std::find_if(std::begin(operators), std::end(operators),
                                              [&](const auto& entry) { return at(entry.first); });
    if (found_operator == std::end(operators)) return left;
    const Token& op_token = advance();
    left = binary(found_operator->second, std::move(left), op_token, unary());
  }
}

// "-" unary | postfix [ "^" unary ]
ExpressionPointer Parser::unary() {
  if (at("-")) {
    const Depth depth(*this);
    const Token& op_token = advance();
    ExpressionPointer operand = unary();
    const uint32_t height = operand->height;
    return make(Unary{UnaryOperator::negate, std::move(operand)}, span(op_token), {height});
  }
  ExpressionPointer base = postfix();
  if (!at("^")) return base;
  const Depth depth(*this);
  const Token& op_token = advance();
  return binary(BinaryOperator::power, std::move(base), op_token, unary());
}

ExpressionPointer Parser::postfix() {
  ExpressionPointer value = primary();
  for (;;) {
    if (at("(")) {
      value = call(std::move(value));
    } else if (at("[")) {
      value = index_of(std::move(value));
    } else if (at(".")) {
      value = member(std::move(value));
    } else if (at(".*")) {
      const Token& everything = advance();
      const uint32_t height = value->height;
      value = make(Everything{std::move(value)}, span(everything), {height});
    } else if (as_allowed_ && at("as")) {
      const Token& as = advance();
      Path named = path();
      const uint32_t height = value->height;
      return make(Named{std::move(value), std::move(named)}, span(as), {height});
    } else {
      return value;
    }
  }
}

ExpressionPointer Parser::member(ExpressionPointer base) {
  advance();
  Identifier field = name("a name after `.`");
  const SourceSpan place = field.span;
  const uint32_t height = base->height;
  return make(Member{std::move(base), std::move(field)}, place, {height});
}

// A call points at the name that is called.
ExpressionPointer Parser::call(ExpressionPointer callee) {
  const SourceSpan place = callee->span;
  const uint32_t callee_height = callee->height;
  Arguments read = arguments();
  uint32_t height = callee_height;
  for (const Argument& argument : read)
    for (const auto* part : {&argument.value.first, &argument.value.last, &argument.value.step})
      if (*part) height = std::max(height, (*part)->height);
  return make(Call{std::move(callee), std::move(read)}, place, {height});
}

ExpressionPointer Parser::index_of(ExpressionPointer base) {
  const size_t opening = position_;
  const Token& bracket = advance();
  uint32_t height = base->height;
  Index result;
  result.base = std::move(base);
  {
    const Brackets brackets(*this, true);
    if (at("]")) fail_expected("an index", "a whole axis is `..`, all remaining axes are `...`");
    while (!at("]")) {
      result.indices.push_back(index());
      for (const auto* part :
           {&result.indices.back().first, &result.indices.back().last, &result.indices.back().step})
        if (*part) height = std::max(height, (*part)->height);
      if (!accept(",")) break;
    }
    if (at(":"))
      fail(fmt::format("expected `,` or `]`, found {}", found()), here(),
           "slices are written with `..`: x[1..3], x[.., 0]");
    expect_close("]", opening, "after an index");
  }
  return make(std::move(result), span(bracket), {height});
}

// [ expr ] ".." [ sum ] [ "by" sum ] | expr
Range Parser::index() {
  Range result;
  result.span = span(token());
  if (at(":")) fail_expected("an index", "a whole axis is written `..`: x[.., 0]");
  if (!at("..")) result.first = expression();
  return subscript_end(std::move(result));
}

Range Parser::subscript_end(Range range) {
  if (!accept("..")) return range;
  range.is_range = true;
  if (!at_any({"]", ",", "by"})) range.last = sum();
  if (accept("by")) range.step = sum();
  return range;
}

// expr [ ".." sum [ "by" sum ] ]
Range Parser::range() {
  Range result;
  result.span = span(token());
  result.first = expression();
  if (!accept("..")) return result;
  result.is_range = true;
  result.last = sum();
  if (accept("by")) result.step = sum();
  return result;
}

Arguments Parser::arguments() {
  const size_t opening = position_;
  expect("(", "and arguments");
  const Brackets brackets(*this, true);
  Arguments result;
  while (!at(")")) {
    const bool named_before = !result.empty() && result.back().name;
    result.push_back(argument(named_before));
    if (!accept(",")) break;
  }
  expect_close(")", opening, "after an argument");
  return result;
}

Argument Parser::argument(bool named_before) {
  Argument result;
  if (token().is_word() && token(1).is("=")) {
    const std::string written(token().text);
    std::string hint = habit_of_assigned_argument(written);
    advance();
    fail(fmt::format("expected `:` after the argument name `{}`, found `=`", written), here(),
         std::move(hint));
  }
  if (token().is_word() && token(1).is(":")) {
    const Token& word = advance();
    result.name = Identifier{std::string(word.text), span(word)};
    advance();
  } else if (named_before) {
    fail(fmt::format("expected a named argument, found {}", found()), here(),
         "positional arguments come first: f(x, rate: 0.1)");
  } else if (token().is("*")) {
    fail_expected("an argument", "every argument is written out");
  }
  result.value = range();
  return result;
}

ExpressionPointer Parser::primary() {
  const Token& t = token();
  if (ended()) fail_expected("an expression");
  switch (t.kind) {
    case Token::Kind::number:
      return number();
    case Token::Kind::string:
      advance();
      return make(String{t.value}, span(t));
    case Token::Kind::name:
      advance();
      if (t.text == "_") return make(Placeholder{}, span(t));
      return make(Name{std::string(t.text)}, span(t));
    default:
      break;
  }
  if (at_any({"true", "false"})) return make(Boolean{advance().text == "true"}, span(t));
  if (accept("none")) return make(None{}, span(t));
  if (accept("...")) return make(Ellipsis{}, span(t));
  if (at("[")) return list();
  if (at("if")) return conditional();
  if (at("(")) {
    const size_t opening = position_;
    advance();
    const Brackets brackets(*this, true);
    if (at(")")) fail_expected("an expression", "a scalar's shape is the empty list []");
    Range read = range();
    ExpressionPointer inner;
    if (read.is_range) {
      const uint32_t height =
          std::max({read.first->height, read.last->height, read.step ? read.step->height : 0});
      const SourceSpan place = read.first->span;
      inner = make(Interval{std::move(read)}, place, {height});
    } else {
      inner = std::move(read.first);
    }
    if (at(",")) {
      const bool printed = opening > 0 && tokens_.tokens[opening - 1].is("print");
      fail_expected("`)`", printed ? "`print` takes no parentheses: print a, b" : "a list is written [a, b]");
    }
    expect_close(")", opening, "after an expression");
    const uint32_t height = inner->height;
    return make(Parentheses{std::move(inner)}, span(t), {height});
  }
  std::string hint;
  if (at("+")) hint = "there is no sign `+`";
  if (at("{")) hint = "braces enclose statements; a list is written [a, b]";
  if (at("..")) hint = "a range has both ends here: 0..n";
  if (t.kind == Token::Kind::keyword && !nothing_follows())
    hint = fmt::format("`{}` is a reserved word", t.text);
  fail_expected("an expression", std::move(hint));
}

ExpressionPointer Parser::number() {
  const Token& t = advance();
  Number result;
  for (const char c : t.text)
    if (c != '_') result.text += c;
  const char* begin = result.text.data();
  const char* end = begin + result.text.size();
  const auto [unused, error] = std::from_chars(begin, end, result.value);
  const bool is_integer = result.text.find_first_of(".eE") == std::string::npos;
  // from_chars reports underflow and overflow alike; an underflow (1e-999) is harmless: zero.
  if (error == std::errc::result_out_of_range && std::abs(std::strtod(begin, nullptr)) > 1)
    fail(fmt::format("the number {} is too large", shortened(t.text)), span(t),
         "the largest is about 1.8e308; infinity is written `infinity`");
  if (is_integer) {
    int64_t value = 0;
    if (std::from_chars(begin, end, value).ec != std::errc())
      fail(fmt::format("the integer {} does not fit into 64 bits", shortened(t.text)), span(t),
           "write a float, for example 1e20");
    result.integer = value;
  }
  return make(std::move(result), span(t));
}

ExpressionPointer Parser::list() {
  const size_t opening = position_;
  const Token& bracket = advance();
  List result;
  uint32_t height = 0;
  {
    const Brackets brackets(*this, true);
    while (!at("]")) {
      result.elements.push_back(expression());
      height = std::max(height, result.elements.back()->height);
      if (at("..")) fail_expected("`,` or `]`", "a range as a value stands in parentheses: (0..n)");
      if (at("for") || (at_name() && token().text == "for"))
        fail_expected("`,` or `]`", "a list is built with `for i in 0..n { collect list = … }`");
      if (!accept(",")) break;
    }
    expect_close("]", opening, "after an element");
  }
  return make(std::move(result), span(bracket), {height});
}

// "if" expr "{" expr "}" "else" ( "{" expr "}" | if-expression )
ExpressionPointer Parser::conditional() {
  const Depth depth(*this);
  const Token& t = advance();
  Conditional result;
  result.condition = expression();
  result.then = braced_expression("the value if it holds");
  if (!at("else")) fail_expected("`else`", "where a value is wanted, `if` needs both: if c { a } else { b }");
  advance();
  result.otherwise = at("if") ? conditional() : braced_expression("the value otherwise");
  const uint32_t height = std::max({result.condition->height, result.then->height, result.otherwise->height});
  return make(std::move(result), span(t), {height});
}

ExpressionPointer Parser::braced_expression(std::string_view what) {
  const size_t opening = position_;
  expect("{", fmt::format("and {}", what));
  const Brackets brackets(*this, false);
  acknowledged_ = position_;
  ExpressionPointer inner = expression();
  if (token().is("}")) {
    advance();
    return inner;
  }
  if (tokens_.tokens[opening].match == Token::no_match)
    fail("`{` is never closed", span(tokens_.tokens[opening]), "`}` is missing",
         {{fmt::format("expected `}}`, found {}", found()), here()}});
  fail_expected("`}` after the one expression of this brace",
                "where a value is wanted, each brace of `if` holds one expression");
}

}  // namespace gradus::language
