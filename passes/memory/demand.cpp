#include "passes/memory/demand.h"

#include <algorithm>
#include <boost/dynamic_bitset.hpp>
#include <boost/pending/disjoint_sets.hpp>
#include <numeric>
#include <set>

#include "ir/kernel/in_place.h"
#include "ir/structure.h"

namespace gradus {

std::vector<int64_t> held_at(const std::vector<Piece>& pieces) {
  uint32_t end = 0;
  for (const Piece& piece : pieces) end = std::max(end, piece.last + 1);
  std::vector<int64_t> held(end + size_t{1}, 0);
  for (const Piece& piece : pieces) {
    held[piece.first] += piece.bytes;
    held[piece.last + size_t{1}] -= piece.bytes;
  }
  std::partial_sum(held.begin(), held.end(), held.begin());
  return held;
}

int64_t peak(const std::vector<Piece>& pieces) {
  const std::vector<int64_t> held = held_at(pieces);
  return *std::max_element(held.begin(), held.end());
}

Demand::Demand(const Graph& graph, std::vector<std::vector<int64_t>> scratch)
    : graph_(graph), scratch_(std::move(scratch)) {
  size_t values = 0;
  for (uint32_t i = 0; i < graph.size(); ++i) {
    first_value_.push_back(values);
    values += graph.node(i).types.size();
  }
  is_computed_.resize(graph.size(), false);
  readers_.resize(values);
  is_held_.resize(values, false);
  result_.resize(values);
  const std::vector<bool> live = live_nodes(graph);
  for (uint32_t i = 0; i < graph.size(); ++i) {
    if (!live[i]) continue;
    if (!is_input(graph.node(i)) && !is_constant(graph.node(i))) {
      kernels_.push_back(i);
      is_computed_[i] = true;
    }
    for (Value operand : graph.node(i).operands) {
      auto& readers = readers_[number(operand)];
      if (readers.empty() || readers.back() != i) readers.push_back(i);
    }
  }
  for (size_t k = graph.results().size(); k-- > 0;) {
    const Value value = graph.results()[k].value;
    is_held_[number(value)] = true;
    if (graph.type(value).layout.is_default()) result_[number(value)] = static_cast<int64_t>(k);
  }
  for (const Update& update : graph.updates()) is_held_[number(update.value)] = true;
  if (graph.status()) is_held_[number(graph.status())] = true;
  find_updates_in_place();
  find_parts();
}

void Demand::find_updates_in_place() {
  may_lie_outside_.resize(values(), false);
  for (size_t v = 0; v < values(); ++v) may_lie_outside_[v] = result_[v].has_value();
  std::set<Value> wanted;  // when the step commits
  for (const NamedValue& result : graph_.results()) wanted.insert(result.value);
  for (const Update& update : graph_.updates()) wanted.insert(update.value);
  for (const Update& update : graph_.updates()) {
    const Value value = update.value;
    const Value old_value = graph_.inputs()[update.input].value;
    // The check is looked at when its kernel has run.
    const bool makes_check = graph_.status() && graph_.status().node == value.node;
    if (!is_kernel(graph_.node(value)) || makes_check || result_[number(value)] ||
        wanted.count(old_value) > 0 || !graph_.type(value).layout.is_default())
      continue;
    InPlace found{update.input, value, readers(old_value)};
    const auto itself = std::find(found.after.begin(), found.after.end(), value.node);
    if (itself != found.after.end()) {
      if (!may_overwrite(graph_.node(value), value.result, old_value)) continue;
      found.after.erase(itself);
    }
    if (graph_.status() && is_computed(graph_.status().node)) found.after.push_back(graph_.status().node);
    may_lie_outside_[number(value)] = true;
    in_place_.push_back(std::move(found));
  }
}

void Demand::find_parts() {
  part_.resize(graph_.size(), 0);
  parts_ = 1;
  for (uint32_t i : kernels_)
    for (uint32_t r = 0; r < graph_.node(i).types.size(); ++r)
      if (is_held({i, r}) && !result_[number({i, r})]) return;
  std::vector<uint32_t> rank(graph_.size(), 0), parent(graph_.size());
  boost::disjoint_sets sets(rank.data(), parent.data());
  for (uint32_t i = 0; i < graph_.size(); ++i) sets.make_set(i);
  for (uint32_t i : kernels_)
    for (Value operand : graph_.node(i).operands)
      if (is_computed(operand.node)) sets.union_set(i, operand.node);
  std::vector<uint32_t> part_of_set(graph_.size(), Value::none);
  parts_ = 0;
  for (uint32_t i : kernels_) {
    uint32_t& part = part_of_set[sets.find_set(i)];
    if (part == Value::none) part = parts_++;
    part_[i] = part;
  }
}

int64_t Demand::bytes(Value value) const {
  return may_lie_outside_[number(value)] ? 0 : Placement::aligned(size_in_bytes(graph_.type(value)));
}

Demand::InSequence Demand::in_sequence(std::span<const uint32_t> sequence) const {
  InSequence found{std::vector<std::vector<std::optional<Placement>>>(graph_.size()), {}};
  std::vector<uint32_t> step(graph_.size(), 0);
  for (uint32_t s = 0; s < sequence.size(); ++s) step[sequence[s]] = s;
  for (uint32_t i : kernels_) {
    found.outside[i].resize(graph_.node(i).types.size());
    for (uint32_t r = 0; r < graph_.node(i).types.size(); ++r)
      if (const auto result = result_[number({i, r})])
        found.outside[i][r] = Placement{Placement::Kind::result, *result};
  }
  for (const InPlace& update : in_place_) {
    std::optional<Placement>& place = found.outside[update.value.node][update.value.result];
    const auto is_later = [&](uint32_t other) { return step[other] > step[update.value.node]; };
    if (!place && std::none_of(update.after.begin(), update.after.end(), is_later))
      place = Placement{Placement::Kind::input, static_cast<int64_t>(update.input)};
  }
  const auto end = static_cast<uint32_t>(sequence.size());
  for (const uint32_t i : sequence) {
    for (uint32_t r = 0; r < found.outside[i].size(); ++r) {
      if (found.outside[i][r]) continue;
      uint32_t last = is_held({i, r}) ? end : step[i];
      for (uint32_t reader : readers({i, r})) last = std::max(last, step[reader]);
      found.pieces.push_back(
          {i, r, false, Placement::aligned(size_in_bytes(graph_.node(i).types[r])), step[i], last});
    }
    for (uint32_t k = 0; k < scratch_[i].size(); ++k)
      found.pieces.push_back({i, k, true, Placement::aligned(scratch_[i][k]), step[i], step[i]});
  }
  return found;
}

// What needs what, by the number of each kernel; each needs itself.
struct Demand::Needs {
  using Set = boost::dynamic_bitset<uint64_t>;
  static constexpr size_t most_kernels = 16'384;  // two times 32 MB
  std::vector<uint32_t> number;                   // by node
  std::vector<Set> before, behind;

