// What a schedule is estimated to cost. Everything is in nanoseconds of one thread; what is known about a CPU
// stands in ir/target.h, what was measured about loops stands here.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace gradus {

struct ScheduleCost {
  double compute = 0;  // arithmetic, loads and latencies of the loops
  double packing = 0;  // copying an operand into panels
  double misses = 0;   // lines that miss the first cache for how the operand lies
  double code = 0;     // of functions that are generated once more, and of short vectors

  double total() const { return compute + packing + misses + code; }
};

// The least work that is worth handing to a thread: several times what waking one up costs (below 1 µs,
// measured by bench/).
constexpr double task_nanoseconds = 4000;

// Schedules compare cycles; a cycle of the machines at hand is a third to a quarter of a nanosecond.
constexpr double nanoseconds_per_cycle = 0.25;

// Of one multiply-add in a tile, one thread: 100 GFLOP/s, half of what Zen 4 and Zen 5 reach in f32.
constexpr double tiled_multiply_add = 0.02;
// Of one multiply-add in the plain form, and of one element under a window: a load each and no reuse.
constexpr double plain_multiply_add = 0.3;

// The points (ir/schedule.h) of a task, from the time of one; 0 if there is no work for two tasks.
inline int64_t grain(double nanoseconds_per_point, double points) {
  const double wanted = std::ceil(task_nanoseconds / std::max(nanoseconds_per_point, 1e-3));
  return 2 * wanted > points ? 0 : static_cast<int64_t>(wanted);
}

}  // namespace gradus
