// The words of the language by kind, for what highlights it.
#pragma once

#include <nlohmann/json.hpp>

namespace gradus::command_line {

nlohmann::json language_words();

}  // namespace gradus::command_line
