// What the environment chooses: how many cases, from which seed.
#pragma once

#include <cstdint>
#include <cstdlib>

namespace gradus::testing {

inline uint64_t number_from(const char* variable, uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

}  // namespace gradus::testing
