// Elementary functions of known numbers, by the expansions that compiled code uses, never the host's libm.
#pragma once

#include <optional>
#include <string_view>

namespace gradus::language {

double known_power(double base, double exponent);
// An elementwise function of one number; nullopt if there is none of that name.
std::optional<double> known_function(std::string_view name, double x);

}  // namespace gradus::language
