#include "ir/boost_graph.h"

namespace gradus {

GraphView::GraphView(const Graph& graph) : graph_(&graph), in_begin_{0}, out_begin_(graph.size() + 1, 0) {
  for (uint32_t user = 0; user < graph.size(); ++user) {
    const std::vector<Value>& operands = graph.node(user).operands;
    for (uint32_t i = 0; i < operands.size(); ++i) {
      in_.push_back({operands[i].node, user, i});
      ++out_begin_[operands[i].node + 1];
    }
    in_begin_.push_back(in_.size());
  }
  for (size_t v = 1; v < out_begin_.size(); ++v) out_begin_[v] += out_begin_[v - 1];
  out_.resize(in_.size());
  Begins next = out_begin_;
  for (const Edge& edge : in_) out_[next[edge.source]++] = edge;
}

}  // namespace gradus
