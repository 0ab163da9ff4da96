// The runs of a folder, and how they went.
#pragma once

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

// One chart a metric, the curves of all runs over each other.
std::string draw_runs(const std::vector<RunHistory>& runs);

}  // namespace gradus
