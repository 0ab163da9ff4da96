// Trains a train block: compiled steps, callbacks and files around the runtime's training loop.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "frontend/driver/run/outcome.h"
#include "frontend/driver/train/training_program.h"
#include "runtime/training/run_folder.h"
#include "runtime/training/training_loop.h"

namespace gradus {

struct TrainRunOptions {
  std::string folder;      // where checkpoint and history go; empty: nothing is written
  std::string checkpoint;  // go on behind the epochs of this one; empty: from initial values
  std::string initialize;  // take the initial values of the model from this file; empty: its own
  bool resume = false;     // go on in the folder where the run was stopped
  CheckpointInterval interval;
  bool quiet = false;           // no progress
  bool gradient_norms = false;  // watch gradients and activations, and report what is wrong with them
  std::function<void()> begun;  // called before the first step, when all that is resumed has proved to fit
  std::function<bool()> interrupted;  // asked after every step; run_training looks for signals itself
};

struct TrainRun {
  TrainingReport report;
  std::vector<OutcomeLine> outcomes;  // of `finally`
  std::vector<std::string> files;     // written
  std::vector<Diagnostic> symptoms;   // of gradient_norms
  std::vector<Diagnostic> warnings;   // about what was trained
  int interrupt_code = 0;             // exit code after a signal
};

TrainRun run_training(TrainingProgram& program, const TrainRunOptions& options);

// Parameters and state as a set, with initial values.
ParameterSet initial_parameters(TrainingProgram& program);

}  // namespace gradus
