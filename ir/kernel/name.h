// What a kernel is called: after the op that gives it its shape, and by a hash of its body, the same in every
// program and every process.
#pragma once

#include <string>

#include "ir/graph.h"

namespace gradus {

std::string describe_kernel(const Graph& body);  // dot, sum, map, add, …
std::string kernel_name(const Graph& body);      // dot_5c1e22aa

}  // namespace gradus
