// The checkpoints of the best epochs of a run, each a file of its own: epoch-12.safetensors.
#pragma once

#include <string>
#include <vector>

#include "runtime/training/callback.h"
#include "runtime/training/monitor.h"

namespace gradus {

struct KeepBestOptions {
  int64_t count = 1;  // at most so many are there
  std::string monitor = "validation.loss";
  MonitorMode mode = MonitorMode::automatic;
  std::string folder;                // of the run, which exists when training begins
  std::string program, preparation;  // go into the checkpoints
};

class KeepBest : public Callback {
 public:
  explicit KeepBest(KeepBestOptions options) : options_(std::move(options)) {}
  void train_begin(TrainingState& state) override;
  void epoch_end(TrainingState& state) override;
  std::vector<double> save() const override;
  void load(std::span<const double> saved, TrainingState& state) override;

 private:
  struct Kept {
    double value = 0;  // less is better
    int64_t epoch = 0;
  };
  std::string file_of(int64_t epoch) const;

  KeepBestOptions options_;
  size_t monitored_ = 0;
  std::vector<Kept> kept_;  // the best first, of equal ones the earlier
};

}  // namespace gradus
