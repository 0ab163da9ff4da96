// Which schedule a kernel gets: candidates for each of its stages, with what they are estimated to cost
// (estimate.h). One file per kind of stage makes the candidates; the cheapest one is taken. Of several that
// the estimate cannot tell from it, the first that was made: the others are none.
#pragma once

#include <string_view>
#include <vector>

#include "ir/kernel/stages.h"
#include "ir/target.h"
#include "passes/schedule/cost.h"

namespace gradus {

struct Candidate {
  StageSchedule schedule;
  ScheduleCost cost;
};

struct StageChoice {
  std::string_view what;              // the op that the stage computes, or what a kernel is walked by
  std::vector<Candidate> candidates;  // each once, the cheapest first, at least one
};

// For each part of the kernel's schedule.
std::vector<StageChoice> schedule_choices(const Graph& body, const Target& target);
Schedule choose_schedule(const Graph& body, const Target& target);

// The makers of candidates.
//
// Empty if the stage has no tiles.
std::vector<StageSchedule> contraction_candidates(const KernelStages& stages, size_t stage,
                                                  const Target& target);
// The width of panels that the columns' operand of a contraction should lie in, where it does not, if each is
// read by so many runs of the kernel, and panels of some widths exist already; 0 if it should stay as it is.
int64_t wanted_panels(const KernelStages& stages, size_t stage, double uses,
                      const std::vector<int64_t>& existing, const Target& target);
// Empty if walking by rows saves nothing or cannot be.
std::vector<StageSchedule> row_candidates(const Graph& body);
std::vector<StageSchedule> loop_candidates(const KernelStages& stages, size_t stage, const Target& target);
// Of results (positions) that no stage stores: whole, and cut where something is padded or joined. Chunks of
// 16 to 2,048 elements were equally fast, and how work is shared out is not estimated.
std::vector<StageSchedule> map_candidates(const KernelStages& stages, const std::vector<size_t>& results);

}  // namespace gradus
