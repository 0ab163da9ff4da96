// The words of the language: what the lexer and the parser know, and editors show.
#pragma once

#include <span>
#include <string_view>

namespace gradus::language {

struct Keyword {
  std::string_view text;
  std::string_view form = {};  // of the statement or definition that it begins; empty if it begins none
};

std::span<const Keyword> reserved_words();
// Keywords only where they begin a statement, and a name or a string follows.
std::span<const Keyword> statement_words();
// Keywords only where they begin a definition.
std::span<const Keyword> definition_words();

const Keyword* find_keyword(std::span<const Keyword> words, std::string_view text);

}  // namespace gradus::language
