// What the folds of split(folds: n) say together.
#pragma once

#include <string>
#include <vector>

#include "runtime/training/training_loop.h"

namespace gradus {

// Metrics are means over the folds; epochs, steps and seconds are sums.
TrainingReport mean_report(const std::vector<TrainingReport>& folds);

// folds.csv in the folder: the metrics of every fold, their mean and their standard deviation (of the
// sample). Returns its path.
std::string write_folds(const std::string& folder, const std::vector<TrainingReport>& folds);

}  // namespace gradus
