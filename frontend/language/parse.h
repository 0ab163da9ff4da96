// Text to syntax tree.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "frontend/language/syntax.h"
#include "ir/error.h"

namespace gradus::language {

// Limits that keep hostile text from exhausting the stack; beyond them there is a diagnostic.
constexpr uint32_t nesting_limit = 200;  // brackets, braces, prefix operators around a token
constexpr uint32_t tree_limit =
    1000;  // height of an expression tree, so also the terms of one chain a + b + …

// Parses a whole file. All independent errors are appended to `diagnostics`, in order; the tree then holds
// what could be read (statements with an error are left out), so that later checks may still find more.
// `file` is the name that places are reported with.
File parse(std::string_view text, std::string file, std::vector<Diagnostic>& diagnostics);

// One expression, for `--set name=value` and the like.
ExpressionPointer parse_expression(std::string_view text, std::string file,
                                   std::vector<Diagnostic>& diagnostics);

// The same file with the errors thrown as one `Error`.
File parse_or_fail(std::string_view text, std::string file);

}  // namespace gradus::language
