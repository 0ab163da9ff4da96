// What a kernel may take in, by kinds: the rules that KernelGroups asks, a file a kind.
#pragma once

#include "passes/fuse/kernel_groups.h"

namespace gradus {

// Whether node i may join the one kernel that reads it, by the kind of i. A reduction or contraction is read
// element by element there: the kernel becomes one of its kind, and what it was, the epilogue.
bool map_may_join(const KernelGroups& groups, uint32_t i, const KernelGroup& reader);
bool reduction_may_join(const KernelGroups& groups, uint32_t i, const KernelGroup& reader);
bool contraction_may_join(const KernelGroups& groups, const KernelGroup& reader);

// Whether a map kernel may become a part of a kernel whose results it reads.
bool map_may_merge(const KernelGroups& groups, size_t reader, size_t producer);
// Whether the two may become a kernel that works row by row.
bool rows_may_merge(const KernelGroups& groups, size_t reader, size_t producer);

// An epilogue is emitted once per tile variant: large ones cost more code than they save.
bool epilogue_fits(const Graph& graph, const std::vector<uint32_t>& nodes);

// A look-up that chooses an element of each row of what is computed.
bool is_row_lookup(const Graph& graph, uint32_t i);

// What a contraction reads from memory: its operands, behind reshapes.
std::vector<Value> arrays_of_contraction(const Graph& graph, uint32_t i);

}  // namespace gradus
