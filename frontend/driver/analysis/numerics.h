// --check-numerics: a step stops at the first value that is not finite, and a report says where it comes
// from.
//
// The step runs with the pass `check-numerics`, whose status names the first bad node and keeps the updates
// from being made. The report runs parts of the graph again on the same inputs, compiled as well, so that it
// sees the same bits; inside a loop it runs the body, iteration by iteration, up to the one that fails.
#pragma once

#include <functional>
#include <vector>

#include "frontend/driver/compile/compile.h"
#include "passes/check_numerics.h"
#include "runtime/tensor.h"

namespace gradus {

// The graph at stage optimized, with the checks.
Graph with_numeric_checks(Compiler& compiler, const Graph& graph, const InfiniteInputs& infinite = {});

// Does a status's check come from there?
inline bool is_numeric_check(int64_t check) { return check >= numerics_base; }

struct NumericsQuestion {
  const Graph& graph;  // as it was given to with_numeric_checks
  int64_t check = 0;
  std::function<Tensor(const Input&)> value_of;  // before the step
  // What to say of an input that is not finite already; null: the usual.
  std::function<Diagnostic(const Input&, const Tensor&)> describe_input;
  InfiniteInputs infinite;
};
Diagnostic explain_numerics(Compiler& compiler, const NumericsQuestion& question);

}  // namespace gradus
