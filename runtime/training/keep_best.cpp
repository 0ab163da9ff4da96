#include "runtime/training/keep_best.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "runtime/data/file.h"
#include "runtime/training/checkpoint.h"

namespace gradus {

std::string KeepBest::file_of(int64_t epoch) const {
  return fmt::format("{}/epoch-{}.safetensors", options_.folder, epoch);
}

void KeepBest::train_begin(TrainingState& state) {
  monitored_ = monitored_metric(state, options_.monitor, "keep_best");
}

// Written before a worse one is removed, so that there are never fewer than there could be. A run that is
// resumed may meet files that are already there, or no longer: they are written and removed again.
void KeepBest::epoch_end(TrainingState& state) {
  const EpochRecord& record = state.history.back();
  const double sign = is_maximized(options_.monitor, options_.mode) ? -1 : 1;
  const double value = sign * record.values[monitored_];
  const Kept now{std::isnan(value) ? std::numeric_limits<double>::infinity() : value, record.epoch};
  const auto place = std::upper_bound(kept_.begin(), kept_.end(), now,
                                      [](const Kept& a, const Kept& b) { return a.value < b.value; });
  if (place - kept_.begin() >= options_.count) return;
  save_checkpoint(file_of(now.epoch), state.parameters,
                  {options_.program, state.seed, record.epoch, record.step, options_.preparation});
  kept_.insert(place, now);
  while (std::cmp_greater(kept_.size(), options_.count)) {
    remove_file(file_of(kept_.back().epoch));
    kept_.pop_back();
  }
}

std::vector<double> KeepBest::save() const {
  std::vector<double> saved{static_cast<double>(kept_.size())};
  for (const Kept& kept : kept_) saved.insert(saved.end(), {kept.value, static_cast<double>(kept.epoch)});
  return saved;
}

void KeepBest::load(std::span<const double> saved, TrainingState&) {
  SavedReader reader(saved, "the best epochs");
  const int64_t count = reader.whole();
  kept_.clear();
  for (int64_t i = 0; i < count; ++i) {
    const double value = reader.number();
    kept_.push_back({value, reader.whole()});
  }
  reader.end();
}

}  // namespace gradus
