// order: puts kernels into an order with low peak memory.
//
// Greedy list scheduling: of the kernels whose operands are there, the one that frees most and allocates
// least comes next; ties keep the old order. Two more rules, each given up where it would make a cycle: the
// kernel that makes a parameter's new value follows every reader of the old one (so that the update can be in
// place), and every update follows the check of the step's status (so that a failed step leaves the
// parameters as they were).
#include <algorithm>
#include <map>
#include <set>

#include "ir/op.h"
#include "ir/structure.h"
#include "passes/pass.h"

namespace gradus {

namespace {

class Schedule {
 public:
  explicit Schedule(const Graph& graph)
      : graph_(graph),
        users_(users(graph)),
        live_(live_nodes(graph)),
        after_(users_),
        waiting_(graph.size(), 0),
        escapes_(graph.size(), 0),
        seen_(graph.size(), 0) {
    for (uint32_t i = 0; i < graph.size(); ++i) {
      auto& readers = after_[i];
      readers.erase(std::remove_if(readers.begin(), readers.end(), [&](uint32_t r) { return !live_[r]; }),
                    readers.end());
      for (uint32_t reader : readers) ++waiting_[reader];
    }
    for (const NamedValue& result : graph.results()) escapes_[result.value.node] = 1;
    for (const Update& update : graph.updates()) escapes_[update.value.node] = 1;
    readers_before_updates();
    checks_before_updates();
  }

  std::vector<uint32_t> run() {
    std::vector<int64_t> readers_left(graph_.size(), 0);
    for (uint32_t i = 0; i < graph_.size(); ++i)
      readers_left[i] = static_cast<int64_t>(users_[i].size()) + escapes_[i];
    std::set<uint32_t> ready;
    std::vector<uint32_t> result;
    auto finish = [&](uint32_t i) {
      result.push_back(i);
      for (uint32_t operand : operands(i)) --readers_left[operand];
      for (uint32_t next : after_[i])
        if (--waiting_[next] == 0) ready.insert(next);
    };
    std::vector<uint32_t> sources;
    for (uint32_t i = 0; i < graph_.size(); ++i)
      if (live_[i] && waiting_[i] == 0) (is_computed(i) ? void(ready.insert(i)) : sources.push_back(i));
    for (uint32_t i : sources) finish(i);
    while (!ready.empty()) {
      uint32_t best = *ready.begin();
      int64_t best_cost = cost(best, readers_left);
      size_t looked_at = 0;
      for (uint32_t candidate : ready) {
        if (++looked_at > most_candidates) break;
        const int64_t candidate_cost = cost(candidate, readers_left);
        if (candidate_cost < best_cost) {
          best = candidate;
          best_cost = candidate_cost;
        }
      }
      ready.erase(best);
      finish(best);
    }
    return result;
  }

 private:
  static constexpr size_t most_candidates = 32;  // keeps the pass near-linear

  bool is_computed(uint32_t i) const { return !is_input(graph_.node(i)) && !is_constant(graph_.node(i)); }

  // An edge may be there twice: it counts twice in `waiting_` too.
  void add_edge(uint32_t from, uint32_t to) {
    after_[from].push_back(to);
    ++waiting_[to];
  }

  bool reaches(uint32_t from, uint32_t to) {
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

  void readers_before_updates() {
    for (const Update& update : graph_.updates()) {
      const uint32_t writer = update.value.node;
      if (!is_computed(writer)) continue;
      for (uint32_t reader : users_[graph_.inputs()[update.input].value.node])
        if (live_[reader] && reader != writer && !reaches(writer, reader)) add_edge(reader, writer);
    }
  }

  void checks_before_updates() {
    if (!graph_.status()) return;
    const uint32_t check = graph_.status().node;
    for (const Update& update : graph_.updates()) {
      const uint32_t writer = update.value.node;
      if (writer != check && is_computed(writer) && !reaches(writer, check)) add_edge(check, writer);
    }
  }

  // Each once.
  std::vector<uint32_t> operands(uint32_t i) const {
    std::vector<uint32_t> nodes;
    for (Value operand : graph_.node(i).operands) nodes.push_back(operand.node);
    std::sort(nodes.begin(), nodes.end());
    nodes.erase(std::unique(nodes.begin(), nodes.end()), nodes.end());
    return nodes;
  }

  int64_t bytes(uint32_t i) const {
    int64_t total = 0;
    for (const Type& type : graph_.node(i).types) total += size_in_bytes(type);
    return total;
  }

  // Bytes that live on more after the kernel than before it.
  int64_t cost(uint32_t i, const std::vector<int64_t>& readers_left) const {
    int64_t total = bytes(i);
    for (uint32_t operand : operands(i))
      if (readers_left[operand] == 1 && is_computed(operand)) total -= bytes(operand);
    return total;
  }

  const Graph& graph_;
  std::vector<std::vector<uint32_t>> users_;
  std::vector<bool> live_;
  std::vector<std::vector<uint32_t>> after_;
  std::vector<int64_t> waiting_;
  std::vector<int64_t> escapes_;  // 1 if a result or update needs the node
  std::vector<uint32_t> seen_;    // by search
  uint32_t search_ = 0;
};

}  // namespace

Graph order(const Graph& graph, PassContext& context) {
  Rewriter rewriter(graph, "order", {true, context.node_limit, context.ids});
  std::vector<uint32_t> sequence = Schedule(graph).run();
  // Inputs keep their places: their order is the calling convention.
  std::stable_partition(sequence.begin(), sequence.end(),
                        [&](uint32_t i) { return is_input(graph.node(i)); });
  auto inputs_end =
      std::find_if(sequence.begin(), sequence.end(), [&](uint32_t i) { return !is_input(graph.node(i)); });
  std::sort(sequence.begin(), inputs_end);
  for (uint32_t i : sequence) {
    if (is_scan(graph.node(i)))
      rewriter.keep_body(i, std::make_shared<const Graph>(order(*graph.node(i).body, context)));
    else
      rewriter.keep(i);
  }
  return std::move(rewriter).finish();
}

}  // namespace gradus
