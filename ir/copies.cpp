#include "ir/copies.h"

#include <algorithm>

#include "ir/op.h"
#include "ir/ops/scan.h"
#include "ir/structure.h"

namespace gradus {

namespace {

bool may_leave(const Graph& graph, Value value) {
  return !is_input(graph.node(value)) && graph.type(value).layout.is_default();
}

// An input that keeps its value need not be copied onto itself.
bool may_leave(const Graph& graph, const Update& update) {
  return update.value == graph.inputs()[update.input].value || may_leave(graph, update.value);
}

const Layout& layout_taken(const Node& node, size_t operand) {
  const size_t input = is_scan(node) ? ops::ScanLayout::body_input_of(operand) : operand;
  return node.body->type(node.body->inputs()[input].value).layout;
}

bool body_needs_copies(const Graph& graph, const Node& node) {
  for (size_t k = 0; k < node.operands.size(); ++k)
    if (graph.type(node.operands[k]).layout != layout_taken(node, k)) return true;
  return needs_copies(*node.body);
}

class Copies {
 public:
  Copies(const Graph& graph, std::shared_ptr<IdSource> ids)
      : graph_(graph), rewriter_(graph, "copies", {.ids = std::move(ids)}), builder_(rewriter_.builder()) {}

  Graph run() && {
    for (uint32_t i : rewriter_.live())
      if (runs_kernels(graph_.node(i)))
        keep_with_copies(i);
      else
        rewriter_.keep(i);
    for (const NamedValue& result : graph_.results())
      builder_.add_result(result.name, may_leave(graph_, result.value) ? rewriter_.map(result.value)
                                                                       : copy(result.value, {}));
    for (const Update& update : graph_.updates())
      builder_.add_update(update.input,
                          may_leave(graph_, update) ? rewriter_.map(update.value) : copy(update.value, {}));
    if (graph_.status()) builder_.set_status(rewriter_.map(graph_.status()));
    return std::move(builder_).finish();
  }

 private:
  Value copy(Value value, const Layout& layout) {
    Type type = graph_.type(value);
    type.layout = layout;
    builder_.set_origins(graph_.origins(value.node));
    builder_.set_derivative(graph_.node(value).derivative);
    return builder_.add_typed(op_of(OpId::relayout), {rewriter_.map(value)}, {}, {std::move(type)});
  }

  void keep_with_copies(uint32_t i) {
    const Node& node = graph_.node(i);
    std::vector<Value> operands;
    for (size_t k = 0; k < node.operands.size(); ++k) {
      const Layout& taken = layout_taken(node, k);
      const bool as_it_lies = graph_.type(node.operands[k]).layout == taken;
      operands.push_back(as_it_lies ? rewriter_.map(node.operands[k]) : copy(node.operands[k], taken));
    }
    rewriter_.keep_on(i, std::move(operands), rewriter_.rewritten(node.body, [&](const Graph& body) {
      return with_copies(body, builder_.ids());
    }));
  }

  const Graph& graph_;
  Rewriter rewriter_;
  GraphBuilder& builder_;
};

}  // namespace

bool needs_copies(const Graph& graph) {
  const auto stays = [&](const auto& outcome) { return !may_leave(graph, outcome); };
  if (std::any_of(graph.results().begin(), graph.results().end(),
                  [&](const NamedValue& result) { return stays(result.value); }) ||
      std::any_of(graph.updates().begin(), graph.updates().end(), stays))
    return true;
  for (uint32_t i = 0; i < graph.size(); ++i)
    if (runs_kernels(graph.node(i)) && body_needs_copies(graph, graph.node(i))) return true;
  return false;
}

Graph with_copies(const Graph& graph, std::shared_ptr<IdSource> ids) {
  return Copies(graph, std::move(ids)).run();
}

}  // namespace gradus
