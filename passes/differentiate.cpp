// differentiate: expands `gradient` nodes by reverse-mode differentiation.
//
// Walks once from y down to x, asking each op's rule for the adjoints of its operands; what exists already is
// shared, because the builder hash-conses (chain rule + memoization). Inner gradients come first, since
// operands precede users; so the pass applies to its own output. Bodies are differentiated as graphs of their
// own. When no gradient node is left, marks have done their duty and vanish.
//
// It does not simplify: `x * 1` and the like are left to `simplify`.
#include <fmt/format.h>

#include <map>

#include "ir/build.h"
#include "ir/dependence.h"
#include "ir/op.h"
#include "ir/structure.h"
#include "passes/chain_product.h"
#include "passes/pass.h"

namespace gradus {

namespace {

// Derivatives of one scalar y, built into the graph that holds y.
class ReverseMode {
 public:
  ReverseMode(GraphBuilder& builder, bool accumulate, ChainProduct& product)
      : builder_(builder), accumulate_(accumulate), product_(product) {}

  std::vector<Value> run(Value y, const std::vector<Value>& xs) {
    const DerivativeScope scope(builder_);
    mark_dependents(y, xs);
    xs_ = xs;
    const Value seed = build::ones_like(builder_, y);
    if (accumulate_)
      walk(y, seed);
    else
      walk_every_path(y, seed);
    std::vector<Value> result;
    for (Value x : xs) {
      auto it = adjoints_.find(x);
      result.push_back(it == adjoints_.end() ? Value{} : it->second);
    }
    return result;
  }

 private:
  // Nodes on a path from some x to y: only these get adjoints.
  void mark_dependents(Value y, const std::vector<Value>& xs) {
    std::vector<bool> marks(y.node + 1, false);
    for (Value x : xs)
      if (x.node <= y.node) marks[x.node] = true;
    dependent_ = dependent_on(builder_.graph(), std::move(marks));
  }

  void accumulate(Value value, Value adjoint, const Node& user) {
    auto [it, fresh] = adjoints_.try_emplace(value, adjoint);
    if (fresh) return;
    OriginScope scope(builder_, with_rule(user, -1));
    it->second = build::add(builder_, it->second, adjoint);
  }

  // The line that the differentiated value comes from, with the library's lines below it, and the rule.
  Origins with_rule(const Node& node, int64_t operand) const {
    Origins origins;
    if (const Origin* source = find_source(builder_.origins(index_))) origins.push_back(*source);
    origins.push_back(Origin::rule(std::string(node.op->name), operand, node.id));
    return origins;
  }

  // Adjoints of the operands of node `index`, none where nothing flows.
  std::vector<Value> apply_rule(uint32_t index, std::vector<Value> adjoints) {
    index_ = {index, 0};
    GradientUse use{builder_, builder_.node(index), index, std::move(adjoints), {}};
    const Node& node = use.node;
    std::vector<Value> result(node.operands.size());
    auto wanted = [&](size_t i) {
      return dependent_[node.operands[i].node] && is_float(builder_.type(node.operands[i]).element);
    };
    for (size_t i = 0; i < node.operands.size(); ++i) use.wanted.push_back(wanted(i));
    struct Apply {
      ReverseMode& self;
      GradientUse& use;
      std::vector<Value>& result;
      decltype(wanted)& wants;

      void operator()(const NotDifferentiable& rule) const {
        fail_program(fmt::format("'{}' is not differentiable: {}", use.node.op->name, rule.reason),
                     place_of(self.builder_.origins({use.index, 0})),
                     "stop_gradient(…) keeps a value out of the derivative");
      }
      void operator()(const PiecewiseConstant&) const {}
      void operator()(const Partials& rule) const {
        for (size_t i = 0; i < use.node.operands.size(); ++i) {
          if (!wants(i) || i >= rule.by_operand.size() || !rule.by_operand[i] || !use.adjoint()) continue;
          OriginScope scope(self.builder_, self.with_rule(use.node, static_cast<int64_t>(i)));
          result[i] = self.product_(use.adjoint(), rule.by_operand[i](use));
        }
      }
      void operator()(const Transpose& rule) const {
        if (!use.adjoint()) return;
        for (size_t i : rule.operands) {
          if (!wants(i)) continue;
          OriginScope scope(self.builder_, self.with_rule(use.node, static_cast<int64_t>(i)));
          result[i] = rule.apply(use, i);
        }
      }
      void operator()(const Adjoint& rule) const {
        OriginScope scope(self.builder_, self.with_rule(use.node, -1));
        std::vector<Value> all = rule.apply(use);
        for (size_t i = 0; i < all.size() && i < result.size(); ++i)
          if (wants(i)) result[i] = all[i];
      }
    };
    std::visit(Apply{*this, use, result, wanted}, node.op->differentiation);
    return result;
  }

