#include "ir/kernel/single.h"

#include <fmt/format.h>

namespace gradus {

std::shared_ptr<const Graph> single_node_body(const Graph& graph, uint32_t index, BuilderOptions options) {
  const Node& node = graph.node(index);
  GraphBuilder body("kernel", std::move(options));
  body.reserve_ids(graph.next_id());
  std::vector<Value> operands;
  for (const Value operand : node.operands)
    operands.push_back(body.input(fmt::format("a{}", operands.size()), InputKind::data, graph.type(operand)));
  body.set_origins(graph.origins(index));
  body.set_derivative(node.derivative);
  const Value made = body.again(node, std::move(operands));
  for (uint32_t r = 0; r < node.types.size(); ++r) body.add_result("", {made.node, r});
  return std::make_shared<const Graph>(std::move(body).finish());
}

}  // namespace gradus
