// Habits from elsewhere: what people write who come from Python, C or another framework, and the hint that
// each gets. They are hints, never aliases.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gradus::language {

// Hints; empty if there is none.
std::string habit_of_symbol(std::string_view symbol);    // "&&", "'", "β"
std::string habit_of_statement(std::string_view word);   // a word that begins a statement: "def", "return"
std::string habit_of_expression(std::string_view word);  // a name in an expression: "None", "self", "np"
std::string habit_of_unknown_name(
    std::string_view name);                          // a name that means nothing here: these, "std", "mae"
bool is_module(std::string_view name);               // where others keep functions: "torch", "nn"
std::string habit_of_method(std::string_view name);  // in a line of its own: "backward" of loss.backward()
std::string habit_of_member(std::string_view name);  // what follows a value and a point: "T", "shape"
// What other frameworks set by a name, "learning_rate", "callbacks": in a train block nothing reads it. All
// such names.
std::string habit_of_setting(std::string_view name);
std::vector<std::string> habitual_settings();
// An argument's name, "axis" or "learning_rate": in a call of a function with arguments of these names, and
// in one that is written with `=`.
std::string habit_of_argument(std::string_view argument, const std::vector<std::string>& names);
std::string habit_of_assigned_argument(std::string_view argument);

// At most 40 bytes of a text for a message, never cut inside a character.
std::string shortened(std::string_view text);

}  // namespace gradus::language
