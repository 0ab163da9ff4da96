// What failed checks of a train block's steps mean: those of the program, and those of --check-numerics, for
// which values of inputs come from the data set and the parameters.
#pragma once

#include <string>

#include "frontend/driver/train/training_program.h"
#include "runtime/training/bound_step.h"
#include "runtime/training/parameters.h"

namespace gradus {

// What a step is compiled from; both are the program's.
struct CheckedStep {
  const Graph& graph;
  const std::vector<language::Check>& checks;
};
inline CheckedStep checked_step(const language::StepGraph& step) { return {step.graph, step.checks}; }

// `step`: by number of rows. `checkpoint`: where the parameters came from when the run began; empty: from
// initial values.
DescribeCheck describe_checks(TrainingProgram& program, const ParameterSet& parameters,
                              std::string checkpoint, std::function<CheckedStep(int64_t rows)> step);

// Throws where an initial value is not finite.
void fail_initial_values(Compiler& compiler, const Graph& initialization, int64_t check, int64_t seed);

}  // namespace gradus
