#include "frontend/language/elaborate/setting_type.h"

#include <algorithm>
#include <cmath>

namespace gradus::language {

namespace {

bool is_number(const Object& known) { return known.is<int64_t>() || known.is<double>(); }

// What it is nobody knows yet.
bool is_at_run_time(const Object& value) { return value.is<Tensor>() || value.is<Storage*>(); }

bool is_whole(const Object& value) {
  const Object& known = known_of(value);
  const auto* number = known.as<double>();
  return known.is<int64_t>() || (number && *number == std::floor(*number) && std::abs(*number) < 9e15);
}

bool is_float_setting(const Object& value) { return is_number(known_of(value)) || is_at_run_time(value); }

bool is_fraction(const Object& value) {
  const Object& known = known_of(value);
  return is_number(known) ? number_of(known) >= 0 && number_of(known) <= 1 : is_at_run_time(value);
}

bool is_proper_fraction(const Object& value) {
  const Object& known = known_of(value);
  return is_fraction(value) && !(is_number(known) && number_of(known) >= 1);
}

// As far as is known, also each number of a list.
bool is_nonnegative(const Object& value) {
  const Object& known = known_of(value);
  if (is_number(known)) return number_of(known) >= 0;
  if (const auto* list = known.as<ListObject>())
    return std::all_of(list->items->begin(), list->items->end(), is_nonnegative);
  return is_at_run_time(value);
}

bool is_function(const Object& value) {
  return value.is<FunctionObject>() || value.is<std::shared_ptr<Instance>>() || value.is<Nothing>();
}

constexpr SettingType types[] = {
    {"int", "a known integer", is_whole},
    {"float", "a number", is_float_setting},
    {"fraction", "a number from 0 to 1", is_fraction},
    {"proper_fraction", "a number from 0 to below 1", is_proper_fraction},
    {"nonnegative", "a number that is not negative", is_nonnegative},
    {"bool", "true or false", [](const Object& value) { return known_of(value).is<bool>(); }},
    {"string", "a string", [](const Object& value) { return value.is<std::string>(); }},
    {"function", "a function", is_function},
    {"list", "a list", [](const Object& value) { return known_of(value).is<ListObject>(); }},
};

}  // namespace

std::span<const SettingType> setting_types() { return types; }

const SettingType* find_setting_type(std::string_view name) {
  const auto* at = std::find_if(std::begin(types), std::end(types),
                                [&](const SettingType& type) { return type.name == name; });
  return at == std::end(types) ? nullptr : at;
}

std::string setting_type_names() {
  std::string names;
  for (const SettingType& type : types) names += (names.empty() ? "" : ", ") + std::string(type.name);
  return names;
}

}  // namespace gradus::language
