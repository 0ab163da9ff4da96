#include "runtime/training/early_stopping.h"

#include <fmt/format.h>

#include <cmath>

#include "ir/error.h"

namespace gradus {

EarlyStoppingRule::EarlyStoppingRule(const EarlyStoppingOptions& options)
    : sign_(is_maximized(options.monitor, options.mode) ? -1 : 1),
      min_delta_(std::abs(options.min_delta)),
      patience_(options.patience),
      start_(options.start_from_epoch) {
  if (options.baseline) baseline_ = sign_ * *options.baseline;
}

EarlyStoppingRule::Verdict EarlyStoppingRule::observe(int64_t epoch, double value) {
  if (epoch < start_) return {};
  value *= sign_;
  ++wait_;
  if (improves(value, best_)) {
    best_ = value;
    best_epoch_ = epoch;
    if (!baseline_ || improves(value, *baseline_)) wait_ = 0;
    return {true, false};
  }
  return {false, wait_ >= patience_ && epoch > 0};
}

std::vector<double> EarlyStoppingRule::save() const {
  return {best_, static_cast<double>(best_epoch_), static_cast<double>(wait_)};
}

void EarlyStoppingRule::load(SavedReader& saved) {
  best_ = saved.number();
  best_epoch_ = saved.whole();
  wait_ = saved.whole();
}

EarlyStopping::EarlyStopping(EarlyStoppingOptions options) : options_(std::move(options)), rule_(options_) {
  if (options_.patience < 0) fail_program("early_stopping: patience is negative");
  if (options_.start_from_epoch < 0) fail_program("early_stopping: start_from_epoch is negative");
  if (std::isnan(options_.min_delta)) fail_program("early_stopping: min_delta is not a number");
}

void EarlyStopping::train_begin(TrainingState& state) {
  monitored_ = monitored_metric(state, options_.monitor, "early_stopping");
}

void EarlyStopping::epoch_end(TrainingState& state) {
  const EpochRecord& record = state.history.back();
  const bool watched = record.epoch > options_.start_from_epoch;
  const auto [improved, stop] = rule_.observe(record.epoch - 1, record.values[monitored_]);
  // If nothing ever improves (all NaN), the first watched epoch counts as the best, as in Keras.
  if (improved || (watched && best_epoch_ == 0)) {
    best_epoch_ = record.epoch;
    if (options_.restore_best_weights) best_ = state.keep();
  }
  if (!stop) return;
  stopped_epoch_ = record.epoch;
  state.stop = true;
}

std::vector<double> EarlyStopping::save() const {
  std::vector<double> saved = rule_.save();
  saved.insert(saved.end(),
               {static_cast<double>(stopped_epoch_), static_cast<double>(best_epoch_), best_ ? 1.0 : 0.0});
  return saved;
}

void EarlyStopping::load(std::span<const double> saved, TrainingState& state) {
  SavedReader reader(saved, "early_stopping");
  rule_.load(reader);
  stopped_epoch_ = reader.whole();
  best_epoch_ = reader.whole();
  if (reader.whole() != 0) best_ = state.kept(best_epoch_);
  reader.end();
}

void EarlyStopping::train_end(TrainingState& state) {
  if (stopped_epoch_ > 0 && options_.verbose)
    state.messages.push_back(fmt::format("epoch {}: early stopping ({} was best in epoch {})", stopped_epoch_,
                                         options_.monitor, best_epoch_));
  // After an interruption the parameters stay where the training was, so that it can go on from there.
  if (!options_.restore_best_weights || !best_ || state.interrupted) return;
  state.parameters.assign(*best_);
  best_.reset();
  state.final_epoch = best_epoch_;
  if (options_.verbose)
    state.messages.push_back(fmt::format("parameters restored from the end of epoch {}", best_epoch_));
}

}  // namespace gradus
