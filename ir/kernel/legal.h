// Which schedules a kernel may have. Any of them computes the same bits; what is refused could not be
// lowered, or would write out a loop body beyond any use.
#pragma once

#include "ir/kernel/stages.h"

namespace gradus {

// Throws ShapeError, which says what is expected.
void check_schedule(const Graph& body, const Schedule& schedule);
// The same for the part of one stage.
bool is_legal(const KernelStages& stages, size_t stage, const StageSchedule& part);
// The one that a kernel has of which nothing is said: no tiles, no threads.
Schedule plain_schedule(const Graph& body);

}  // namespace gradus
