// `load … into path` and --initialize: values from files or from other parameters, before the first step.
#pragma once

#include <string>

#include "frontend/language/elaborate.h"
#include "runtime/training/parameters.h"

namespace gradus {

void load_initial_values(const language::TrainProgram& program, ParameterSet& parameters);
// All parameters and state of the model from a file, by path, as `load` would; optimizers begin anew.
void initialize_from(const std::string& file, const language::TrainProgram& program,
                     ParameterSet& parameters);

}  // namespace gradus
