// JSON that comes from files.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace gradus {

// The text's value. Program errors, which call the text `what`: it is not JSON, is nested deeper than `depth`
// (an object in an object has depth 2; deep nesting would exhaust the stack), or has a key twice in one
// object, of which the library would keep the last in silence.
nlohmann::json parse_json(std::string_view text, size_t depth, const std::string& what);

}  // namespace gradus
