// The graphs of a pipeline, so that a stable id of any of them can be looked up later.
#pragma once

#include <deque>
#include <span>

#include "frontend/driver/compile/compile.h"

namespace gradus {

class GraphHistory {
 public:
  // Runs the passes up to stage optimized, and keeps what each of them makes.
  GraphHistory(const Graph& graph, bool memoize);

  const Graph& last() const { return graphs_.back(); }

  // A node of a graph, or of a body inside one.
  struct Found {
    const Graph* graph = nullptr;
    uint32_t index = 0;
    bool last = false;  // in last()
    explicit operator bool() const { return graph != nullptr; }
  };
  // The newest node with this id; `path` are the ids of the nodes whose bodies lead to it.
  Found find(std::span<const uint32_t> path, uint32_t id) const;

 private:
  std::deque<Graph> graphs_;
};

}  // namespace gradus
