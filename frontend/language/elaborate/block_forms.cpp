#include "frontend/language/elaborate/block_forms.h"

#include <algorithm>

namespace gradus::language {

std::span<const TrainSetting> train_settings() {
  static constexpr TrainSetting all[] = {
      {"batch", "32", "Rows of a training step."},
      {"epochs", "1", "How often the training rows are gone through."},
      {"seed", "0", "Draws and initial values are a function of it."},
      {"shuffle", "true", "Whether each epoch has the rows in another order."},
      {"drop_last", "false", "Whether the last batch of an epoch is left out if it is smaller."},
  };
  return all;
}

std::span<const TrainAction> train_actions() {
  static const std::vector<TrainAction> all = {
      {"split",
       "Parts of the training rows that are not trained on: a fraction each, or folds in turn.",
       {"validation", "test", "folds"}},
      {"early_stopping",
       "Ends the training when a metric gets no better.",
       {"monitor", "min_delta", "patience", "verbose", "mode", "baseline", "restore_best_weights",
        "start_from_epoch"}},
      {"reduce_on_plateau",
       "Lowers an input, the rate, when a metric gets no better.",
       {"monitor", "factor", "patience", "verbose", "mode", "min_delta", "cooldown", "min_rate", "input"}},
      {"keep_best", "Keeps the checkpoints of the best epochs.", {"count", "monitor", "mode"}},
  };
  return all;
}

const TrainAction* find_train_action(std::string_view name) {
  const std::span<const TrainAction> all = train_actions();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const TrainAction& action) { return action.name == name; });
  return found == all.end() ? nullptr : &*found;
}

std::span<const SpecialName> special_names() {
  static constexpr SpecialName all[] = {
      {"pi", "3.14159…"},
      {"infinity", "The infinite float."},
      {"nan", "The float that is no number."},
      {"training", "true in training steps, otherwise false."},
      {"batch", "The number of rows of this specialization of the step."},
      {"step", "The number of the training step, from 1; in an optimizer that of its line."},
      {"epoch", "The number of the epoch, from 1."},
      {"penalties", "The sum of the penalties met so far."},
  };
  return all;
}

}  // namespace gradus::language
