#include "ir/kernel/row_sweeps.h"

#include <algorithm>

#include "ir/op.h"
#include "ir/structure.h"

namespace gradus {

RowSweeps::RowSweeps(const Graph& body, RowForm form)
    : body_(&body), form_(std::move(form)), sweeps_of_(body.size(), 0), moved_(body.size(), false) {
  length_ = element_count(form_.row);
  whole_ = form_.outer;
  whole_.insert(whole_.end(), form_.row.begin(), form_.row.end());
  const std::vector<bool> live = live_nodes(body);
  for (uint32_t i = 0; i < body.size(); ++i)
    if (live[i] && is_plain_reduction(*body.node(i).op)) reductions_.push_back(i);
  const std::vector<bool> nothing(body.size(), false);
  for (size_t sweep = 0; sweep < count(); ++sweep) {
    std::vector<Visit> seen(body.size());
    for (const Value root : roots(sweep)) visit(root, false, nothing, seen);
    for (uint32_t i = 0; i < body.size(); ++i) {
      sweeps_of_[i] += seen[i].here || seen[i].moved;
      if (seen[i].moved) moved_[i] = true;
    }
  }
}

std::optional<RowSweeps> RowSweeps::of(const Graph& body) {
  for (const NamedValue& result : body.results())
    if (!body.type(result.value).layout.is_default()) return std::nullopt;
  std::optional<RowForm> form = row_form(body);
  if (!form) return std::nullopt;
  return RowSweeps(body, *std::move(form));
}

std::vector<Value> RowSweeps::roots(size_t sweep) const {
  if (sweep < reductions_.size()) return {body_->node(reductions_[sweep]).operands[0]};
  std::vector<Value> values;
  for (const NamedValue& result : body_->results()) values.push_back(result.value);
  return values;
}

// What a sweep computes, reductions and `known` values left out.
void RowSweeps::visit(Value value, bool moved, const std::vector<bool>& known,
                      std::vector<Visit>& seen) const {
  bool& mark = moved ? seen[value.node].moved : seen[value.node].here;
  if (known[value.node] || mark) return;
  mark = true;
  const Node& node = body_->node(value);
  if (is_plain_reduction(*node.op)) return;
  const bool moves = node.op->family != OpFamily::elementwise;
  for (const Value operand : node.operands) visit(operand, moved || moves, known, seen);
}

bool RowSweeps::may_keep(uint32_t node) const {
  const Node& kept = body_->node(node);
  return sweeps_of_[node] > 0 && !moved_[node] && kept.types[0].shape == whole_ && !is_input(kept) &&
         !is_constant(kept) && !is_plain_reduction(*kept.op);
}

int64_t RowSweeps::kept_bytes(uint32_t node) const {
  return length_ * size_in_bytes(body_->node(node).types[0].element);
}

RowSweeps::Kept RowSweeps::follow(const std::vector<uint32_t>& keep) const {
  Kept kept{std::vector<size_t>(body_->size(), count()), std::vector<bool>(body_->size(), false),
            std::vector<int64_t>(body_->size(), 0)};
  for (size_t sweep = 0; sweep < count(); ++sweep) {
    std::vector<bool> before(body_->size(), false);
    for (const uint32_t i : keep) before[i] = kept.first[i] < sweep;
    std::vector<Visit> seen(body_->size());
    for (const Value root : roots(sweep)) {
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
      if (seen[i].here || seen[i].moved) kept.first[i] = std::min(kept.first[i], sweep);
  }
  return kept;
}

std::vector<size_t> RowSweeps::first_sweeps(const std::vector<uint32_t>& keep) const {
  const Kept kept = follow(keep);
  std::vector<size_t> sweeps;
  for (const uint32_t i : keep) sweeps.push_back(kept.first[i]);
  return sweeps;
}

std::vector<int64_t> RowSweeps::times_computed(const std::vector<uint32_t>& keep) const {
  return follow(keep).times;
}

std::vector<uint32_t> RowSweeps::read_again(const std::vector<uint32_t>& keep) const {
  const Kept kept = follow(keep);
  std::vector<uint32_t> read;
  for (const uint32_t i : keep)
    if (kept.read[i]) read.push_back(i);
  return read;
}

}  // namespace gradus
