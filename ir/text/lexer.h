// Tokens of graph text and loop text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ir/error.h"

namespace gradus::text {

enum class TokenKind : uint8_t {
  end,
  word,         // letter or _, then letters, digits, _ and .
  integer,      // digits
  number,       // digits with a fraction or an exponent (never signed)
  string,       // "…" with \" \\ \n
  value,        // %12, %name, %"any name"
  at,           // @name, @"any name", @ alone
  punctuation,  // one of the operators and brackets
  invalid,
};

struct Token {
  TokenKind kind = TokenKind::end;
  std::string_view
      text;  // string, value, at: without the quotes and the leading % or @, escapes not yet resolved
  uint32_t line = 1;
  uint32_t column = 1;
  uint32_t length = 0;
  bool quoted = false;         // value, at
  bool first_in_line = false;  // nothing but blanks before it
  bool joined = false;         // no blank between it and the token before
};

// The whole text, ended by a token of kind `end`. Characters that begin no token become `invalid` tokens; so
// does a string without its end.
std::vector<Token> tokenize(std::string_view text);

// What a message calls the token: "'foo'", "end of text".
std::string describe(const Token& token);

// Resolves the escapes of a quoted text.
std::string unescape(std::string_view text);
// `name` as it stands in a text after % or @, or as the key of an attribute: bare if it may be, else quoted.
std::string quoted(std::string_view text);
std::string spell_value_name(std::string_view name);  // with the %
std::string spell_at_name(std::string_view name);     // with the @
std::string spell_pass_name(std::string_view name);   // words joined by -
std::string spell_word(std::string_view name);
// Whether the text is a `word` token.
bool is_word(std::string_view text);

}  // namespace gradus::text
