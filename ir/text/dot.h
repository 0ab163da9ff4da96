// Graphviz's format: nodes with op and type, inputs and results drawn apart, an arrow per operand.
#pragma once

#include <string>

#include "ir/graph.h"

namespace gradus {

std::string to_dot(const Graph& graph);

}  // namespace gradus
