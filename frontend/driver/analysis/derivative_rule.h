// Which derivative rule a value comes from, for reports.
#pragma once

#include "ir/graph.h"

namespace gradus {

// The rule that made a node which nothing but a derivative asked for; null for every other node.
inline const Origin* derivative_rule(const Graph& graph, uint32_t node) {
  return graph.node(node).derivative ? find_rule(graph.origins(node), graph.node(node).id) : nullptr;
}

}  // namespace gradus
