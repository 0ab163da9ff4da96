// What callbacks watch: a metric of the history, which gets better downwards or upwards.
#pragma once

#include <string>

#include "runtime/training/callback.h"

namespace gradus {

enum class MonitorMode { automatic, min, max };

// "auto", "min" or "max"; anything else is a program error of `action`.
MonitorMode monitor_mode(const std::string& action, std::string_view text);

// Whether more is better: automatically for names with "accuracy", "precision", "recall", "auc" or "f1".
bool is_maximized(const std::string& metric, MonitorMode mode);

// Where the metric stands in the history; a program error that lists what there is if it does not.
size_t monitored_metric(const TrainingState& state, const std::string& metric, const std::string& action);

}  // namespace gradus
