// The runs of a folder, and how they went.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "frontend/driver/train/run_description.h"

namespace gradus {

struct RunHistory {
  std::string folder;
  RunDescription run;
  std::vector<std::string> names;            // of the columns of history.csv, epoch first
  std::vector<std::vector<double>> columns;  // by name, a value an epoch

  const std::vector<double>* find(const std::string& name) const;  // null if there is none
};

// The run in this folder, or those in the folders below, by name. An environment error if there is none.
std::vector<RunHistory> read_runs(const std::string& folder);

// The metrics of all runs, in the order in which they come.
std::vector<std::string> metrics_of(const std::vector<RunHistory>& runs);
// Of the last epoch, if there is one.
std::optional<double> last_value(const RunHistory& run, const std::string& name);
// The best first by a metric in its last epoch; what has no number last. A program error if no run has it.
void sort_runs(const std::string& metric, std::vector<RunHistory>& runs);

// One chart a metric, the curves of all runs over each other.
std::string draw_runs(const std::vector<RunHistory>& runs);

}  // namespace gradus
