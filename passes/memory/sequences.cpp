#include "passes/memory/sequences.h"

#include <algorithm>
#include <functional>
#include <set>

namespace gradus {

Sequences::Sequences(const Graph& graph, const Demand& demand)
    : graph_(graph),
      demand_(demand),
      after_(graph.size()),
      before_(graph.size()),
      bytes_(graph.size(), 0),
      seen_(graph.size(), 0) {
  for (uint32_t i : demand.kernels())
    for (uint32_t r = 0; r < graph.node(i).types.size(); ++r) {
      bytes_[i] += demand.bytes({i, r});
      for (uint32_t reader : demand.readers({i, r})) add_edge(i, reader);
    }
  readers_before_updates();
  checks_before_updates();
}

void Sequences::add_edge(uint32_t from, uint32_t to) {
  after_[from].push_back(to);
  before_[to].push_back(from);
}

bool Sequences::reaches(uint32_t from, uint32_t to) {
  ++search_;
  std::vector<uint32_t> stack{from};
  while (!stack.empty()) {
    const uint32_t i = stack.back();
    stack.pop_back();
    if (i == to) return true;
    if (seen_[i] == search_) continue;
    seen_[i] = search_;
    stack.insert(stack.end(), after_[i].begin(), after_[i].end());
  }
  return false;
}

void Sequences::readers_before_updates() {
  for (const Update& update : graph_.updates()) {
    const uint32_t writer = update.value.node;
    if (!demand_.is_computed(writer)) continue;
    for (uint32_t reader : demand_.readers(graph_.inputs()[update.input].value))
      if (reader != writer && !reaches(writer, reader)) add_edge(reader, writer);
  }
}

void Sequences::checks_before_updates() {
  if (!graph_.status() || !demand_.is_computed(graph_.status().node)) return;
  const uint32_t check = graph_.status().node;
  for (const Update& update : graph_.updates()) {
    const uint32_t writer = update.value.node;
    if (writer != check && demand_.is_computed(writer) && !reaches(writer, check)) add_edge(check, writer);
  }
}

// Those that take workspace until their last reader has run, each once.
std::vector<Value> Sequences::operands(uint32_t kernel) const {
  std::vector<Value> values;
  for (Value operand : graph_.node(kernel).operands)
    if (demand_.is_computed(operand.node) && !demand_.is_held(operand) && demand_.bytes(operand) > 0)
      values.push_back(operand);
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  return values;
}

// The kernels, each when all that it is `next` to are there; of those, the cheapest, then the first in the
// graph's order. `cost(kernel, take)`: when it is taken, what it costs is paid.
template <class Cost>
std::vector<uint32_t> Sequences::list(const std::vector<std::vector<uint32_t>>& next, Cost cost) const {
  constexpr size_t most_candidates = 32;  // keeps it near-linear
  std::vector<size_t> waiting(graph_.size(), 0);
  for (uint32_t i : demand_.kernels())
    for (uint32_t other : next[i]) ++waiting[other];
  std::set<uint32_t> ready;
  for (uint32_t i : demand_.kernels())
    if (waiting[i] == 0) ready.insert(i);
  std::vector<uint32_t> result;
  while (!ready.empty()) {
    uint32_t best = *ready.begin();
    int64_t best_cost = cost(best, false);
    size_t looked_at = 0;
    for (uint32_t candidate : ready) {
      if (++looked_at > most_candidates) break;
      const int64_t candidate_cost = cost(candidate, false);
      if (candidate_cost < best_cost) {
        best = candidate;
        best_cost = candidate_cost;
      }
    }
    ready.erase(best);
    cost(best, true);
    result.push_back(best);
    for (uint32_t other : next[best])
      if (--waiting[other] == 0) ready.insert(other);
  }
  return result;
}

std::vector<uint32_t> Sequences::as_it_stands() const {
  return list(after_, [](uint32_t, bool) { return int64_t{0}; });
}

std::vector<uint32_t> Sequences::greedy() const {
  std::vector<size_t> readers_left(demand_.values(), 0);
  for (uint32_t i : demand_.kernels())
    for (uint32_t r = 0; r < graph_.node(i).types.size(); ++r)
      readers_left[demand_.number({i, r})] = demand_.readers({i, r}).size();
  return list(after_, [&](uint32_t i, bool take) {
    int64_t more = bytes_[i];
    for (Value operand : operands(i)) {
      size_t& left = readers_left[demand_.number(operand)];
      if (left == 1) more -= demand_.bytes(operand);
      if (take) --left;
    }
    return more;
  });
}

std::vector<uint32_t> Sequences::greedy_from_the_end() const {
  std::vector<bool> there(demand_.values(), false);
  std::vector<uint32_t> result = list(before_, [&](uint32_t i, bool take) {
    int64_t more = -bytes_[i];
    for (Value operand : operands(i)) {
      if (!there[demand_.number(operand)]) more += demand_.bytes(operand);
      if (take) there[demand_.number(operand)] = true;
    }
    return more;
  });
  std::reverse(result.begin(), result.end());
  return result;
}

std::vector<uint32_t> Sequences::depth_first() const {
  // What a kernel needs is computed first, each operand above those before it. A value that many read counts
  // for each.
  std::vector<double> need(graph_.size(), 0);
  std::vector<std::vector<uint32_t>> first(graph_.size());
  for (uint32_t i : as_it_stands()) {
    first[i] = before_[i];
    const auto above = [&](uint32_t other) { return need[other] - static_cast<double>(bytes_[other]); };
    std::sort(first[i].begin(), first[i].end());
    first[i].erase(std::unique(first[i].begin(), first[i].end()), first[i].end());
    std::stable_sort(first[i].begin(), first[i].end(),
                     [&](uint32_t a, uint32_t b) { return above(a) > above(b); });
    double below = 0;
    for (uint32_t other : first[i]) {
      need[i] = std::max(need[i], below + need[other]);
      below += static_cast<double>(bytes_[other]);
    }
    double own = below + static_cast<double>(bytes_[i]);
    for (const int64_t piece : demand_.scratch(i)) own += static_cast<double>(piece);
    need[i] = std::max(need[i], own);
  }
  std::vector<uint32_t> result;
  std::vector<size_t> looked_at(graph_.size(), 0);
  std::vector<bool> begun(graph_.size(), false);
  std::vector<uint32_t> stack;
  const auto begin = [&](uint32_t i) {
    if (begun[i]) return;
    begun[i] = true;
    stack.push_back(i);
  };
  for (uint32_t sink : demand_.kernels()) {
    if (!after_[sink].empty()) continue;
    begin(sink);
    while (!stack.empty()) {
      const uint32_t i = stack.back();
      if (looked_at[i] < first[i].size()) {
        begin(first[i][looked_at[i]++]);
      } else {
        result.push_back(i);
        stack.pop_back();
      }
    }
  }
  return result;
}

}  // namespace gradus
