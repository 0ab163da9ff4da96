// The training loop. It never compiles: it asks for a step of so many rows and runs it.
#pragma once

#include <optional>

#include "runtime/data/data_set.h"
#include "runtime/training/callback.h"
#include "runtime/training/metrics.h"

namespace gradus {

struct Steps {
  StepFunction train;     // forward, backward, update; results include the metrics'
  StepFunction evaluate;  // forward with training = false; results include the metrics'
  // Where steps differ: which kind the next one is, and the steps of that kind. Null: all are `train`.
  std::function<uint64_t(const TrainingState&)> kind = {};
  std::function<StepFunction(uint64_t kind)> train_kind = {};
};

struct TrainingOptions {
  int64_t batch = 32;
  int64_t epochs = 1;
  int64_t seed = 0;
  bool shuffle = true;
  bool drop_last = false;
  Metrics metrics;                       // the loss first
  std::map<std::string, double> inputs;  // run-time inputs that are no columns; an input `epoch` is filled by
                                         // the loop
  std::vector<std::string> rates;        // results of training steps whose last value goes into the history
  std::vector<Callback*>
      callbacks;  // called in this order; those that change parameters at the end come first
  std::function<void(const BoundStep&)> observe;  // told of every training step that succeeded
  std::function<bool()> interrupted;              // asked after every step
  int64_t epochs_done = 0, steps_done = 0;        // of the run whose parameters this one starts from
  // Of the same run, interrupted: it goes on where this was saved, as if it had never stopped. The parameters
  // are those that were saved with it.
  std::optional<SavedTraining> resume;
};

struct TrainingReport {
  std::vector<std::string> names;       // of the history's values
  std::vector<std::string> rate_names;  // … and of its rates
  std::vector<EpochRecord> history;
  std::vector<double> final_values;  // of the epoch whose parameters were kept, in the order of `names`
  std::vector<std::pair<std::string, double>> test;  // "test.loss", …; empty without a test part
  std::vector<std::string> messages;
  int64_t epoch = 0;        // epochs done
  int64_t step = 0;         // steps done
  int64_t final_epoch = 0;  // whose parameters were kept
  bool interrupted = false;
  double seconds = 0;  // of the epochs, with validation and compilation of specializations

  // "loss", "train.loss", "validation.accuracy", "test.loss", "epoch", "step"; nullopt if there is none.
  std::optional<double> value(std::string_view name) const;
};

// Trains, validates after each epoch and evaluates the test part at the end (not after an interruption), with
// the parameters that are left. Errors: a failed check of a step (parameters are then those before it), a
// loss that is not finite (found after the step, so parameters may be too), columns that do not fit, whatever
// a callback throws. After an error train_end is not called, so nothing more is saved.
TrainingReport train(const Steps& steps, const DataSet& data, ParameterSet& parameters,
                     const TrainingOptions& options);

}  // namespace gradus
