// Random changes to a text of a stage: a few tokens or lines, most of which leave it readable.
#pragma once

#include <random>
#include <string>

namespace gradus::testing {

std::string mutate(const std::string& text, std::mt19937& random);

}  // namespace gradus::testing
