// Contraction kernels hold one dot or conv, which reads arrays, and an elementwise epilogue: bias,
// activation, dropout mask, residual.
#include "ir/op.h"
#include "ir/structure.h"
#include "passes/fuse/kernel_rules.h"

namespace gradus {

namespace {

constexpr size_t most_epilogue_nodes = 12;
constexpr size_t most_epilogue_expensive = 2;

}  // namespace

bool epilogue_fits(const Graph& graph, const std::vector<uint32_t>& nodes) {
  size_t computing = 0, expensive = 0;
  for (uint32_t i : nodes) {
    computing += !is_free(graph.node(i));
    expensive += is_expensive(graph.node(i));
  }
  return computing <= most_epilogue_nodes && expensive <= most_epilogue_expensive;
}

bool contraction_may_join(const KernelGroups& groups, const KernelGroup& reader) {
  return reader.heroes.empty() && epilogue_fits(groups.graph(), reader.nodes);
}

std::vector<Value> arrays_of_contraction(const Graph& graph, uint32_t i) {
  std::vector<Value> arrays = graph.node(i).operands;
  for (Value& array : arrays)
    while (is_reshape(graph, graph.node(array.node))) array = graph.node(array.node).operands[0];
  return arrays;
}

}  // namespace gradus
