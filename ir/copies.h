// What lowering takes for granted: what leaves a graph is computed in it and lies row-major, and a scan or
// call is given what it reads laid out as its body takes it. Where that is not so a `relayout` copies the
// value: a node like any other, whose place and time are found like those of any other.
#pragma once

#include <memory>

#include "ir/builder.h"

namespace gradus {

// Whether a copy is missing in the graph or in a graph of kernels in it.
bool needs_copies(const Graph& graph);
// The graph with these copies, also in those. `ids`: of the graph that it is made for; null: its own.
Graph with_copies(const Graph& graph, std::shared_ptr<IdSource> ids = nullptr);

}  // namespace gradus