  void walk(Value y, Value seed) {
    if (!dependent_[y.node]) return;
    adjoints_[y] = seed;
    for (uint32_t i = y.node + 1; i-- > 0;) {
      if (!dependent_[i]) continue;
      const Node node = builder_.node(i);
      if (node.operands.empty()) continue;
      std::vector<Value> adjoints(node.types.size());
      bool any = false;
      for (uint32_t r = 0; r < node.types.size(); ++r)
        if (auto it = adjoints_.find(Value{i, r}); it != adjoints_.end()) {
          adjoints[r] = it->second;
          any = true;
        }
      if (!any || !depends_below(node)) continue;
      const std::vector<Value> flow = apply_rule(i, std::move(adjoints));
      for (size_t k = 0; k < flow.size(); ++k)
        if (flow[k]) accumulate(node.operands[k], flow[k], node);
    }
  }

  bool depends_below(const Node& node) const {
    for (Value operand : node.operands)
      if (dependent_[operand.node]) return true;
    return false;
  }

  // Without memoization every path is walked by itself; its contributions meet only at x. A path is as long
  // as the graph is deep, so what is left of it lies on a list.
  void walk_every_path(Value y, Value seed) {
    std::vector<std::pair<Value, Value>> waiting = {{y, seed}};
    while (!waiting.empty()) {
      const auto [value, adjoint] = waiting.back();
      waiting.pop_back();
      step_on_path(value, adjoint, waiting);
    }
  }

  void step_on_path(Value value, Value adjoint, std::vector<std::pair<Value, Value>>& waiting) {
    if (!dependent_[value.node]) return;
    const Node node = builder_.node(value);
    for (Value x : xs_)
      if (x == value) {
        accumulate(value, adjoint, node);
        break;
      }
    if (node.operands.empty() || !depends_below(node)) return;
    std::vector<Value> adjoints(node.types.size());
    adjoints[value.result] = adjoint;
    const std::vector<Value> flow = apply_rule(value.node, std::move(adjoints));
    for (size_t k = flow.size(); k-- > 0;)
      if (flow[k]) waiting.emplace_back(node.operands[k], flow[k]);
  }

  GraphBuilder& builder_;
  bool accumulate_;
  ChainProduct& product_;
  std::vector<bool> dependent_;
  std::vector<Value> xs_;
  std::map<Value, Value> adjoints_;
  Value index_;
};

BuilderOptions builder_options(const PassContext& context) {
  return {context.memoize, context.node_limit, context.ids};
}

void expand(Rewriter& rewriter, uint32_t index, ChainProduct& product, PassContext& context) {
  const Node& node = rewriter.old().node(index);
  GraphBuilder& builder = rewriter.builder();
  rewriter.at(index);
  const std::vector<Value> operands = rewriter.map(node.operands);
  const std::vector<Value> xs(operands.begin() + 1, operands.end());
  std::vector<Value> values = ReverseMode(builder, context.memoize, product).run(operands[0], xs);
  for (size_t i = 0; i < values.size(); ++i) {
    if (values[i]) continue;
    values[i] = build::zeros_like(builder, xs[i]);
    if (node.derivative) continue;  // a rule asked for it, not the user
    Diagnostic warning;
    warning.severity = Severity::warning;
    warning.message = fmt::format("the gradient is zero: %{} does not depend on %{} in a differentiable way",
                                  builder.node(operands[0]).id, builder.node(xs[i]).id);
    warning.span = place_of(rewriter.old().origins(index));
    context.warnings.push_back(std::move(warning));
  }
  rewriter.replace(index, std::move(values));
}

Graph expand_gradients(const Graph& graph, bool in_body, PassContext& context) {
  Rewriter rewriter(graph, "differentiate", builder_options(context));
  ChainProduct product(rewriter.builder(), in_body);
  for (uint32_t i : rewriter.live()) {
    if (is_gradient(graph.node(i)))
      expand(rewriter, i, product, context);
    else
      rewriter.keep(i);
  }
  context.memo_hits += rewriter.builder().memo_hits();
  return std::move(rewriter).finish();
}

Graph expand_all(const Graph& graph, bool in_body, PassContext& context);

// Drops marks and the surrogates of custom gradients, and differentiates the bodies that were there or came
// from rules.
Graph finish_bodies(const Graph& graph, PassContext& context) {
  Rewriter rewriter(graph, "differentiate", builder_options(context));
  for (uint32_t i : rewriter.live()) {
    const Node& node = graph.node(i);
    if (is_mark(node) || is_custom_gradient(node)) {
      rewriter.replace(i, {rewriter.map(node.operands[0])});
    } else if (node.body && awaits_differentiation(*node.body)) {
      rewriter.keep_body(i, rewriter.rewritten(node.body, [&](const Graph& body) {
        return expand_all(body, true, context);
      }));
    } else {
      rewriter.keep(i);
    }
  }
  return std::move(rewriter).finish();
}

Graph expand_all(const Graph& graph, bool in_body, PassContext& context) {
  return finish_bodies(expand_gradients(graph, in_body, context), context);
}

}  // namespace

Graph differentiate(const Graph& graph, PassContext& context) {
  return awaits_differentiation(graph) ? expand_all(graph, false, context) : graph;
}

}  // namespace gradus
