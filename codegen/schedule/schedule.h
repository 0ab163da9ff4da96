// Schedules: the decisions that lowering makes for speed, as data. None of them changes a result.
#pragma once

#include <cstdint>

#include "ir/target.h"
#include "ir/type.h"

namespace gradus {

// What a caller may override.
struct ScheduleOptions {
  bool parallel = true;
  bool tiles = true;               // false: contractions in their plain form, which gives the same bits
  double task_nanoseconds = 4000;  // the least work worth handing to a thread
  int64_t tile_rows = 0;           // 0: chosen from the target
  int64_t tile_vectors = 0;
};

// A register tile of a contraction: `rows` broadcast values times `vectors` vectors of columns. Rows are
// split evenly, so that at most two heights (`rows` and `rows` - 1) occur.
struct TileSchedule {
  int64_t rows = 1;        // the larger height
  int64_t row_tiles = 1;   // number of tiles over all rows
  int64_t full_tiles = 1;  // the first so many have `rows` rows, the others one less
  int64_t columns = 1;     // columns of a panel
  int64_t panels = 1;
};

TileSchedule choose_tile(int64_t rows, int64_t columns, ElementType element, const Target& target,
                         const ScheduleOptions& options);

// The number of iterations that make a task, from the estimated time of one; `count` when nothing is worth
// it.
int64_t grain(double nanoseconds_per_iteration, int64_t count, const ScheduleOptions& options);

}  // namespace gradus
