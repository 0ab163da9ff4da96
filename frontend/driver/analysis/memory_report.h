// --explain-memory: what lies in the workspace when, and who needs it.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "frontend/driver/compile/compile.h"
#include "ir/graph.h"

namespace gradus {

// One value that a kernel leaves in the workspace for others, or a piece that it works in.
struct MemoryBuffer {
  std::string value;  // as dumps call it before fusion: %12
  std::string op;     // "tanh", "mul, gradient of tanh"
  std::string scope;  // dense_1
  SourceSpan span;
  Type type;
  int64_t bytes = 0, offset = 0;
  int64_t first = 0,
          last = 0;      // kernels, counted from 1: from the one that makes it to the last one that reads
  bool forward = false;  // does not depend on the backward graph
  bool saved_for_backward = false;  // forward, and read by the backward graph
  std::string reader;               // op of the last kernel that reads it
  SourceSpan reader_span;
};

struct MemoryReport {
  int64_t kernels = 0;
  int64_t parameters = 0, state = 0, inputs = 0, results = 0;  // bytes, outside the workspace
  int64_t workspace = 0;
  int64_t lower_bound = 0;  // no order of the kernels needs less
  int64_t peak = 0;         // most bytes of buffers that live at once
  int64_t peak_kernel = 0;
  std::vector<MemoryBuffer> buffers;   // in the order in which they are made
  int64_t saved = 0, saved_bytes = 0;  // forward values that the backward graph reads
};

MemoryReport explain_memory(Compiler& compiler, const Graph& graph);

std::string format_memory(const MemoryReport& report);
nlohmann::json memory_json(const MemoryReport& report);

}  // namespace gradus
