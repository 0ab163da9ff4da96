// --check-numerics for steps of a train block: values of inputs come from the data set and the parameters.
#pragma once

#include <string>

#include "frontend/driver/training_program.h"
#include "runtime/training/bound_step.h"
#include "runtime/training/parameters.h"

namespace gradus {

// Describes checks that come from the instrumentation, and leaves the others to `others`. `checkpoint`: where
// the parameters came from when the run began; empty: from initial values.
DescribeCheck describe_numerics(TrainingProgram& program, const ParameterSet& parameters,
                                std::string checkpoint, DescribeCheck others);

// Throws where an initial value is not finite.
void fail_initial_values(Compiler& compiler, const Graph& initialization, int64_t check, int64_t seed);

}  // namespace gradus
