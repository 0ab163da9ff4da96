// "Did you mean": the known name nearest to an unknown one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gradus {

// Without regard to letter case first. Empty when nothing is near: more than a third of the letters differ.
std::string nearest(std::string_view name, const std::vector<std::string_view>& known);
// "did you mean 'x'?", or empty.
std::string did_you_mean(std::string_view name, const std::vector<std::string_view>& known);

}  // namespace gradus
