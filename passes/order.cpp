// order: puts kernels into an order with low peak memory.
//
// A few orders are found (passes/memory/sequences.h) and the one is taken whose peak is the least; where none
// reaches the lower bound, all orders are searched as far as that is cheap (passes/memory/search.h).
#include <algorithm>
#include <limits>
#include <map>

#include "ir/kernel/scratch.h"
#include "ir/ops/scan.h"
#include "ir/structure.h"
#include "passes/memory/search.h"
#include "passes/memory/sequences.h"
#include "passes/pass.h"

namespace gradus {

namespace {

struct Order {
  std::vector<uint32_t> kernels;
  int64_t peak = 0;
};

// The best order that is found of each part of the graph, one part behind the other.
class BestOrder {
 public:
  BestOrder(const Graph& graph, const Demand& demand)
      : graph_(graph), demand_(demand), sequences_(graph, demand), best_(demand.parts(), Order{{}, unknown}) {
    const std::vector<int64_t> least = demand.least_at();
    if (!least.empty()) least_ = *std::max_element(least.begin(), least.end());
  }

  Order find() && {
    for (const auto sequence : {&Sequences::greedy, &Sequences::as_it_stands, &Sequences::depth_first,
                                &Sequences::greedy_from_the_end})
      if (peak() > least_) try_order((sequences_.*sequence)());
    if (peak() > least_) search();
    Order all{{}, peak()};
    for (const Order& part : best_)
      all.kernels.insert(all.kernels.end(), part.kernels.begin(), part.kernels.end());
    return all;
  }

 private:
  static constexpr int64_t unknown = std::numeric_limits<int64_t>::max();

  int64_t peak() const {
    int64_t most = 0;
    for (const Order& part : best_) most = std::max(most, part.peak);
    return most;
  }

  void try_order(const std::vector<uint32_t>& kernels) {
    std::vector<Order> parts(best_.size());
    for (uint32_t i : kernels) parts[demand_.part()[i]].kernels.push_back(i);
    std::vector<uint32_t> sequence;
    for (const Order& part : parts) sequence.insert(sequence.end(), part.kernels.begin(), part.kernels.end());
    std::vector<int64_t> held = held_at(demand_.in_sequence(sequence).pieces);
    held.resize(sequence.size(), 0);
    for (size_t s = 0; s < sequence.size(); ++s) {
      Order& part = parts[demand_.part()[sequence[s]]];
      part.peak = std::max(part.peak, held[s]);
    }
    for (size_t p = 0; p < parts.size(); ++p)
      if (!parts[p].kernels.empty() && parts[p].peak < best_[p].peak) best_[p] = std::move(parts[p]);
  }

  // Parts whose peak is below what another one needs anyway stay as they are.
  void search() {
    for (Order& part : best_) {
      FoundOrder found = search_order(graph_, demand_, part.kernels, sequences_.after(), least_, part.peak);
      if (found.kernels) try_order(*found.kernels);
      least_ = std::max(least_, part.peak);
    }
  }

  const Graph& graph_;
  const Demand& demand_;
  Sequences sequences_;
  int64_t least_ = 0;
  std::vector<Order> best_;  // by part
};

// And the peak that it has.
std::pair<Graph, int64_t> put_in_order(const Graph& graph, PassContext& context) {
  Rewriter rewriter(graph, "order", {true, context.node_limit, context.ids});
  std::vector<std::shared_ptr<const Graph>> bodies(graph.size());
  std::vector<std::vector<int64_t>> scratch(graph.size());
  std::map<const Graph*, int64_t> peaks;  // of bodies
  for (uint32_t i : rewriter.live()) {
    scratch[i] = scratch_bytes(graph.node(i));
    if (!runs_kernels(graph.node(i))) continue;
    const std::shared_ptr<const Graph>& body = graph.node(i).body;
    bodies[i] = rewriter.rewritten(body, [&](const Graph& kernels) {
      auto [ordered, bytes] = put_in_order(kernels, context);
      peaks[body.get()] = bytes;
      return std::move(ordered);
    });
    scratch[i].push_back(peaks[body.get()]);  // about what plan-buffers will find for it
  }
  const Demand demand(graph, std::move(scratch));
  const Order best = BestOrder(graph, demand).find();
  // Inputs keep their places: their order is the calling convention.
  for (const bool inputs : {true, false})
    for (uint32_t i : rewriter.live())
      if (!demand.is_computed(i) && is_input(graph.node(i)) == inputs) rewriter.keep(i);
  for (uint32_t i : best.kernels) {
    if (bodies[i])
      rewriter.keep_body(i, bodies[i]);
    else
      rewriter.keep(i);
  }
  return {std::move(rewriter).finish(), best.peak};
}

}  // namespace

Graph order(const Graph& graph, PassContext& context) { return put_in_order(graph, context).first; }

}  // namespace gradus
