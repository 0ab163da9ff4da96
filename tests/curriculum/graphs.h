// From the text of a lesson to the graphs that the curriculum's rows speak of.
#pragma once

#include <string>
#include <string_view>

#include "frontend/language/elaborate.h"
#include "ir/op.h"
#include "ir/text/formula.h"
#include "passes/pipeline.h"

namespace gradus::curriculum {

// The graph of the first program of a text.
inline Graph forward(const std::string& text, bool memoize = true) {
  const language::Unit unit = language::load_unit("test.gradus", text);
  return language::elaborate_program(unit, unit.programs().at(0), {.memoize = memoize}).graph;
}

inline Graph optimized(const Graph& graph, bool memoize = true) {
  PassContext context;
  context.memoize = memoize;
  return run_pipeline(graph, Stage::forward, Stage::optimized, context);
}
inline Graph optimized(const std::string& text) { return optimized(forward(text)); }

inline size_t count(const Graph& graph, std::string_view op) {
  size_t found = 0;
  for (uint32_t i = 0; i < graph.size(); ++i) found += graph.node(i).op->name == op;
  return found;
}

// Nodes that something needs.
inline size_t live_count(const Graph& graph) {
  size_t found = 0;
  for (bool live : live_nodes(graph)) found += live;
  return found;
}

}  // namespace gradus::curriculum
