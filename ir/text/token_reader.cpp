#include "ir/text/token_reader.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <limits>

#include "ir/check_layout.h"

namespace gradus::text {

const Token& TokenReader::peek(size_t ahead) const {
  return tokens_[std::min(position_ + ahead, tokens_.size() - 1)];
}

const Token& TokenReader::take() {
  const Token& token = peek();
  if (position_ + 1 < tokens_.size()) ++position_;
  return token;
}

bool TokenReader::at(std::string_view text, size_t ahead) const {
  const Token& token = peek(ahead);
  return (token.kind == TokenKind::punctuation || token.kind == TokenKind::word) && token.text == text;
}

bool TokenReader::accept(std::string_view text) {
  if (!at(text)) return false;
  take();
  return true;
}

void TokenReader::expect(std::string_view text, std::string_view expected) {
  if (!accept(text)) fail(peek(), expected.empty() ? fmt::format("'{}'", text) : std::string(expected));
}

SourceSpan TokenReader::span(const Token& token) const {
  return {file_, token.line, token.column, token.column + std::max(token.length, 1u)};
}

void TokenReader::error(const Token& token, std::string message, std::string hint) {
  error(span(token), std::move(message), std::move(hint));
}

void TokenReader::error(SourceSpan where, std::string message, std::string hint,
                        std::vector<Diagnostic::Note> notes) {
  constexpr size_t most = 50;
  diagnostics_.push_back(
      {Severity::error, std::move(message), std::move(where), std::move(notes), std::move(hint)});
  if (diagnostics_.size() >= most) throw TooManyErrors{};
}

void TokenReader::fail(const Token& token, std::string_view expected, std::string hint) {
  fail_with(token, fmt::format("found {}, expected {}", describe(token), expected), std::move(hint));
}

void TokenReader::fail_with(const Token& token, std::string message, std::string hint) {
  error(token, std::move(message), std::move(hint));
  throw SyntaxError{};
}

int64_t TokenReader::parse_integer_digits(const Token& token, bool negative) {
  constexpr uint64_t most = std::numeric_limits<int64_t>::max();
  uint64_t magnitude = 0;
  const auto result = std::from_chars(token.text.data(), token.text.data() + token.text.size(), magnitude);
  if (result.ec != std::errc() || magnitude > most + (negative ? 1 : 0))
    fail_with(token,
              fmt::format("the integer {}{} does not fit into 64 bits", negative ? "-" : "", token.text));
  return static_cast<int64_t>(negative ? ~magnitude + 1 : magnitude);
}

int64_t TokenReader::parse_integer(std::string_view expected) {
  const bool negative = accept("-");
  if (peek().kind != TokenKind::integer) fail(peek(), expected);
  return parse_integer_digits(take(), negative);
}

int64_t TokenReader::parse_natural(std::string_view expected) {
  if (peek().kind != TokenKind::integer) fail(peek(), expected);
  return parse_integer_digits(take(), false);
}

double TokenReader::parse_double_digits(const Token& token, bool negative) {
  double value = 0;
  const auto result = std::from_chars(token.text.data(), token.text.data() + token.text.size(), value);
  // `1.` is read as far as the point.
  if (result.ec != std::errc())
    fail_with(token, fmt::format("the number {} does not fit into a double", token.text));
  return negative ? -value : value;
}

std::optional<double> TokenReader::accept_double() {
  const bool negative = at("-");
  const Token& token = peek(negative ? 1 : 0);
  std::optional<double> value;
  if (token.kind == TokenKind::number)
    value = parse_double_digits(token, negative);
  else if (token.kind == TokenKind::word && token.text == "inf")
    value = negative ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
  else if (token.kind == TokenKind::word && token.text == "nan")
    value = std::copysign(std::numeric_limits<double>::quiet_NaN(), negative ? -1.0 : 1.0);
  if (!value) return std::nullopt;
  if (negative) take();
  take();
  return value;
}

std::string TokenReader::parse_string(std::string_view expected) {
  if (peek().kind != TokenKind::string) fail(peek(), expected);
  return unescape(take().text);
}

std::string TokenReader::parse_word(std::string_view expected) {
  if (peek().kind != TokenKind::word) fail(peek(), expected);
  return std::string(take().text);
}

std::string TokenReader::parse_word_or_string(std::string_view expected) {
  return peek().kind == TokenKind::string ? parse_string(expected) : parse_word(expected);
}

std::vector<int64_t> TokenReader::parse_integer_list(std::string_view expected) {
  expect("[", expected);
  std::vector<int64_t> list;
  if (accept("]")) return list;
  do list.push_back(parse_integer());
  while (accept(","));
  expect("]", "',' or ']'");
  return list;
}

ElementType TokenReader::parse_element_type() {
  constexpr std::string_view expected = "an element type (f32 f64 bf16 f16 i64 i32 i8 u8 bool)";
  const Token& token = peek();
  const auto type = token.kind == TokenKind::word ? element_type_named(token.text) : std::nullopt;
  if (!type) fail(token, expected);
  take();
  return *type;
}

Type TokenReader::parse_type() {
  constexpr size_t most_axes = 64;
  const Token& start = peek();
  Type type(parse_element_type());
  if (at("[")) {
    const Token& bracket = peek();
    type.shape = parse_integer_list("a shape such as [64,10]");
    if (type.shape.size() > most_axes)
      fail_with(bracket,
                fmt::format("a shape of {} axes, at most {} are possible", type.shape.size(), most_axes));
    for (int64_t extent : type.shape)
      if (extent < 0)
        fail_with(bracket, fmt::format("a negative extent in the shape {}", to_string(type.shape)));
    if (!checked_element_count(type.shape))
      fail_with(start, fmt::format("a value of the shape {} is too large", to_string(type.shape)),
                "a value may take at most 2^48 bytes");
  }
  if (!accept("layout")) return type;
  const Token& layout = peek();
  type.layout.order = parse_integer_list("the order of axes such as [1,0]");
  if (accept("tiled")) type.layout.tiling = parse_integer_list("the tile extents");
  if (accept("padded")) type.layout.padding = parse_integer_list("the padding of each axis");
  const auto fits = [&](const std::vector<int64_t>& list) {
    return list.empty() || list.size() == type.shape.size();
  };
  if (!fits(type.layout.order) || !fits(type.layout.tiling) || !fits(type.layout.padding))
    fail_with(layout, fmt::format("the layout has another rank than the shape {}", to_string(type.shape)),
              "a layout names one number per axis");
  if (std::string problem = layout_problem(type); !problem.empty()) fail_with(layout, std::move(problem));
  return type;
}

AttributeValue TokenReader::parse_list_or_pairs() {
  std::vector<int64_t> integers;
  std::vector<double> doubles;
  bool any_double = false;
  const Token& start = take();
  if (!accept("]")) {
    do {
      if (const auto number = accept_double()) {
        any_double = true;
        doubles.push_back(*number);
      } else {
        integers.push_back(parse_integer("a number"));
        doubles.push_back(static_cast<double>(integers.back()));
      }
    } while (accept(","));
    expect("]", "',' or ']'");
  }
  const bool pairs = at("x") && peek().joined && at("[", 1);
  if (!pairs) return any_double ? AttributeValue(std::move(doubles)) : AttributeValue(std::move(integers));
  take();
  if (any_double) fail_with(start, "axes are integers");
  return AxisPairs{std::move(integers), parse_integer_list("the other operand's axes such as [0]")};
}

AttributeValue TokenReader::parse_attribute_value() {
  const Token& token = peek();
  if (const auto number = accept_double()) return *number;
  if (token.kind == TokenKind::string) return parse_string("a text");
  if (token.kind == TokenKind::integer || at("-")) return parse_integer("a number");
  if (at("[")) return parse_list_or_pairs();
  if (token.kind != TokenKind::word) fail(token, "the value of an attribute");
  take();
  if (token.text == "true") return true;
  if (token.text == "false") return false;
  if (const auto type = element_type_named(token.text)) return *type;
  return std::string(token.text);
}

Attributes TokenReader::parse_attributes() {
  Attributes attributes;
  if (!accept("{")) return attributes;
  if (accept("}")) return attributes;
  do {
    const Token& token = peek();
    const std::string name = parse_word_or_string("the name of an attribute");
    if (attributes.has(name)) error(token, fmt::format("attribute '{}' is given twice", name));
    expect("=", fmt::format("'=' and the value of '{}'", name));
    attributes.set(name, parse_attribute_value());
  } while (accept(","));
  expect("}", "',' or '}'");
  return attributes;
}

std::string TokenReader::parse_at_name(std::string_view expected) {
  const Token& token = peek();
  if (token.kind != TokenKind::at) fail(token, expected);
  take();
  return token.quoted ? unescape(token.text) : std::string(token.text);
}

Origins TokenReader::parse_origins() {
  Origins origins;
  while (peek().kind == TokenKind::at) origins.push_back(parse_origin());
  return origins;
}

Origin TokenReader::parse_origin() {
  const bool derived = !peek().quoted && (peek().text == "rule" || peek().text == "pass");
  // A scope may be named like these; then a place follows.
  if (derived && at("(", 1) && !(peek(2).kind == TokenKind::string && at(":", 3)))
    return parse_derived_origin();
  std::vector<Origin::Place> chain;
  do chain.push_back(parse_place());
  while (accept(">"));
  return Origin::source(std::move(chain));
}

Origin::Place TokenReader::parse_place() {
  const std::string example =
      "an origin looks like @dense_1(\"f.gradus\":4:3), @memory(\"f.gradus\":3:20) > "
      "@lstm(\"library/recurrent.gradus\":38:8) or @rule(tanh, of %4)";
  const auto small = [&](std::string_view expected) {
    const Token& token = peek();
    const int64_t value = parse_natural(expected);
    if (value >= Origin::no_value) fail_with(token, fmt::format("{} is too large for a place", value));
    return static_cast<uint32_t>(value);
  };
  Origin::Place place;
  place.scope = parse_at_name("a place such as @dense_1(\"f.gradus\":4:3)");
  if (!at("(")) fail(peek(), "'(' and the place", example);
  take();
  if (peek().kind != TokenKind::string || !at(":", 1)) fail(peek(), "a quoted file name", example);
  place.span.file = parse_string("a file name");
  expect(":");
  place.span.line = small("a line");
  expect(":", "':' and a column");
  place.span.column = small("a column");
  expect(")");
  return place;
}

Origin TokenReader::parse_derived_origin() {
  Origin origin;
  origin.kind = take().text == "rule" ? Origin::Kind::rule : Origin::Kind::pass;
  expect("(");
  origin.name = parse_word_or_string("the name of an op or a pass");
  while (at("-") && peek().joined && peek(1).kind == TokenKind::word && peek(1).joined) {
    take();
    origin.name += fmt::format("-{}", take().text);
  }
  if (origin.kind == Origin::Kind::rule && at(",") && at("operand", 1)) {
    take();
    take();
    origin.operand = parse_natural("the position of an operand");
  }
  if (accept(",")) {
    expect("of", "'of' and a value");
    const Token& value = peek();
    if (value.kind != TokenKind::value || value.quoted) fail(value, "a value such as %4");
    uint64_t id = 0;
    const auto read = std::from_chars(value.text.data(), value.text.data() + value.text.size(), id);
    if (read.ec != std::errc() || read.ptr != value.text.data() + value.text.size() || id >= Origin::no_value)
      fail(value, "a value such as %4");
    take();
    origin.of = static_cast<uint32_t>(id);
  }
  expect(")");
  return origin;
}

}  // namespace gradus::text
