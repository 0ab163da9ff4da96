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

  // How fast a core is, to compare schedules by. The same for every target: AMD Zen 5 and Intel Cascade Lake,
  // on which it was measured, differ by less than what an estimate is good for.
  //
  // A cycle: Zen 5 at 4 GHz, the clock at which its peak (below) is two vectors of multiply-adds a cycle.
  double cycle_nanoseconds = 0.25;
  // Vectors of multiply-adds that begin in a cycle: 250 to 259 GFLOP/s a core in vectors of 16 f32.
  double multiply_adds_per_cycle = 2;
  // Cycles until a multiply-add has its result: of both makers' tables; also of an addition.
  double multiply_add_latency = 4;
  // Vectors that are read from the first cache in a cycle: 528 GB/s a core in vectors of 64 bytes.
  double loads_per_cycle = 2;
  // A line of the caches, and cycles for one of many that were pushed out of the first cache before they were
  // read again. Reading in order takes 1.2 a line from the second cache (213 GB/s) and 2.3 from the third
  // (113) on Zen 5, 2.8 from the second (90) on Cascade Lake; this is not in order, and was not measured by
  // itself.
  int64_t line_bytes = 64;
  double miss_cycles = 3.1;
  // Rows at a distance that is a multiple of this fall into four of the 64 sets of a first cache (of 8 to 12
  // lines each): from so many rows on they push each other out.
  int64_t aliasing_bytes = 1024;
  int64_t aliasing_rows = 64;
  // Cycles of copying an element that is gathered, and a byte that is read and written in whole lines: 21
  // GB/s, half of what copying takes from memory to memory (43), as panels are written in pieces. Not
  // measured by themselves.
  double gathered_copy_cycles = 0.75;
  double copied_byte_cycles = 0.1875;

  // Chains of multiply-adds side by side that hide each other's latency.
  int64_t chains() const { return static_cast<int64_t>(multiply_adds_per_cycle * multiply_add_latency); }
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
