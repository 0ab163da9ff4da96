// What a schedule is estimated to cost: any that is legal for the kernel (ir/kernel/legal.h), a candidate or
// one that somebody wrote down. What the model knows nothing of costs nothing: blocks, the place of an
// epilogue, and how work is shared out, as all is of one thread.
#pragma once

#include <vector>

#include "ir/kernel/nests.h"
#include "ir/kernel/row_sweeps.h"
#include "ir/target.h"
#include "passes/schedule/cost.h"

namespace gradus {

// Of each part of a kernel's schedule.
std::vector<ScheduleCost> estimate(const Graph& body, const Schedule& schedule, const Target& target);

// Of a stage.
ScheduleCost estimate(const KernelStages& stages, size_t stage, const StageSchedule& part,
                      const Target& target);
// Of the tiles of a contraction. `in_panels`: as if the columns' operand lay in panels of the tile's width,
// with what it costs to lay it out so.
ScheduleCost estimate_tiles(const ContractionNest& nest, const TileSchedule& tile, bool in_panels,
                            ElementType element, const Target& target);
// Of results (positions) that no stage stores, and of a kernel that is walked by rows.
ScheduleCost estimate_map(const KernelStages& stages, const std::vector<size_t>& results,
                          const MapSchedule& schedule);
ScheduleCost estimate_rows(const RowSweeps& rows, const Graph& body, const RowsSchedule& schedule);

// Nanoseconds of a point of a stage that is not tiled, computed at full speed, and its points: what its grain
// hangs on (ir/schedule.h).
struct PointCost {
  double nanoseconds = 0, points = 0;
  int64_t grain() const { return gradus::grain(nanoseconds, points); }
};
PointCost map_points(const Graph& body, int64_t elements);
PointCost row_points(const RowSweeps& rows, const Graph& body);
PointCost loop_points(const KernelStages& stages, size_t stage);
// Levels of merging that a sort takes as long as, by insertion or not.
double sort_levels(const Graph& body, const Node& node, bool insert);

// The elements that the largest of the kernel's results (positions) has.
int64_t most_elements(const Graph& body, const std::vector<size_t>& results);

}  // namespace gradus