  Needs(const Graph& graph, const std::vector<uint32_t>& kernels)
      : number(graph.size(), Value::none), before(kernels.size(), Set(kernels.size())), behind(before) {
    for (uint32_t k = 0; k < kernels.size(); ++k) {
      number[kernels[k]] = k;
      before[k].set(k);
      behind[k].set(k);
      for (Value operand : graph.node(kernels[k]).operands)
        if (const uint32_t other = number[operand.node]; other != Value::none) before[k] |= before[other];
    }
    for (uint32_t k = static_cast<uint32_t>(kernels.size()); k-- > 0;)
      for (Value operand : graph.node(kernels[k]).operands)
        if (const uint32_t other = number[operand.node]; other != Value::none) behind[other] |= behind[k];
  }
};

std::vector<int64_t> Demand::least_at() const {
  const size_t count = kernels_.size();
  std::optional<Needs> needs;
  if (count <= Needs::most_kernels) needs.emplace(graph_, kernels_);
  std::vector<bool> outside = may_lie_outside_;
  if (needs) {
    for (size_t v = 0; v < values(); ++v) outside[v] = result_[v].has_value();
    for (const InPlace& update : in_place_) {
      const Needs::Set& behind = needs->behind[needs->number[update.value.node]];
      const auto is_later = [&](uint32_t other) { return behind.test(needs->number[other]); };
      if (std::none_of(update.after.begin(), update.after.end(), is_later))
        outside[number(update.value)] = true;
    }
  }
  std::vector<int64_t> at(count, 0);
  int64_t at_end = 0;
  std::vector<uint32_t> kernel_of(needs ? 0 : graph_.size(), 0);
  for (uint32_t k = 0; k < count && !needs; ++k) kernel_of[kernels_[k]] = k;
  for (uint32_t k = 0; k < count; ++k) {
    const uint32_t i = kernels_[k];
    for (const int64_t piece : scratch_[i]) at[k] += Placement::aligned(piece);
    for (uint32_t r = 0; r < graph_.node(i).types.size(); ++r) {
      const Value value{i, r};
      if (outside[number(value)]) continue;
      const int64_t bytes = Placement::aligned(size_in_bytes(graph_.type(value)));
      if (is_held(value)) at_end += bytes;
      if (!needs) {
        at[k] += bytes;
        for (uint32_t reader : readers(value)) at[kernel_of[reader]] += bytes;
        continue;
      }
      Needs::Set there(count);
      there.set(k);
      for (uint32_t reader : readers(value)) there |= needs->before[needs->number[reader]];
      if (is_held(value)) there.set();
      there &= needs->behind[k];
      for (size_t other = there.find_first(); other != Needs::Set::npos; other = there.find_next(other))
        at[other] += bytes;
    }
  }
  // What is there when the step commits is there when the last kernel has run, whichever that is.
  for (int64_t& bytes : at) bytes = std::max(bytes, at_end);
  return at;
}

}  // namespace gradus
