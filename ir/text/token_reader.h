// What the parsers of graph text and loop text share: walking over tokens, collecting errors, and the grammar
// of numbers, types, attributes and origins.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ir/attribute.h"
#include "ir/error.h"
#include "ir/provenance.h"
#include "ir/text/lexer.h"
#include "ir/type.h"

namespace gradus::text {

// Thrown after the diagnostic has been recorded; the parser catches it where it can go on.
struct SyntaxError {};
// Thrown when there are so many errors that more would not help.
struct TooManyErrors {};

// Counts how deep a recursive rule is.
class Nested {
 public:
  explicit Nested(int& depth) : depth_(depth) { ++depth_; }
  ~Nested() { --depth_; }
  Nested(const Nested&) = delete;
  Nested& operator=(const Nested&) = delete;

 private:
  int& depth_;
};

class TokenReader {
 public:
  TokenReader(std::string_view text, std::string file) : tokens_(tokenize(text)), file_(std::move(file)) {}

 protected:
  const Token& peek(size_t ahead = 0) const;
  const Token& take();
  bool at(std::string_view punctuation_or_word, size_t ahead = 0) const;
  bool accept(std::string_view punctuation_or_word);
  // `expected` completes "expected …"; the default is the quoted text itself.
  void expect(std::string_view punctuation_or_word, std::string_view expected = {});

  SourceSpan span(const Token& token) const;
  void error(const Token& token, std::string message, std::string hint = {});
  void error(SourceSpan span, std::string message, std::string hint = {},
             std::vector<Diagnostic::Note> notes = {});
  // "found X, expected …"
  [[noreturn]] void fail(const Token& token, std::string_view expected, std::string hint = {});
  [[noreturn]] void fail_with(const Token& token, std::string message, std::string hint = {});

  int64_t parse_integer(std::string_view expected = "an integer");
  int64_t parse_natural(std::string_view expected);
  std::string parse_string(std::string_view expected);
  std::string parse_word(std::string_view expected);  // bare
  std::string parse_word_or_string(std::string_view expected);
  std::vector<int64_t> parse_integer_list(std::string_view expected);
  ElementType parse_element_type();
  Type parse_type();  // f32[2,3] layout [1,0]; `f32` is a scalar
  AttributeValue parse_attribute_value();
  Attributes parse_attributes();  // {a=1, b="x"}, or nothing
  Origins parse_origins();        // any number
  std::string parse_at_name(std::string_view expected);

  std::vector<Token> tokens_;
  std::string file_;
  size_t position_ = 0;
  std::vector<Diagnostic> diagnostics_;

 private:
  AttributeValue parse_list_or_pairs();
  std::optional<double> accept_double();
  double parse_double_digits(const Token& token, bool negative);
  int64_t parse_integer_digits(const Token& token, bool negative);
  Origin parse_origin();
  Origin::Place parse_place();    // a level of a call chain
  Origin parse_derived_origin();  // @rule(…), @pass(…)
};

}  // namespace gradus::text
