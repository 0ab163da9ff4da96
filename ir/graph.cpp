#include "ir/graph.h"

#include "ir/dependence.h"
#include "ir/op.h"

namespace gradus {

std::string_view keyword(InputKind kind) {
  switch (kind) {
    case InputKind::data:
      return "";
    case InputKind::parameter:
      return "param";
    case InputKind::state:
      return "state";
    case InputKind::seed:
      return "seed";
    case InputKind::step:
      return "step";
    case InputKind::variable:
      return "var";
  }
  return "";
}

namespace {

bool same_node(const Node& a, const Node& b) {
  if (a.op != b.op || a.operands != b.operands || a.types != b.types || !(a.attributes == b.attributes))
    return false;
  if (!a.body || !b.body) return a.body == b.body;
  return a.body == b.body || same_structure(*a.body, *b.body);
}

}  // namespace

bool same_structure(const Graph& a, const Graph& b) {
  if (a.hash_ != b.hash_ || a.nodes_.size() != b.nodes_.size() || a.inputs_.size() != b.inputs_.size() ||
      a.results_.size() != b.results_.size() || a.updates_.size() != b.updates_.size() ||
      a.status_ != b.status_)
    return false;
  for (size_t i = 0; i < a.inputs_.size(); ++i)
    if (a.inputs_[i].kind != b.inputs_[i].kind || a.inputs_[i].value != b.inputs_[i].value) return false;
  for (size_t i = 0; i < a.results_.size(); ++i)
    if (a.results_[i].value != b.results_[i].value || a.results_[i].name != b.results_[i].name) return false;
  for (size_t i = 0; i < a.updates_.size(); ++i)
    if (a.updates_[i].value != b.updates_[i].value || a.updates_[i].input != b.updates_[i].input)
      return false;
  for (size_t i = 0; i < a.nodes_.size(); ++i)
    if (!same_node(a.nodes_[i], b.nodes_[i])) return false;
  return true;
}

std::vector<bool> live_nodes(const Graph& graph) {
  std::vector<bool> live = marked(graph, graph.results());
  for (const Input& input : graph.inputs()) live[input.value.node] = true;
  for (const Update& update : graph.updates()) live[update.value.node] = true;
  if (graph.status()) live[graph.status().node] = true;
  return needed_by(graph, std::move(live));
}

std::vector<std::vector<uint32_t>> users(const Graph& graph) {
  std::vector<std::vector<uint32_t>> result(graph.size());
  for (uint32_t i = 0; i < graph.size(); ++i)
    for (Value operand : graph.node(i).operands) {
      auto& list = result[operand.node];
      if (list.empty() || list.back() != i) list.push_back(i);
    }
  return result;
}

}  // namespace gradus
