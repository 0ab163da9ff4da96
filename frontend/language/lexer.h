// Text to tokens.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ir/error.h"

namespace gradus::language {

struct Token {
  enum class Kind {
    name,     // also "_"
    keyword,  // a reserved word
    number,
    string,
    symbol,
    bad,  // reported by the lexer already
    end,  // of the file
  };
  static constexpr uint32_t no_match = ~uint32_t{0};

  Kind kind = Kind::end;
  std::string_view text;  // points into the source text
  uint32_t line = 1;
  uint32_t column = 1;
  // A newline before this token ends a statement, if the parser is not inside ( or [.
  bool line_break = false;
  bool first_on_line = false;
  bool space_before = false;
  uint32_t match = no_match;  // an opening bracket's closing one, if there is one
  std::string value;          // of a string, escapes resolved

  bool is(std::string_view word) const {
    return (kind == Kind::symbol || kind == Kind::keyword) && text == word;
  }
  bool is_word() const { return kind == Kind::name || kind == Kind::keyword; }
  uint32_t end_column() const { return column + static_cast<uint32_t>(text.size()); }
};

struct Comment {
  uint32_t line = 0;
  std::string_view text;   // without "#" and one space
  std::string_view whole;  // as it is written, blanks at its end left out
  bool alone = false;     // nothing else stands on its line
};

struct Tokens {
  std::vector<Token> tokens;  // the last one is `end`
  std::vector<Comment> comments;
};

constexpr size_t error_limit = 100;  // of one file; text that is not Gradus at all has no end of errors

// The tokens point into `text`, which must outlive them.
Tokens lex(std::string_view text, const std::string& file, std::vector<Diagnostic>& diagnostics);

}  // namespace gradus::language
