// Reduction kernels hold reductions of one class: over the same axes of the same shape, hence in one pass
// over it.
#include "passes/fuse/kernel_rules.h"

namespace gradus {

namespace {

bool same_class(const Graph& graph, uint32_t a, uint32_t b) {
  const Node& x = graph.node(a);
  const Node& y = graph.node(b);
  auto axes = [](const Node& n) {
    return n.attributes.has("axes") ? n.attributes.integers("axes")
                                    : std::vector<int64_t>{n.attributes.integer("axis")};
  };
  return graph.type(x.operands[0]).shape == graph.type(y.operands[0]).shape && axes(x) == axes(y);
}

}  // namespace

bool reduction_may_join(const KernelGroups& groups, uint32_t i, const KernelGroup& reader) {
  return reader.heroes.empty() ||
         (reader.kind == KernelKind::reduction && same_class(groups.graph(), i, reader.heroes[0]));
}

}  // namespace gradus
