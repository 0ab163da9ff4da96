// total(x): what is summed over a whole set. A metric that calculates with totals is calculated once, from
// the sums; in a step total(x) is x, so that the same expression is the batch's own value there.
#include <fmt/format.h>

#include <algorithm>

#include "frontend/language/elaborate/builtin_call.h"
#include "frontend/language/elaborate/elaborator.h"
#include "ir/dependence.h"
#include "ir/structure.h"

namespace gradus::language {

// An identity of its own: what is known by it is one total, however many values are equal to it.
Value BuiltinCall::total(Value x) const {
  if (self.frame_ != self.root_.get()) return x;
  const Value marked = builder().add(OpId::mark, {x}, {{"id", self.mark_ids_++}});
  self.totals_.insert(marked);
  return marked;
}

Elaborator::Reached Elaborator::reached_from(Value from) const {
  Reached reached;
  std::set<Value> seen{from};
  std::vector<Value> work{from};
  while (!work.empty()) {
    const Value value = work.back();
    work.pop_back();
    if (totals_.contains(value)) {
      reached.totals.push_back(value);
      continue;
    }
    const Node& node = root_->builder.node(value);
    // What a step has made of its rows; a value that a body computes is not calculated again.
    if (is_input(node) || is_gradient(node) || node.body || version_of_.contains(value)) {
      reached.of_batch = reached.of_batch.value_or(value);
      continue;
    }
    for (const Value operand : node.operands)
      if (seen.insert(operand).second) work.push_back(operand);
  }
  std::sort(reached.totals.begin(), reached.totals.end());
  return reached;
}

// Whether it has totals, and calculates with them and what is known alone.
bool Elaborator::is_of_totals(Value value) const {
  const Reached reached = reached_from(value);
  return !reached.totals.empty() && !reached.of_batch && !total_below(reached);
}

std::optional<Value> Elaborator::total_below(const Reached& reached) const {
  for (const Value total : reached.totals)
    if (const Reached below = reached_from(root_->builder.node(total).operands[0]); !below.totals.empty())
      return below.totals[0];
  return std::nullopt;
}

// What calculates with totals and more would be a mean over batches under the name of a metric of the set.
void Elaborator::check_totals(const std::string& metric, Value value, const SourceSpan& span) {
  const Reached reached = reached_from(value);
  if (reached.totals.empty()) return;
  if (reached.of_batch)
    error(span,
          fmt::format("the metric `{}` calculates with totals of the whole set and with what is of a batch",
                      metric),
          "put that into a total as well: total(sum(…))", {origin_note(tensor(*reached.of_batch))});
  if (const auto below = total_below(reached))
    error(
        span, fmt::format("the metric `{}` has a total of a total", metric),
        "total(x) sums what each batch has; make the inner one a metric, and calculate with it in `finally`",
        {origin_note(tensor(*below))});
}

// Results besides the metrics' values: what stands in their totals, to be summed. A loss that mixes totals
// with what is of a batch stays the mean over the steps that it is to the optimizer.
void Elaborator::add_totals(const std::vector<std::pair<std::string, Value>>& metrics) {
  for (const auto& [metric, value] : metrics) {
    if (!is_of_totals(value)) continue;
    set_metrics_.emplace_back(metric, value);
    for (const Value mark : reached_from(value).totals) {
      const Value summed = root_->builder.node(mark).operands[0];
      std::vector<Total>& parts = totals[metric];
      parts.push_back({fmt::format("{}.total_{}", metric, parts.size() + 1), root_->builder.type(summed)});
      root_->builder.add_result(parts.back().result, summed);
    }
  }
}

namespace {

// In the precision of the sums.
Attributes in_f64(Attributes attributes) {
  for (const char* name : {"element", "to"})
    if (const AttributeValue* value = attributes.find(name))
      if (const auto* element = std::get_if<ElementType>(value); element && is_float(*element))
        attributes.set(name, ElementType::f64);
  return attributes;
}

}  // namespace

StepGraph Elaborator::finish_totals() {
  const Graph& graph = root_->builder.graph();
  GraphBuilder builder(options_.name + ".totals");
  for (const auto& [metric, value] : set_metrics_) {
    std::map<Value, Value> made;
    const std::vector<Value> marks = reached_from(value).totals;
    for (size_t k = 0; k < marks.size(); ++k) {
      Type type = totals.at(metric)[k].type;
      type.element = ElementType::f64;
      made[marks[k]] = builder.input(totals.at(metric)[k].result, InputKind::data, type);
    }
    const std::vector<bool> needed = needed_by(
        graph, marked(graph, value), [&](uint32_t node, size_t) { return !made.contains(Value{node, 0}); });
    for (uint32_t i = 0; i < graph.size(); ++i) {
      if (!needed[i] || made.contains({i, 0})) continue;
      const Node& node = graph.node(i);
      std::vector<Value> operands;
      for (const Value operand : node.operands) operands.push_back(made.at(operand));
      builder.set_origins(graph.origins(i));
      const Value copy = builder.add(*node.op, std::move(operands), in_f64(node.attributes));
      for (uint32_t r = 0; r < node.types.size(); ++r) made[{i, r}] = {copy.node, r};
    }
    builder.add_result(metric, made.at(value));
  }
  return {std::move(builder).finish(), {}};
}

}  // namespace gradus::language
