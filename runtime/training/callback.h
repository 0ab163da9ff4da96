// What the training loop tells others while it runs.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "runtime/training/parameters.h"

namespace gradus {

struct EpochRecord {
  int64_t epoch = 0;           // from 1
  int64_t step = 0;            // steps done when it ended
  std::vector<double> values;  // in the order of TrainingState::names
};

struct TrainingState {
  explicit TrainingState(ParameterSet& parameters) : parameters(parameters) {}

  ParameterSet& parameters;
  int64_t seed = 0;
  int64_t epochs = 0;                 // planned
  int64_t batches = 0;                // per epoch
  int64_t rows = 0;                   // per epoch
  int64_t epoch = 0;                  // the current one, from 1; while no epoch runs, those complete
  int64_t batch = 0;                  // of the current epoch, from 1
  int64_t rows_done = 0;              // of the current epoch
  int64_t step = 0;                   // steps done
  std::vector<std::string> names;     // "loss", "accuracy", "validation.loss", …
  std::vector<double> running;        // training metrics of the epoch so far: the first of `names`
  std::vector<EpochRecord> history;   // epochs of this run
  std::vector<std::string> messages;  // for people, one line each
  int64_t final_epoch = 0;            // whose parameters are kept; 0: the last one's
  bool stop = false;                  // a callback may set it
  bool interrupted = false;           // by a signal

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
};

}  // namespace gradus
