// Graphs of any size, for tests and measurements of how the compiler scales.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "ir/graph.h"

namespace gradus::testing {

// chain    one elementwise op after the other
// lattice  every value reads the two before it, so that paths are exponential in number
// shared   an unrolled recurrence and its gradient: one weight that every step reads
// network  layers with bias and activation, loss, gradients and momentum updates
// many     a parameter of its own for every term of a sum, updated by Adam
// parts    one value cut into pieces that are put together again
// branches branches within branches, and their gradient
// views    shape ops that compute nothing, one behind the other, with a reader at each
inline constexpr std::array<std::string_view, 8> large_graph_kinds = {
    "chain", "lattice", "shared", "network", "many", "parts", "views", "branches"};

// About `nodes` nodes once gradients are expanded.
Graph large_graph(std::string_view kind, size_t nodes);

}  // namespace gradus::testing
