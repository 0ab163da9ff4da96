// Runs a compiled program on arrays of the evaluator.
#pragma once

#include <vector>

#include "codegen/llvm/compile.h"
#include "ir/evaluate/evaluate.h"
#include "runtime/parallel.h"

namespace gradus::testing {

struct CompiledRun {
  std::vector<evaluate::Array<double>> results;
  std::vector<evaluate::Array<double>> updates;  // one per graph.updates()
  gradus_status status{};
};

// `graph` says the order of inputs, results and updates. The workspace is filled with garbage before, so that
// a read of what was never written shows. Without a pool the program runs serially.
CompiledRun run_compiled(const CompiledProgram& compiled, int64_t workspace_bytes, const Graph& graph,
                         const std::vector<evaluate::Array<double>>& inputs, ThreadPool* pool = nullptr);

}  // namespace gradus::testing
