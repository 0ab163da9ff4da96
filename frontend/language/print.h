// Syntax tree to canonical text; parsing the text again gives the same tree.
#pragma once

#include <string>

#include "frontend/language/syntax.h"

namespace gradus::language {

std::string print(const File& file);
std::string print(const Item& item);  // with its documentation as comments
std::string print(const Statement& statement);
std::string print(const Expression& expression);  // on one line
std::string print(const Range& range);
std::string print(const Path& path);
std::string print(const Parameter& parameter);
const char* symbol_of(BinaryOperator op);  // "+", "and", "==" …

}  // namespace gradus::language
