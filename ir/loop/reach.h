// What a buffer's shape and strides touch.
#pragma once

#include <cstdint>
#include <optional>

#include "ir/loop/program.h"

namespace gradus::loop {

// The lowest and the highest element, counted from the one with all indices 0. Empty buffers have none.
struct Reach {
  int64_t low = 0;
  int64_t high = 0;
};
std::optional<Reach> reach(const Buffer& buffer);

// Whether the reach of a buffer can be told: its elements lie within 2^48 of each other.
bool is_addressable(const Buffer& buffer);

}  // namespace gradus::loop
