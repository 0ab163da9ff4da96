// What a compiled program is called with: from loop IR to the runtime, which knows no graphs.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "ir/type.h"

namespace gradus {

// Parameters are trained, state is what else a step keeps for the next one. seed, step: i64[]; status:
// i64[2].
enum class ArgumentKind : uint8_t { input, parameter, state, seed, step, result, status };
std::string_view name(ArgumentKind kind);

struct Argument {
  std::string name;
  ArgumentKind kind = ArgumentKind::input;
  Type type;
  friend bool operator==(const Argument&, const Argument&) = default;
};

}  // namespace gradus
