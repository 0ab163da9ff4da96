// The body of a kernel that is one node.
#pragma once

#include <memory>

#include "ir/builder.h"

namespace gradus {

// Its inputs are the node's operands, its results the node's.
std::shared_ptr<const Graph> single_node_body(const Graph& graph, uint32_t index,
                                              BuilderOptions options = {});

}  // namespace gradus
