#include "frontend/driver/analysis/observe.h"

#include <fmt/format.h>

#include <set>

#include "ir/build.h"
#include "ir/op.h"
#include "ir/structure.h"

namespace gradus {

namespace {

class Observer {
 public:
  Observer(const Graph& graph, int64_t rows) : graph_(graph), rows_(rows), rewriter_(graph, "observe") {}

  Observation run() {
    for (uint32_t i : rewriter_.live()) rewriter_.keep(i);
    find_forward();
    add_gradients();
    add_activations();
    add_rectifiers();
    result_.graph = std::move(rewriter_).finish();
    return std::move(result_);
  }

 private:
  GraphBuilder& b() { return rewriter_.builder(); }

  // Nodes before the first gradient that depend on data.
  void find_forward() {
    forward_.assign(graph_.size(), false);
    for (const Input& input : graph_.inputs())
      if (input.kind == InputKind::data) forward_[input.value.node] = true;
    for (uint32_t i : rewriter_.live()) {
      const Node& node = graph_.node(i);
      if (is_gradient(node)) break;
      for (Value operand : node.operands)
        if (forward_[operand.node]) forward_[i] = true;
    }
  }

  std::string result(const std::string& what, size_t number, Value value) {
    const std::string name = fmt::format("observed.{}.{}", what, number);
    b().add_result(name, value);
    return name;
  }

  // In double: gradients that vanish are the ones that one wants to see.
  Value mean_of(Value value, bool squared) {
    const Value wide = build::cast(b(), ElementType::f64, value);
    const auto count = static_cast<double>(std::max<int64_t>(element_count(b().shape(value)), 1));
    return build::mul(b(), build::sum_all(b(), squared ? build::mul(b(), wide, wide) : wide), 1 / count);
  }

  void add_gradients() {
    for (const Input& input : graph_.inputs()) {
      if (input.kind != InputKind::parameter) continue;
      const Value gradient = gradient_by(input.value);
      if (!gradient) continue;
      const Value wide = build::cast(b(), ElementType::f64, rewriter_.map(gradient));
      const Value norm = build::unary(b(), OpId::sqrt, build::sum_all(b(), build::mul(b(), wide, wide)));
      result_.gradients.push_back({input.name, result("gradient", result_.gradients.size(), norm)});
    }
  }

  // Of the first loss that it is minimized for; none where the gradient is taken at other points.
  Value gradient_by(Value parameter) const {
    for (uint32_t i : rewriter_.live()) {
      const Node& node = graph_.node(i);
      if (!is_gradient(node)) continue;
      for (uint32_t k = 1; k < node.operands.size(); ++k)
        if (node.operands[k] == parameter) return {i, k - 1};
    }
    return {};
  }

  bool is_batch(uint32_t index) const {
    const Type& type = graph_.node(index).types[0];
    return forward_[index] && !is_input(graph_.node(index)) && is_float(type.element) && type.rank() >= 2 &&
           type.shape[0] == rows_;
  }

  std::string scope_of(uint32_t index) const {
    const Origin* source = find_source(graph_.origins(index));
    return source ? source->chain.front().scope : "";
  }

  void add_activations() {
    std::vector<std::pair<std::string, uint32_t>> last;  // of each scope, in the order of their ends
    for (uint32_t i : rewriter_.live()) {
      const std::string scope = scope_of(i);
      if (!is_batch(i) || scope.empty() || scope == graph_.name()) continue;
      std::erase_if(last, [&](const auto& entry) { return entry.first == scope; });
      last.emplace_back(scope, i);
    }
    for (const auto& [layer, node] : last) {
      const Value value = rewriter_.map(Value{node, 0});
      const size_t number = result_.activations.size();
      result_.activations.push_back({layer, place_of(graph_.origins(node)),
                                     result("mean", number, mean_of(value, false)),
                                     result("square", number, mean_of(value, true))});
    }
  }

  void add_rectifiers() {
    for (uint32_t i : rewriter_.live()) {
      const Node& node = graph_.node(i);
      if (node.op->id != OpId::maximum || !is_batch(i)) continue;
      const std::optional<double> left = build::known_splat(b(), rewriter_.map(node.operands[0]));
      const std::optional<double> right = build::known_splat(b(), rewriter_.map(node.operands[1]));
      if (left != 0.0 && right != 0.0) continue;
      std::vector<int64_t> axes = build::all_axes(node.types[0].shape);
      axes.pop_back();
      const Value largest = build::reduce(b(), OpId::max, rewriter_.map(Value{i, 0}), std::move(axes));
      result_.rectifiers.push_back({scope_of(i), place_of(graph_.origins(i)), node.types[0].shape.back(),
                                    result("largest", result_.rectifiers.size(), largest)});
    }
  }

  const Graph& graph_;
  int64_t rows_;
  Rewriter rewriter_;
  std::vector<bool> forward_;
  Observation result_;
};

}  // namespace

Observation observe(const Graph& graph, int64_t rows) { return Observer(graph, rows).run(); }

}  // namespace gradus
