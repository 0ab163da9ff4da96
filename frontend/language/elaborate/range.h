// Ranges of the language: their bounds and steps may be any 64-bit integers.
#pragma once

#include <cstdint>

namespace gradus::language {

// How many of first, first + step, … lie before `last`. Differences of integers need all 64 bits.
constexpr uint64_t range_length(int64_t first, int64_t last, int64_t step) {
  if (step > 0 ? first >= last : first <= last) return 0;
  const auto unsigned_of = [](int64_t value) { return static_cast<uint64_t>(value); };
  const uint64_t distance =
      step > 0 ? unsigned_of(last) - unsigned_of(first) : unsigned_of(first) - unsigned_of(last);
  const uint64_t magnitude = step > 0 ? unsigned_of(step) : 0 - unsigned_of(step);
  return (distance - 1) / magnitude + 1;
}

// The element at a place below the length; it lies between the bounds, i * step need not.
constexpr int64_t range_element(int64_t first, int64_t step, uint64_t i) {
  return static_cast<int64_t>(static_cast<uint64_t>(first) + i * static_cast<uint64_t>(step));
}

}  // namespace gradus::language
