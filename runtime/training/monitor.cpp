#include "runtime/training/monitor.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "ir/error.h"

namespace gradus {

MonitorMode monitor_mode(const std::string& action, std::string_view text) {
  if (text == "auto") return MonitorMode::automatic;
  if (text == "min") return MonitorMode::min;
  if (text == "max") return MonitorMode::max;
  fail_program(fmt::format("{}: mode is '{}'; it must be auto, min or max", action, text));
}

bool is_maximized(const std::string& metric, MonitorMode mode) {
  if (mode != MonitorMode::automatic) return mode == MonitorMode::max;
  for (std::string_view word : {"accuracy", "precision", "recall", "auc", "f1"})
    if (metric.find(word) != std::string::npos) return true;
  return false;
}

size_t monitored_metric(const TrainingState& state, const std::string& metric, const std::string& action) {
  const int64_t found = state.find(metric);
  if (found >= 0) return static_cast<size_t>(found);
  std::string hint;
  if (metric.starts_with("val_"))
    hint = fmt::format("write validation.{}", metric.substr(4));
  else if (metric.starts_with("validation."))
    hint = "add split(validation: 0.1)";
  fail_program(fmt::format("{}: there is no '{}' to monitor; the training has {}", action, metric,
                           fmt::join(state.names, ", ")),
               {}, hint);
}

}  // namespace gradus
