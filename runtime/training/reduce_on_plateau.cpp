#include "runtime/training/reduce_on_plateau.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>

#include "ir/error.h"
#include "ir/shown_text.h"

namespace gradus {

ReduceOnPlateau::ReduceOnPlateau(ReduceOnPlateauOptions options)
    : options_(std::move(options)), sign_(is_maximized(options_.monitor, options_.mode) ? -1 : 1) {
  if (!(options_.factor > 0 && options_.factor < 1))
    fail_program(
        fmt::format("reduce_on_plateau: factor is {}; it must lie between 0 and 1", options_.factor));
  if (options_.patience < 0 || options_.cooldown < 0)
    fail_program("reduce_on_plateau: patience and cooldown must not be negative");
  if (!(options_.min_delta >= 0) || !(options_.min_rate >= 0))
    fail_program("reduce_on_plateau: min_delta and min_rate must not be negative");
}

void ReduceOnPlateau::train_begin(TrainingState& state) {
  monitored_ = monitored_metric(state, options_.monitor, "reduce_on_plateau");
  if (options_.input.empty() && state.inputs.contains("rate")) options_.input = "rate";
  if (options_.input.empty() && state.inputs.size() == 1) options_.input = state.inputs.begin()->first;
  if (state.inputs.contains(options_.input)) return;
  std::vector<std::string> names;
  for (const auto& [name, value] : state.inputs) names.push_back(name);
  fail_program(options_.input.empty()
                   ? "reduce_on_plateau: which input shall it lower?"
                   : fmt::format("reduce_on_plateau: there is no input '{}'", options_.input),
               {},
               names.empty() ? "make the rate an input: input rate = 1e-3, and … with adam(rate)"
                             : fmt::format("input: one of {}", fmt::join(names, ", ")));
}

void ReduceOnPlateau::epoch_end(TrainingState& state) {
  const double value = sign_ * state.history.back().values[monitored_];
  if (cooling_ > 0) {
    --cooling_;
    wait_ = 0;
  }
  if (value < best_ - options_.min_delta) {
    best_ = value;
    wait_ = 0;
    return;
  }
  if (cooling_ > 0 || ++wait_ < options_.patience) return;
  const double rate = state.input(options_.input);
  if (rate <= options_.min_rate) return;
  const double lower = std::max(rate * options_.factor, options_.min_rate);
  state.set_input(options_.input, lower);
  if (options_.verbose)
    state.messages.push_back(fmt::format("epoch {}: {} reduced from {:g} to {:g}", state.epoch,
                                         options_.input, unsigned_nan(rate), unsigned_nan(lower)));
  cooling_ = options_.cooldown;
  wait_ = 0;
}

std::vector<double> ReduceOnPlateau::save() const {
  return {best_, static_cast<double>(wait_), static_cast<double>(cooling_)};
}

void ReduceOnPlateau::load(std::span<const double> saved, TrainingState&) {
  SavedReader reader(saved, "reduce_on_plateau");
  best_ = reader.number();
  wait_ = reader.whole();
  cooling_ = reader.whole();
  reader.end();
}

}  // namespace gradus
