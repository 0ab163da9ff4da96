// What the training loop tells others while it runs.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "runtime/training/parameters.h"
#include "runtime/training/saved_training.h"

namespace gradus {

struct EpochRecord {
  int64_t epoch = 0;           // from 1
  int64_t step = 0;            // steps done when it ended
  std::vector<double> values;  // in the order of TrainingState::names
  std::vector<double> rates;   // in the order of TrainingState::rate_names
};

struct TrainingState {
  explicit TrainingState(ParameterSet& parameters) : parameters(parameters) {}

  ParameterSet& parameters;
  int64_t seed = 0;
  int64_t epochs = 0;                   // planned
  int64_t batches = 0;                  // per epoch
  int64_t rows = 0;                     // per epoch
  int64_t epoch = 0;                    // the current one, from 1; while no epoch runs, those complete
  int64_t batch = 0;                    // of the current epoch, from 1
  int64_t rows_done = 0;                // of the current epoch
  int64_t step = 0;                     // steps done
  int64_t epochs_done = 0;              // complete, validation included
  int64_t batches_done = 0;             // of the epoch after these
  std::vector<std::string> names;       // "loss", "accuracy", "validation.loss", …
  std::vector<double> running;          // training metrics of the epoch so far: the first of `names`
  std::vector<std::string> rate_names;  // what the history says of each epoch besides metrics
  std::vector<EpochRecord> history;     // epochs of this run, those before it was resumed included
  std::vector<std::string> messages;    // for people, one line each
  int64_t final_epoch = 0;              // whose parameters are kept; 0: the last one's
  bool stop = false;                    // a callback may set it
  bool interrupted = false;             // by a signal; a callback may set it: the run can be resumed
  bool resumed = false;
  bool finished = false;  // no epoch is left, and no interruption was the reason

  // Run-time inputs of the steps by name, which callbacks may change; steps see it from the next one on.
  double input(const std::string& name) const { return inputs.at(name); }
  void set_input(const std::string& name, double value);
  std::map<std::string, double> inputs;
  bool inputs_changed = false;

  // The parameters as they are now, at the end of `epoch`. Callbacks that ask at the same epoch share them,
  // and a checkpoint holds them as long as somebody does.
  std::shared_ptr<const Snapshot> keep();
  // What keep() gave at the end of an epoch, in a resumed run; an error if the checkpoint has none.
  std::shared_ptr<const Snapshot> kept(int64_t epoch) const;
  std::map<int64_t, std::weak_ptr<const Snapshot>> snapshots;

  // All that a checkpoint must hold besides the parameters.
  std::function<SavedTraining()> saved;

  // -1 if there is none; "train.loss" is "loss".
  int64_t find(std::string_view name) const;
};

class Callback {
 public:
  virtual ~Callback() = default;
  virtual void train_begin(TrainingState&) {}
  virtual void epoch_begin(TrainingState&) {}
  virtual void batch_begin(TrainingState&) {}
  virtual void batch_end(TrainingState&) {}
  virtual void epoch_end(TrainingState&) {}  // history.back() is this epoch's record
  virtual void train_end(TrainingState&) {}

  // What a resumed run must know of this callback. `load` comes before train_begin; numbers that `save` did
  // not write are a program error.
  virtual std::vector<double> save() const { return {}; }
  virtual void load(std::span<const double>, TrainingState&) {}
};

}  // namespace gradus
