// Lowering: a graph of kernels with buffers (stage `kernels`) becomes a loop program.
//
// Every node of the graph is an input, a constant, or a `kernel`, `scan`, `call` or single op in execution
// order. Attribute `place` says where its results lie (ir/placement.h); without it every result gets memory
// of its own. The header attribute `workspace` is the planned size; a body of a scan or call has its own.
// Attribute `schedule` of a kernel says what its loops look like (ir/schedule.h), the plain one without;
// `scratch` where what they work in lies, behind the planned workspace without. A text may lack the copies
// that `fuse` makes (ir/copies.h): they are made first.
#pragma once

#include "ir/graph.h"
#include "ir/loop/program.h"
#include "ir/target.h"

namespace gradus {

loop::Program lower(const Graph& kernels, const Target& target);

}  // namespace gradus
