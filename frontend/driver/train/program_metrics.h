// The losses and metrics of a train block, as the runtime sums them.
#pragma once

#include "frontend/driver/train/training_program.h"
#include "runtime/training/metrics.h"

namespace gradus {

// Valid as long as the program is.
Metrics metrics_of(TrainingProgram& program);

}  // namespace gradus
