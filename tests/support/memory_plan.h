// Whether a program's workspace is the one that plan-buffers planned.
#pragma once

#include <fmt/format.h>

#include <string>

#include "ir/graph.h"
#include "ir/loop/program.h"

namespace gradus::testing {

// Empty if no byte of the program's workspace lies outside of the plan.
inline std::string unplanned_memory(const Graph& kernels, const loop::Program& program) {
  const int64_t planned = kernels.header().integer_or("workspace", 0);
  return program.workspace_bytes() == planned
             ? ""
             : fmt::format("a workspace of {} bytes, {} of them planned", program.workspace_bytes(), planned);
}

}  // namespace gradus::testing
