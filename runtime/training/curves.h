// Curves of a training as a picture (SVG): one chart a metric, training and validation over the epochs.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "runtime/training/callback.h"

namespace gradus {

// `names` and `rate_names`: of the records' values and rates. Values that are not finite leave a gap.
std::string draw_curves(const std::string& title, const std::vector<std::string>& names,
                        const std::vector<std::string>& rate_names, std::span<const EpochRecord> history);

// The same numbers as JSON: {"epoch": […], "step": […], "loss": […], …}; null where one is not finite.
std::string history_json(const std::vector<std::string>& names, const std::vector<std::string>& rate_names,
                         std::span<const EpochRecord> history);

}  // namespace gradus
