// One call of an executable, with its inputs and outputs as safetensors files under the names of the text.
#pragma once

#include <string>
#include <vector>

#include "frontend/driver/compile/compile.h"
#include "runtime/executable.h"
#include "runtime/tensor.h"

namespace gradus {

struct StepInputs {
  std::vector<Tensor> inputs;      // in the order of the description
  std::vector<Tensor> parameters;  // parameters, then state
  int64_t seed = 0;
  int64_t step = 1;
};

struct StepOutputs {
  std::vector<Tensor> results;
  std::vector<Tensor> parameters;  // after the step
  gradus_status status{-1, -1};
};

StepInputs load_step_inputs(const std::string& path, const ExecutableDescription& description);
void save_step_inputs(const std::string& path, const ExecutableDescription& description,
                      const StepInputs& inputs);
// Throws what --check-numerics has found: check `check` of the instrumented `graph`, which ran on these
// inputs.
[[noreturn]] void fail_step_numerics(Compiler& compiler, const Graph& graph, int64_t check,
                                     const Executable& executable, const StepInputs& inputs);
StepOutputs run_step(Executable& executable, const StepInputs& inputs);
// Results under their names, parameters and state under theirs.
void save_step_outputs(const std::string& path, const ExecutableDescription& description,
                       const StepOutputs& outputs);

}  // namespace gradus
