// One random graph through the whole compiler: evaluator before and after every pass, compiled code against
// the evaluator within a running error bound, bits between threads and targets, text both ways.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "ir/evaluate/evaluate.h"
#include "ir/loop/program.h"
#include "passes/pass.h"
#include "tests/support/random_graph.h"

namespace gradus::testing {

struct CheckOptions {
  std::vector<Pass> passes;                            // empty: those of the pipeline
  std::function<void(loop::Program&)> change_program;  // between lowering and emission
  bool compiled = true;                                // false: the evaluator side only
};

struct Verdict {
  bool drawn_again = false;
  std::string failure;       // or the reason for drawing again; empty: all is well
  double largest_bound = 0;  // relative to the largest element of its array
  double largest_error = 0;  // in units of its tolerance
  size_t nodes = 0;          // of the optimized graph
  bool by_duals = false;     // the gradients were compared with dual numbers, not with the raw gradient
};

// The pipeline's passes up to kernels.
std::vector<Pass> pipeline_passes();

Verdict check_graph(const Graph& graph, const std::vector<evaluate::Array<double>>& inputs,
                    const CheckOptions& options = {});

}  // namespace gradus::testing
