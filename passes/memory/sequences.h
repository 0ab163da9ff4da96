// Orders of the kernels of a graph that are likely to want little of the workspace, each near-linear to find.
//
// Two rules beside the operands, each given up where it would make a cycle: the kernel that makes a
// parameter's new value follows every reader of the old one (so that the update can be in place), and every
// update follows the check of the step's status (so that a failed step leaves the parameters as they were).
#pragma once

#include <cstdint>
#include <vector>

#include "passes/memory/demand.h"

namespace gradus {

class Sequences {
 public:
  Sequences(const Graph& graph, const Demand& demand);

  // Of the kernels whose operands are there, the one that frees most and allocates least comes next; ties
  // keep the graph's order.
  std::vector<uint32_t> greedy() const;
  // The same from the end: the one comes before that needs least and whose results are largest.
  std::vector<uint32_t> greedy_from_the_end() const;
  // What a kernel needs just before it, what needs most first (Sethi–Ullman).
  std::vector<uint32_t> depth_first() const;
  // As the graph has it, but for the two rules.
  std::vector<uint32_t> as_it_stands() const;

  // By node: the kernels that come after it.
  const std::vector<std::vector<uint32_t>>& after() const { return after_; }

 private:
  void add_edge(uint32_t from, uint32_t to);
  bool reaches(uint32_t from, uint32_t to);
  void readers_before_updates();
  void checks_before_updates();
  std::vector<Value> operands(uint32_t kernel) const;
  template <class Cost>
  std::vector<uint32_t> list(const std::vector<std::vector<uint32_t>>& next, Cost cost) const;

  const Graph& graph_;
  const Demand& demand_;
  std::vector<std::vector<uint32_t>> after_, before_;  // kernels; an edge may be there twice
  std::vector<int64_t> bytes_;                         // of the results of each node
  std::vector<uint32_t> seen_;                         // by search
  uint32_t search_ = 0;
};

}  // namespace gradus
