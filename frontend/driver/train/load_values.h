// `load … into path`: values from files or from other parameters, before the first step.
#pragma once

#include "frontend/language/elaborate.h"
#include "runtime/training/parameters.h"

namespace gradus {

void load_initial_values(const language::TrainProgram& program, ParameterSet& parameters);

}  // namespace gradus
