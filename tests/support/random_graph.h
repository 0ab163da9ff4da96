// Seeded random graphs of every op family, well typed, with values kept moderate; and their reduction to a
// minimal failing graph.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "ir/evaluate/evaluate.h"
#include "ir/graph.h"

namespace gradus::testing {

struct RandomGraphOptions {
  int steps = 9;                 // ops drawn, most of which are a few nodes
  int64_t most_elements = 1200;  // of one value
  bool gradients = true;         // a loss, its gradients and updates
};

struct RandomGraph {
  Graph graph;
  std::vector<evaluate::Array<double>> inputs;  // of its declared types
};

RandomGraph random_graph(uint64_t seed, const RandomGraphOptions& options = {});

// Whether a graph on these inputs still fails, and how; empty if it does not.
using Failure = std::function<std::string(const Graph&, const std::vector<evaluate::Array<double>>&)>;

// Drops results and updates and replaces nodes by inputs holding their value (or by operands of their type)
// as long as the graph fails. `failing` must fail.
RandomGraph shrink(RandomGraph failing, const Failure& failure);

// The text of a graph and, where they are few, the values of its inputs.
std::string describe(const RandomGraph& graph);

}  // namespace gradus::testing
