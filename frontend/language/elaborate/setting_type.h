// The types of settings, which a parameter of a definition names: `int`, `fraction`, `function`, …
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "frontend/language/elaborate/object.h"

namespace gradus::language {

struct SettingType {
  std::string_view name;
  std::string_view expected;             // "a known integer"
  bool (*accepts)(const Object& value);  // what only the running program knows passes as a number
};

std::span<const SettingType> setting_types();
// Null for any other word, which is one of the alternatives of `same | valid`.
const SettingType* find_setting_type(std::string_view name);
// "int, float, …", for messages
std::string setting_type_names();

}  // namespace gradus::language
