// Reads graph text (ir/text/print.h). The graph has the stable ids, origins and layouts of the text, and as
// many nodes as the text has lines: equal ones are not merged.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ir/error.h"
#include "ir/graph.h"

namespace gradus {

// Throws Error (kind program) with all errors of the text, each with its place in `file`.
Graph parse_graph(std::string_view text, std::string file = "graph text");

// Where the nodes of a graph stand in its text, for what is found out later.
struct GraphSpans {
  SourceSpan head;
  std::vector<SourceSpan> nodes;  // by index; inputs too
  std::map<uint32_t, std::shared_ptr<const GraphSpans>> bodies;
};
struct ParsedGraph {
  Graph graph;
  GraphSpans spans;
};
ParsedGraph parse_graph_with_spans(std::string_view text, std::string file);

}  // namespace gradus
