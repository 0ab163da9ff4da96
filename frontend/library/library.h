// The standard library's texts, embedded into the program at build time.
#pragma once

#include <span>
#include <string_view>

namespace gradus::library {

struct Text {
  std::string_view name;  // "library/layers.gradus": the name that places are reported with
  std::string_view text;
};

// Every frontend/library/*.gradus, by name.
std::span<const Text> texts();

}  // namespace gradus::library
