#include "ir/kernel/row_stages.h"

#include <algorithm>

#include "ir/op.h"
#include "ir/structure.h"

namespace gradus {

RowStages::RowStages(const Graph& body, RowForm form)
    : body_(&body), form_(std::move(form)), stages_of_(body.size(), 0), moved_(body.size(), false) {
  length_ = element_count(form_.row);
  whole_ = form_.kept;
  whole_.insert(whole_.end(), form_.row.begin(), form_.row.end());
  const std::vector<bool> live = live_nodes(body);
  for (uint32_t i = 0; i < body.size(); ++i)
    if (live[i] && is_plain_reduction(*body.node(i).op)) reductions_.push_back(i);
  const std::vector<bool> nothing(body.size(), false);
  for (size_t stage = 0; stage < count(); ++stage) {
    std::vector<Visit> seen(body.size());
    for (const Value root : roots(stage)) visit(root, false, nothing, seen);
    for (uint32_t i = 0; i < body.size(); ++i) {
      stages_of_[i] += seen[i].here || seen[i].moved;
      if (seen[i].moved) moved_[i] = true;
    }
  }
}

std::optional<RowStages> RowStages::of(const Graph& body) {
  for (const NamedValue& result : body.results())
    if (!body.type(result.value).layout.is_default()) return std::nullopt;
  std::optional<RowForm> form = row_form(body);
  if (!form) return std::nullopt;
  return RowStages(body, *std::move(form));
}

std::vector<Value> RowStages::roots(size_t stage) const {
  if (stage < reductions_.size()) return {body_->node(reductions_[stage]).operands[0]};
  std::vector<Value> values;
  for (const NamedValue& result : body_->results()) values.push_back(result.value);
  return values;
}

// What a stage computes, reductions and `known` values left out.
void RowStages::visit(Value value, bool moved, const std::vector<bool>& known,
                      std::vector<Visit>& seen) const {
  bool& mark = moved ? seen[value.node].moved : seen[value.node].here;
  if (known[value.node] || mark) return;
  mark = true;
  const Node& node = body_->node(value);
  if (is_plain_reduction(*node.op)) return;
  const bool moves = node.op->family != OpFamily::elementwise;
  for (const Value operand : node.operands) visit(operand, moved || moves, known, seen);
}

bool RowStages::may_keep(uint32_t node) const {
  const Node& kept = body_->node(node);
  return stages_of_[node] > 0 && !moved_[node] && kept.types[0].shape == whole_ && !is_input(kept) &&
         !is_constant(kept) && !is_plain_reduction(*kept.op);
}

int64_t RowStages::kept_bytes(uint32_t node) const {
  return length_ * size_in_bytes(body_->node(node).types[0].element);
}

RowStages::Kept RowStages::follow(const std::vector<uint32_t>& keep) const {
  Kept kept{std::vector<size_t>(body_->size(), count()), std::vector<bool>(body_->size(), false),
            std::vector<int64_t>(body_->size(), 0)};
  for (size_t stage = 0; stage < count(); ++stage) {
    std::vector<bool> before(body_->size(), false);
    for (const uint32_t i : keep) before[i] = kept.first[i] < stage;
    std::vector<Visit> seen(body_->size());
    for (const Value root : roots(stage)) {
      if (before[root.node]) kept.read[root.node] = true;
      visit(root, false, before, seen);
    }
    for (uint32_t i = 0; i < body_->size(); ++i) {
      kept.times[i] += seen[i].here || seen[i].moved;
      if ((!seen[i].here && !seen[i].moved) || is_plain_reduction(*body_->node(i).op)) continue;
      for (const Value operand : body_->node(i).operands)
        if (before[operand.node]) kept.read[operand.node] = true;
    }
    for (const uint32_t i : keep)
      if (seen[i].here || seen[i].moved) kept.first[i] = std::min(kept.first[i], stage);
  }
  return kept;
}

std::vector<size_t> RowStages::first_stages(const std::vector<uint32_t>& keep) const {
  const Kept kept = follow(keep);
  std::vector<size_t> stages;
  for (const uint32_t i : keep) stages.push_back(kept.first[i]);
  return stages;
}

std::vector<int64_t> RowStages::times_computed(const std::vector<uint32_t>& keep) const {
  return follow(keep).times;
}

std::vector<uint32_t> RowStages::read_again(const std::vector<uint32_t>& keep) const {
  const Kept kept = follow(keep);
  std::vector<uint32_t> read;
  for (const uint32_t i : keep)
    if (kept.read[i]) read.push_back(i);
  return read;
}

}  // namespace gradus
