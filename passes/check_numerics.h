// The numbers by which an instrumented graph (pass `check-numerics`) says where a value was not finite.
#pragma once

#include <cstdint>
#include <vector>

#include "ir/graph.h"

namespace gradus {

// The status of an instrumented graph names node i of the graph before instrumentation as check
// numerics_base + i; the program's own checks have smaller numbers.
constexpr int64_t numerics_base = int64_t{1} << 32;

// By input: does it hold infinities on purpose? Empty: none does.
using InfiniteInputs = std::vector<bool>;

// The graph with a status that says which node is the first, in program order, whose value is not finite.
// Without `watch_inputs` the inputs are known to be as they should.
Graph with_numeric_checks(const Graph& graph, const InfiniteInputs& infinite = {}, bool watch_inputs = true);

// The same knowledge about the inputs of the body of node `index`.
InfiniteInputs infinite_body_inputs(const Graph& graph, uint32_t index, const InfiniteInputs& infinite);
// By result: may it hold an infinity that the program asked for?
std::vector<bool> infinite_results(const Graph& graph);

}  // namespace gradus
