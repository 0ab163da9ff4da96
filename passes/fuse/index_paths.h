// At how many places an element of a kernel reads another: the copies of a node that lowering emits.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <vector>

#include "ir/graph.h"

namespace gradus {

// Elementwise users read at their own index; any other user, and each of its operands, at a new one. Two pads
// that end in one sum so double the copies of what both read, a chain of them is exponential.
class IndexPaths {
 public:
  // More copies than this of one computation are not emitted: it is stored and read.
  static constexpr size_t most = 16;

  explicit IndexPaths(size_t nodes) : paths_(nodes) {}

  void start(uint32_t i) { paths_[i] = {0}; }
  // Node i is read by `user`, whose paths are complete.
  void read(const Graph& graph, uint32_t i, uint32_t user);
  // Beyond `most` no further ones are counted.
  bool too_many(uint32_t i) const { return paths_[i].size() > most; }

 private:
  std::vector<std::set<uint64_t>> paths_;
};

// Whether each copy of a node is code of its own: elementwise ops, and moves that choose between values (pad,
// concat, gather); the others only change an index.
bool is_computed(const Node& node);

// Whether lowering would emit too many copies of a node of this body.
bool has_too_many_copies(const Graph& body);

}  // namespace gradus
