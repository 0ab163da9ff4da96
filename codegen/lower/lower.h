// Lowering: a graph of kernels with buffers (stage `kernels`) becomes a loop program.
//
// Every node of the graph is an input, a constant, or a `kernel`, `scan` or single op in execution order.
// Attribute `place` says where the results of a kernel or scan lie (ir/placement.h). Without it
// every result gets memory of its own. The header attribute `workspace` is the planned size; a scan's body
// has its own. Lowering appends the scratch of its kernels.
#pragma once

#include "codegen/schedule/schedule.h"
#include "ir/graph.h"
#include "ir/loop/program.h"
#include "ir/target.h"

namespace gradus {

loop::Program lower(const Graph& kernels, const Target& target, const ScheduleOptions& options = {});

}  // namespace gradus
