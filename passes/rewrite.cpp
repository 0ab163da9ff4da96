#include "passes/rewrite.h"

#include "ir/op.h"

namespace gradus {

Value Peephole::make(std::string_view op, std::vector<Value> operands, Attributes attributes) {
  constexpr int deepest = 64;  // rules that feed each other end here, with a correct if unpolished result
  if (depth_ < deepest) {
    ++depth_;
    for (Rule rule : rules_)
      if (Value value = rule(*this, op, operands, attributes)) {
        --depth_;
        return value;
      }
    --depth_;
  }
  return builder_.add(op, std::move(operands), std::move(attributes));
}

const Node* Peephole::as(Value value, std::string_view op) const {
  if (value.node < barriers_.size() && barriers_[value.node]) return nullptr;
  const Node& node = builder_.node(value);
  return node.op->name == op && value.result == 0 ? &node : nullptr;
}

std::optional<double> Peephole::splat(Value value) const {
  const Node* node = as(value, "constant");
  if (!node) return std::nullopt;
  const AttributeValue* known = node->attributes.find("value");
  if (!known) return std::nullopt;
  if (const double* number = std::get_if<double>(known)) return *number;
  if (const int64_t* number = std::get_if<int64_t>(known)) return static_cast<double>(*number);
  return std::nullopt;
}

bool Peephole::is_splat(Value value, double number) const {
  const std::optional<double> known = splat(value);
  return known && *known == number;
}

void Peephole::add_barrier(Value value) {
  if (barriers_.size() <= value.node) barriers_.resize(value.node + 1, false);
  barriers_[value.node] = true;
}

namespace {

std::vector<bool> barriers_of(const Graph& graph) {
  std::vector<bool> barrier(graph.size(), false);
  for (uint32_t i = 0; i < graph.size(); ++i) {
    const Node& node = graph.node(i);
    if (node.op->name == "mark") barrier[i] = true;
    if (node.op->name != "gradient") continue;
    for (size_t k = 1; k < node.operands.size(); ++k) barrier[node.operands[k].node] = true;
  }
  return barrier;
}

}  // namespace

Graph rewrite(const Graph& graph, std::string_view pass, std::span<const Peephole::Rule> rules,
              SpecialRule special, const PassContext& context) {
  Rewriter rewriter(graph, std::string(pass), {context.memoize, context.node_limit});
  Peephole peephole(rewriter.builder(), rules);
  const std::vector<bool> barrier = barriers_of(graph);
  for (uint32_t i : rewriter.live()) {
    const Node& node = graph.node(i);
    if (node.op->name == "input" || barrier[i]) {
      rewriter.keep(i);
      if (barrier[i])
        for (uint32_t r = 0; r < node.types.size(); ++r) peephole.add_barrier(rewriter.map(Value{i, r}));
      continue;
    }
    if (special && special(rewriter, peephole, i)) continue;
    if (node.body) {
      rewriter.keep_body(i,
                         std::make_shared<const Graph>(rewrite(*node.body, pass, rules, special, context)));
      continue;
    }
    if (node.types.size() != 1 || node.op->name == "constant") {
      rewriter.keep(i);
      continue;
    }
    rewriter.at(i);
    const std::vector<Value> operands = rewriter.map(node.operands);
    Value replacement;
    for (Peephole::Rule rule : rules)
      if ((replacement = rule(peephole, node.op->name, operands, node.attributes))) break;
    if (replacement)
      rewriter.replace(i, {replacement});
    else
      rewriter.keep(i);
  }
  return std::move(rewriter).finish();
}

}  // namespace gradus
