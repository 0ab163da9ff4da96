// Running averages, as batch normalization keeps them: states whose update is factor · state + what is new.
// They begin with what their initializer says, and after n steps keep factor^n of that. Training does not
// read them, so that it looks well however few steps there were; whatever comes behind it does.
#pragma once

#include <vector>

#include "frontend/language/elaborate.h"

namespace gradus {

// A warning if much of an average that evaluation reads is still what it began with; none otherwise.
std::vector<Diagnostic> warn_of_young_averages(const language::TrainProgram& program, int64_t steps);

}  // namespace gradus
