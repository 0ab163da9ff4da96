#include "ir/structure.h"

namespace gradus {

namespace {

bool any_node(const Graph& graph, bool (*holds)(const Node&)) {
  for (uint32_t i = 0; i < graph.size(); ++i) {
    const Node& node = graph.node(i);
    if (holds(node) || (node.body && any_node(*node.body, holds))) return true;
  }
  return false;
}

}  // namespace

bool is_by_element(const Op& op) {
  switch (op.traits.access) {
    case Access::outside:
    case Access::generated:
    case Access::elementwise:
    case Access::view:
    case Access::computed_view:
      return true;
    case Access::reduction:
    case Access::search:
    case Access::contraction:
    case Access::window:
    case Access::running:
    case Access::scatter:
    case Access::ordering:
    case Access::opaque:
      return false;
  }
  return false;
}

bool keeps_position(const Graph& graph, const Node& node) {
  return node.op->traits.access == Access::elementwise || is_reshape(graph, node);
}

bool is_reshape(const Graph& graph, const Node& node) {
  return node.op->view && node.op->view(node.attributes, graph.type(node.operands[0]).shape).same_position;
}

bool has_gradient(const Graph& graph) { return any_node(graph, is_gradient); }
bool has_custom_gradient(const Graph& graph) { return any_node(graph, is_custom_gradient); }

bool awaits_differentiation(const Graph& graph) {
  return any_node(
      graph, [](const Node& node) { return is_gradient(node) || is_mark(node) || is_custom_gradient(node); });
}

}  // namespace gradus
