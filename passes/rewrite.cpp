#include "passes/rewrite.h"

#include "ir/evaluate/scalar.h"
#include "ir/op.h"
#include "ir/structure.h"

namespace gradus {

Value Peephole::make(OpId op, std::vector<Value> operands, Attributes attributes) {
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

const Node* Peephole::as(Value value, OpId op) const {
  if (value.node < barriers_.size() && barriers_[value.node]) return nullptr;
  const Node& node = builder_.node(value);
  return node.op->id == op && value.result == 0 ? &node : nullptr;
}

const AttributeValue* Peephole::known(Value value) const {
  const Node* node = as(value, OpId::constant);
  return node ? node->attributes.find("value") : nullptr;
}

std::optional<double> Peephole::splat(Value value) const {
  const AttributeValue* number = known(value);
  if (!number) return std::nullopt;
  const auto* integer = std::get_if<int64_t>(number);
  return integer ? evaluate::exact_double(*integer) : std::get<double>(*number);
}

Value Spread::source_along(const std::vector<int64_t>& axes) const {
  if (axes.size() != along_.size()) return {};
  for (size_t i = 0; i < axes.size(); ++i)
    if (along_[i] != anywhere && along_[i] != axes[i]) return {};
  return source_;
}

namespace {

std::vector<size_t> axes_that_count(const Shape& shape) {
  std::vector<size_t> axes;
  for (size_t i = 0; i < shape.size(); ++i)
    if (shape[i] != 1) axes.push_back(i);
  return axes;
}

// For each axis of a reshape's operand the axis of its result that it is; none if the reshape does more than
// to add and drop axes of extent 1.
std::optional<std::vector<int64_t>> kept_axes(const Shape& from, const Shape& to) {
  const std::vector<size_t> inner = axes_that_count(from), outer = axes_that_count(to);
  if (inner.size() != outer.size()) return std::nullopt;
  std::vector<int64_t> axes(from.size(), Spread::anywhere);
  for (size_t k = 0; k < inner.size(); ++k) {
    if (from[inner[k]] != to[outer[k]]) return std::nullopt;
    axes[inner[k]] = static_cast<int64_t>(outer[k]);
  }
  return axes;
}

}  // namespace

Spread Peephole::spread_of(Value value, Stops stops) const {
  std::vector<int64_t> along = build::all_axes(type(value).shape);
  while (true) {
    std::optional<std::vector<int64_t>> axes;
    Value source;
    if (const Node* node = as(value, OpId::broadcast)) {
      axes = node->attributes.integers("dims");
      source = node->operands[0];
    } else if (const Node* reshape = as(value, OpId::reshape)) {
      source = reshape->operands[0];
      axes = kept_axes(type(source).shape, type(value).shape);
    } else if (const Node* stop = stops == Stops::passed ? as(value, OpId::stop_gradient) : nullptr) {
      axes = build::all_axes(type(value).shape);
      source = stop->operands[0];
    }
    if (!axes) return {value, along};
    for (int64_t& axis : *axes) axis = axis == Spread::anywhere ? axis : along[static_cast<size_t>(axis)];
    along = std::move(*axes);
    value = source;
  }
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
    if (!is_gradient(node)) continue;
    for (size_t k = 1; k < node.operands.size(); ++k) barrier[node.operands[k].node] = true;
  }
  return barrier;
}

}  // namespace

Graph rewrite(const Graph& graph, std::string_view pass, std::span<const Peephole::Rule> rules,
              SpecialRule special, const PassContext& context) {
  Rewriter rewriter(graph, std::string(pass), {context.memoize, context.node_limit, context.ids});
  Peephole peephole(rewriter.builder(), rules);
  const std::vector<bool> barrier = barriers_of(graph);
  for (uint32_t i : rewriter.live()) {
    const Node& node = graph.node(i);
    if (is_input(node) || barrier[i]) {
      rewriter.keep(i);
      if (barrier[i])
        for (uint32_t r = 0; r < node.types.size(); ++r) peephole.add_barrier(rewriter.map(Value{i, r}));
      continue;
    }
    // An identity that no gradient is taken by protects nothing.
    if (is_mark(node)) {
      rewriter.replace(i, rewriter.map(node.operands));
      continue;
    }
    if (special && special(rewriter, peephole, i)) continue;
    if (node.body) {
      rewriter.keep_body(i, rewriter.rewritten(node.body, [&](const Graph& body) {
        return rewrite(body, pass, rules, special, context);
      }));
      continue;
    }
    if (node.types.size() != 1 || is_constant(node)) {
      rewriter.keep(i);
      continue;
    }
    rewriter.at(i);
    const std::vector<Value> operands = rewriter.map(node.operands);
    Value replacement;
    for (Peephole::Rule rule : rules)
      if ((replacement = rule(peephole, node.op->id, operands, node.attributes))) break;
    if (replacement)
      rewriter.replace(i, {replacement});
    else
      rewriter.keep(i);
  }
  return std::move(rewriter).finish();
}

}  // namespace gradus
