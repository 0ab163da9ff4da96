// Reads graph text (ir/text/print.h). The graph has the stable ids, origins and layouts of the text, and as
// many nodes as the text has lines: equal ones are not merged.
#pragma once

#include <string>
#include <string_view>

#include "ir/graph.h"

namespace gradus {

// Throws Error (kind program) with all errors of the text, each with its place in `file`.
Graph parse_graph(std::string_view text, std::string file = "graph text");

}  // namespace gradus
