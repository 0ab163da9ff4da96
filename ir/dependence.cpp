#include "ir/dependence.h"

namespace gradus {

std::vector<bool> marked(const Graph& graph, Value value) {
  std::vector<bool> marks(graph.size(), false);
  marks[value.node] = true;
  return marks;
}

std::vector<bool> marked(const Graph& graph, const std::vector<NamedValue>& results) {
  std::vector<bool> marks(graph.size(), false);
  for (const NamedValue& result : results) marks[result.value.node] = true;
  return marks;
}

}  // namespace gradus
