// What a graph wants of the workspace, whatever the order of its kernels or in a given one. Beside it stand
// what `order` (which order wants little) and `plan-buffers` (where everything lies) decide.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "ir/graph.h"
#include "ir/placement.h"

namespace gradus {

// Memory that is held from one kernel to another.
struct Piece {
  uint32_t node = 0;
  uint32_t index = 0;  // of the node's result, or of its scratch
  bool is_scratch = false;
  int64_t bytes = 0;  // as planned: aligned
  // Steps of the sequence: the kernel's own, and that of the last one that reads it; one beyond the last if
  // it is read when the step commits.
  uint32_t first = 0, last = 0;
};

// Bytes that are held at each step, and the most of them.
std::vector<int64_t> held_at(const std::vector<Piece>& pieces);
int64_t peak(const std::vector<Piece>& pieces);

class Demand {
 public:
  // `scratch`: for each node, the bytes of each piece that it works in beside its results.
  Demand(const Graph& graph, std::vector<std::vector<int64_t>> scratch);

  // The places that lie in results and inputs, by node and result, and what is left for the workspace.
  struct InSequence {
    std::vector<std::vector<std::optional<Placement>>> outside;
    std::vector<Piece> pieces;  // by first step
  };
  // The live nodes run in this sequence, operands first.
  InSequence in_sequence(std::span<const uint32_t> sequence) const;

  // For each of kernels(): no order holds less when it runs. There are its scratch and every value that it,
  // or what it needs, makes and that it, or what needs it, reads. In graphs of more kernels than the sets of
  // what needs what can be held of: its scratch, what it makes and what it reads.
  std::vector<int64_t> least_at() const;

  // An update that may be in place: it is when all these kernels have run before the one that makes it.
  struct InPlace {
    uint32_t input = 0;
    Value value;
    std::vector<uint32_t> after;
  };
  const std::vector<InPlace>& in_place() const { return in_place_; }

  // Kernels that have nothing to do with each other, by node; all the same if anything but results and
  // updates in place is held until the step commits.
  const std::vector<uint32_t>& part() const { return part_; }
  uint32_t parts() const { return parts_; }

  // Bytes that the value takes of the workspace; 0 if in some order it takes none.
  int64_t bytes(Value value) const;
  bool is_held(Value value) const { return is_held_[number(value)]; }  // until the step commits
  const std::vector<uint32_t>& readers(Value value) const { return readers_[number(value)]; }
  const std::vector<uint32_t>& kernels() const { return kernels_; }  // live, in the graph's order
  bool is_computed(uint32_t node) const { return is_computed_[node]; }
  std::span<const int64_t> scratch(uint32_t node) const { return scratch_[node]; }
  size_t number(Value value) const { return first_value_[value.node] + value.result; }
  size_t values() const { return readers_.size(); }

 private:
  struct Needs;
  void find_updates_in_place();
  void find_parts();

  const Graph& graph_;
  std::vector<std::vector<int64_t>> scratch_;
  std::vector<size_t> first_value_;             // by node
  std::vector<uint32_t> kernels_;               // live nodes that compute
  std::vector<bool> is_computed_;               // by node
  std::vector<std::vector<uint32_t>> readers_;  // by value: live nodes, ascending, each once
  std::vector<bool> is_held_;                   // by value
  std::vector<std::optional<int64_t>> result_;  // by value: the result that it is made in
  std::vector<InPlace> in_place_;               // as the graph has its updates
  std::vector<bool> may_lie_outside_;           // by value: in a result, or in an input in some order
  std::vector<uint32_t> part_;                  // by node
  uint32_t parts_ = 0;
};

}  // namespace gradus
