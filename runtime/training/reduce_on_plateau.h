// Lowers a run-time input of the steps, the rate, when a metric has stopped improving; with the meaning that
// Keras 3 gives it.
#pragma once

#include <limits>

#include "runtime/training/monitor.h"

namespace gradus {

struct ReduceOnPlateauOptions {
  std::string input;  // empty: the only one there is, or `rate`
  std::string monitor = "validation.loss";
  double factor = 0.1;
  int64_t patience = 10;
  bool verbose = false;
  MonitorMode mode = MonitorMode::automatic;
  double min_delta = 1e-4;
  int64_t cooldown = 0;
  double min_rate = 0;
};

class ReduceOnPlateau : public Callback {
 public:
  explicit ReduceOnPlateau(ReduceOnPlateauOptions options);
  void train_begin(TrainingState& state) override;
  void epoch_end(TrainingState& state) override;
  std::vector<double> save() const override;
  void load(std::span<const double> saved, TrainingState& state) override;

 private:
  ReduceOnPlateauOptions options_;
  double sign_;  // -1 turns a maximum into a minimum
  size_t monitored_ = 0;
  double best_ = std::numeric_limits<double>::infinity();
  int64_t wait_ = 0;
  int64_t cooling_ = 0;  // epochs left in which nothing is counted
};

}  // namespace gradus
