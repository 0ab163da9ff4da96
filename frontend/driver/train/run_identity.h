// What must be the same for a run to be resumed: everything that its bits depend on.
#pragma once

#include "frontend/driver/train/training_program.h"
#include "runtime/training/checkpoint.h"

namespace gradus {

// Program (its graphs: comments and names of locals may change), data and settings, by name.
RunIdentity run_identity(TrainingProgram& program);

}  // namespace gradus
