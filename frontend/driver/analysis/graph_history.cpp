#include "frontend/driver/analysis/graph_history.h"

namespace gradus {

namespace {

// -1 if there is none.
int64_t index_of(const Graph& graph, uint32_t id) {
  for (uint32_t i = 0; i < graph.size(); ++i)
    if (graph.node(i).id == id) return i;
  return -1;
}

const Graph* body_at(const Graph& graph, std::span<const uint32_t> path) {
  const Graph* current = &graph;
  for (uint32_t id : path) {
    const int64_t index = index_of(*current, id);
    if (index < 0) return nullptr;
    current = current->node(static_cast<uint32_t>(index)).body.get();
    if (!current) return nullptr;
  }
  return current;
}

}  // namespace

GraphHistory::GraphHistory(const Graph& graph, bool memoize) {
  graphs_.push_back(graph);
  PassContext context;
  context.memoize = memoize;
  const Stage from = Compiler::stage_of(graph);
  graphs_.push_back(run_pipeline(graph, from, std::max(from, Stage::optimized), context,
                                 [&](const PassReport&, const Graph&, const Graph& after) {
                                   graphs_.push_back(after);
                                   return true;
                                 }));
}

GraphHistory::Found GraphHistory::find(std::span<const uint32_t> path, uint32_t id) const {
  for (size_t g = graphs_.size(); g-- > 0;) {
    const Graph* graph = body_at(graphs_[g], path);
    if (!graph) continue;
    if (const int64_t index = index_of(*graph, id); index >= 0)
      return {graph, static_cast<uint32_t>(index), g + 1 == graphs_.size()};
  }
  return {};
}

}  // namespace gradus
