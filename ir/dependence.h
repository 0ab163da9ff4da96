// What values are computed from, and what is computed from them.
//
// Nodes stand in topological order: one walk over them, backwards or forwards, marks all of them. Marks are
// per node; there may be fewer than nodes, and what has none is not looked at.
#pragma once

#include <vector>

#include "ir/graph.h"

namespace gradus {

// Which operands a walk follows: (node, position of the operand) → bool. All of them.
struct EveryOperand {
  bool operator()(uint32_t, size_t) const { return true; }
};

// One mark per node: of the value's, of the results'.
std::vector<bool> marked(const Graph& graph, Value value);
std::vector<bool> marked(const Graph& graph, const std::vector<NamedValue>& results);

// The marked nodes and what they are computed from.
template <class Follows = EveryOperand>
std::vector<bool> needed_by(const Graph& graph, std::vector<bool> marks, Follows follows = {}) {
  for (auto i = static_cast<uint32_t>(marks.size()); i-- > 0;) {
    if (!marks[i]) continue;
    const std::vector<Value>& operands = graph.node(i).operands;
    for (size_t k = 0; k < operands.size(); ++k)
      if (follows(i, k)) marks[operands[k].node] = true;
  }
  return marks;
}

// The marked nodes and what is computed from them.
template <class Follows = EveryOperand>
std::vector<bool> dependent_on(const Graph& graph, std::vector<bool> marks, Follows follows = {}) {
  for (uint32_t i = 0; i < marks.size(); ++i) {
    const std::vector<Value>& operands = graph.node(i).operands;
    for (size_t k = 0; k < operands.size() && !marks[i]; ++k)
      marks[i] = marks[operands[k].node] && follows(i, k);
  }
  return marks;
}

}  // namespace gradus
