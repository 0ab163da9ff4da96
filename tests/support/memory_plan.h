// Whether a program's workspace is the one that plan-buffers planned.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "ir/graph.h"
#include "ir/loop/program.h"
#include "ir/placement.h"

namespace gradus::testing {

// What kernels work in, behind the planned workspace.
inline int64_t scratch_bytes(const loop::Program& program) {
  int64_t begin = program.workspace_bytes, end = begin;
  for (const loop::Buffer& buffer : program.main.buffers)
    if (buffer.role == loop::BufferRole::workspace && buffer.name.starts_with("scratch"))
      begin = std::min(begin, buffer.offset);
  return end - begin;
}

// Empty if no byte of the program's workspace lies outside of the plan.
inline std::string unplanned_memory(const Graph& kernels, const loop::Program& program) {
  const int64_t planned = kernels.header().integer_or("workspace", 0) + scratch_bytes(program);
  return program.workspace_bytes == planned
             ? ""
             : fmt::format("a workspace of {} bytes, {} of them planned", program.workspace_bytes, planned);
}

}  // namespace gradus::testing
