// What schedules, lowering and emission know about a CPU: plain data, so that any machine can be described on
// any other.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "ir/type.h"

namespace gradus {

struct Target {
  std::string name;      // as the user says it: "native", "x86-64-v3", "x86-64-v4"
  std::string cpu;       // as LLVM says it; "native" is resolved where LLVM is at hand
  std::string features;  // LLVM's feature string, added to those of the CPU
  int64_t vector_bytes = 16;
  int64_t vector_registers = 16;
  bool has_fma = false;    // multiply_add rounds once; without it the same program may give other bits
  bool has_masks = false;  // a masked vector costs as much as a full one
  int64_t level1_bytes = 32 << 10;  // data caches, per core
  int64_t level2_bytes = 512 << 10;
  int64_t level3_bytes = 8 << 20;

  // Lanes of one vector of elements of this size.
  int64_t lanes(int64_t element_bytes) const { return vector_bytes / element_bytes; }
  int64_t lanes(ElementType element) const { return lanes(size_in_bytes(element)); }
};

// The CPU that this process runs on.
Target host();
// "native" (the host), "x86-64-v2", "x86-64-v3" or "x86-64-v4"; an error of the program otherwise. What is
// known of a named one does not depend on the host.
Target target_named(std::string_view name);

}  // namespace gradus
