// Values of options, and what is said of those that are wrong or mean nothing where they were given.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "ir/error.h"

namespace gradus::command_line {

// For `check` of an option.
CLI::Validator one_of(std::vector<std::string> words);
CLI::Validator whole_number(int64_t least, int64_t most, std::string word = {});  // or this word

// '' is a value of no option, in particular not the same as none.
void refuse_empty_values(CLI::App& command);

// What CLI11 found wrong with a command line.
Diagnostic misused(const CLI::App& app, const CLI::ParseError& error);

// No option is ignored without a word: fails if one of these was given. `where` says what has no use for
// them: "a graph text".
void refuse(const CLI::App& command, std::initializer_list<std::string_view> options, std::string_view where);

}  // namespace gradus::command_line
