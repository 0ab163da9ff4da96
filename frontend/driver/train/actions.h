// Actions of a train block that become callbacks of the training loop: early_stopping, reduce_on_plateau,
// keep_best.
#pragma once

#include <memory>
#include <vector>

#include "frontend/language/elaborate.h"
#include "runtime/training/callback.h"
#include "runtime/training/run_folder.h"

namespace gradus {

// `folder`: of the run; without a path nothing is written.
std::vector<std::unique_ptr<Callback>> callbacks_of(const language::TrainSettings& settings,
                                                    const RunFolderOptions& folder);

// The folder's best checkpoint is best by what the first early_stopping monitors.
void monitor_best(const language::TrainSettings& settings, RunFolderOptions& options);

}  // namespace gradus
