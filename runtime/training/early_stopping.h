// Early stopping with the meaning that it has in Keras 3.
#pragma once

#include <limits>
#include <optional>

#include "runtime/training/monitor.h"

namespace gradus {

struct EarlyStoppingOptions {
  using Mode = MonitorMode;
  std::string monitor = "validation.loss";
  double min_delta = 0;
  int64_t patience = 0;
  bool verbose = false;
  Mode mode = Mode::automatic;
  std::optional<double> baseline;
  bool restore_best_weights = false;
  int64_t start_from_epoch = 0;  // so many epochs are not looked at
};

// The rule alone. Epochs are indices from 0. An epoch improves on a reference if (min) value + min_delta <
// reference, in double, so an exact tie is none. Every epoch adds one to the wait; one that improves on the
// best so far becomes the best, and ends the wait if it improves on the baseline too; one that does not stops
// the training when the wait has reached the patience (never at epoch 0).
class EarlyStoppingRule {
 public:
  explicit EarlyStoppingRule(const EarlyStoppingOptions& options);

  struct Verdict {
    bool improved = false;
    bool stop = false;
  };
  Verdict observe(int64_t epoch, double value);

  std::vector<double> save() const;
  void load(SavedReader& saved);

  double best() const { return sign_ * best_; }
  int64_t best_epoch() const { return best_epoch_; }  // -1: none yet

 private:
  bool improves(double value, double reference) const { return value + min_delta_ < reference; }

  double sign_;  // -1 turns a maximum into a minimum
  double min_delta_;
  std::optional<double> baseline_;
  int64_t patience_;
  int64_t start_;
  double best_ = std::numeric_limits<double>::infinity();
  int64_t best_epoch_ = -1;
  int64_t wait_ = 0;
};

class EarlyStopping : public Callback {
 public:
  explicit EarlyStopping(EarlyStoppingOptions options);
  void train_begin(TrainingState& state) override;
  void epoch_end(TrainingState& state) override;
  void train_end(TrainingState& state) override;
  std::vector<double> save() const override;
  void load(std::span<const double> saved, TrainingState& state) override;

  const EarlyStoppingRule& rule() const { return rule_; }

 private:
  EarlyStoppingOptions options_;
  EarlyStoppingRule rule_;
  size_t monitored_ = 0;
  int64_t stopped_epoch_ = 0;
  int64_t best_epoch_ = 0;  // from 1; 0: none
  std::shared_ptr<const Snapshot> best_;
};

}  // namespace gradus
