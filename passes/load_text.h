// Graphs from texts, which may say anything: parsed and verified, in every build. (Loop programs:
// load_program, ir/loop/verify.h.)
#pragma once

#include <string>
#include <string_view>

#include "ir/graph.h"

namespace gradus {

// Throws Error (kind program) with all findings, each at its place in `file`.
Graph load_graph(std::string_view text, const std::string& file);

}  // namespace gradus
