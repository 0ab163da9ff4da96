// A directed acyclic graph of groups in which edges are contracted, with a topological order that follows.
#pragma once

#include <cstddef>
#include <set>
#include <vector>

namespace gradus {

class AcyclicGroups {
 public:
  // For each group, the groups that it reads.
  explicit AcyclicGroups(std::vector<std::set<size_t>> inputs);

  const std::set<size_t>& inputs(size_t group) const { return inputs_[group]; }
  const std::set<size_t>& outputs(size_t group) const { return outputs_[group]; }
  // Whether a path leads from an input of `reader` other than `producer` up to `producer`: merging the two
  // would then make a cycle.
  bool reaches_around(size_t producer, size_t reader);
  // `reader` becomes a part of `producer`, which it must not reach around.
  void merge(size_t reader, size_t producer);

 private:
  // Marks what `reader` needs among the groups that come after `producer`; true if `producer` is met other
  // than by the direct edge.
  bool search(size_t producer, size_t reader);

  std::vector<std::set<size_t>> inputs_, outputs_;
  std::vector<size_t> order_, position_;
  std::vector<size_t> seen_;  // by search
  size_t search_ = 0;
};

}  // namespace gradus
