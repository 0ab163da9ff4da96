// memoize: what a scan computes in its steps is not computed again from its histories.
//
// The adjoint of a scan goes back over its steps and needs their values again. `hoist` made its products one
// product over all steps, by the histories that the first scan leaves; but the first scan had the rows of
// that product in its own steps. It yields them as one more output, stacked, in place of the product. Each
// element is the same chain of multiply-add, so the bits are the same.
//
// Only products: what is cheaper than a product costs less again than it costs to store and load it. What is
// kept lives from one scan to the other, where the product would have been made just before it is read.
// Left alone: products that differ in anything, values that somebody laid out, and scans that have their
// memory. Does nothing without memoization (`--no-memo`), or while gradient nodes are left.
#include <algorithm>
#include <map>
#include <optional>

#include "ir/dependence.h"
#include "ir/op.h"
#include "ir/ops/scan.h"
#include "ir/structure.h"
#include "passes/pass.h"
#include "passes/steps.h"

namespace gradus {

namespace {

// The values of one scan's body, and which values outside of it are those of all steps.
class Steps {
 public:
  Steps(const Graph& graph, uint32_t scan)
      : graph_(graph), scan_(graph.node(scan)), index_(scan), body_(*scan_.body), layout_(scan_) {}

  // The product of a step that `product` is the one of over all steps; none if it has no such product.
  Value of_step(const Node& product) const {
    const std::vector<bool> live = needed_by(body_, marked(body_, body_.results()));
    for (uint32_t i = 0; i < body_.size(); ++i)
      if (live[i] && body_.node(i).op == product.op && is_over_steps(product, body_.node(i))) return {i, 0};
    return {};
  }

 private:
  bool is_over_steps(const Node& product, const Node& step) const {
    return product_over_steps(step) == product.attributes && stacks(step.types[0], product.types[0]) &&
           is_history(product.operands[0], step.operands[0]) &&
           is_the_same(product.operands[1], step.operands[1]);
  }

  // Whether all steps of one type, stacked, have the other.
  bool stacks(const Type& step, const Type& all) const {
    Shape shape = step.shape;
    shape.insert(shape.begin(), layout_.length);
    return all.element == step.element && all.shape == shape && all.layout.is_default() &&
           step.layout.is_default();
  }

  // Whether the outer value is the history of the inner one, a carry.
  bool is_history(Value outer, Value inner) const {
    const std::optional<size_t> operand = operand_behind(inner);
    for (size_t k = 0; k < layout_.histories.size(); ++k)
      if (operand && layout_.histories[k] == static_cast<int64_t>(*operand))
        return outer == Value{index_, static_cast<uint32_t>(layout_.result_of_history(k))};
    return false;
  }

  // Whether every step sees the outer value as the inner one: a capture, or the same made of such.
  bool is_the_same(Value outer, Value inner) const {
    if (const std::optional<size_t> operand = operand_behind(inner))
      return !layout_.is_carry(*operand) && !layout_.is_sequence(*operand) &&
             scan_.operands[*operand] == outer;
    const Node& made = body_.node(inner);
    const Node& there = graph_.node(outer);
    return made.op->view && made.op == there.op && made.attributes == there.attributes &&
           made.types == there.types && is_the_same(there.operands[0], made.operands[0]);
  }

  // Of the scan, if the value is an input of the body other than the index.
  std::optional<size_t> operand_behind(Value inner) const {
    const auto& inputs = body_.inputs();
    for (size_t k = 1; k < inputs.size(); ++k)
      if (inputs[k].value == inner) return layout_.operand_of_input(k);
    return std::nullopt;
  }

  const Graph& graph_;
  const Node& scan_;
  uint32_t index_;
  const Graph& body_;
  ops::ScanLayout layout_;
};

// The body with more results.
Graph yielding(const Graph& body, const std::vector<Value>& more, const BuilderOptions& options) {
  Rewriter rewriter(body, "memoize", options);
  for (const uint32_t i : rewriter.live()) rewriter.keep(i);
  std::vector<NamedValue> results;
  for (const NamedValue& result : body.results())
    results.push_back({result.name, rewriter.map(result.value)});
  for (const Value value : more) results.push_back({"", rewriter.map(value)});
  return std::move(rewriter).finish(results);
}

class Memoize {
 public:
  Memoize(const Graph& graph, const PassContext& context)
      : context_(context), rewriter_(graph, "memoize", options()) {}

  Graph run() && {
    for (const uint32_t i : rewriter_.live()) find_product(i);
    for (const uint32_t i : rewriter_.live()) rewrite(i);
    return std::move(rewriter_).finish();
  }

 private:
  struct Output {
    uint32_t scan = 0;
    size_t number = 0;  // behind those that it has
  };

  BuilderOptions options() const { return {context_.memoize, context_.node_limit, context_.ids}; }

  void find_product(uint32_t i) {
    const Node& node = rewriter_.old().node(i);
    if (node.op->id != OpId::dot) return;
    const uint32_t scan = node.operands[0].node;
    const Node& left = rewriter_.old().node(scan);
    if (!is_scan(left) || left.attributes.has("place")) return;
    const Value step = Steps(rewriter_.old(), scan).of_step(node);
    if (!step) return;
    std::vector<Value>& kept = kept_[scan];
    const auto at = std::find(kept.begin(), kept.end(), step);
    output_[i] = {scan, static_cast<size_t>(at - kept.begin())};
    if (at == kept.end()) kept.push_back(step);
  }

  void rewrite(uint32_t i) {
    const Node& node = rewriter_.old().node(i);
    if (const auto it = output_.find(i); it != output_.end()) {
      const uint32_t scan = it->second.scan;
      const size_t first = rewriter_.old().node(scan).types.size();
      const Value made = rewriter_.map({scan, 0});
      return rewriter_.replace(i, {{made.node, static_cast<uint32_t>(first + it->second.number)}});
    }
    if (!node.body || is_kernel(node)) return rewriter_.keep(i);
    const auto memoized = [&](const Graph& body) { return Memoize(body, context_).run(); };
    if (const auto it = kept_.find(i); it != kept_.end())
      return rewriter_.keep_body(
          i, std::make_shared<const Graph>(memoized(yielding(*node.body, it->second, options()))));
    rewriter_.keep_body(i, rewriter_.rewritten(node.body, memoized));
  }

  const PassContext& context_;
  Rewriter rewriter_;
  std::map<uint32_t, std::vector<Value>> kept_;  // by scan: what its steps yield besides
  std::map<uint32_t, Output> output_;            // by product: what takes its place
};

}  // namespace

Graph memoize(const Graph& graph, PassContext& context) {
  return context.memoize && !awaits_differentiation(graph) ? Memoize(graph, context).run() : graph;
}

}  // namespace gradus
