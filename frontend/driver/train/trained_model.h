// A model as a run left it: parameters, program and preparation.
#pragma once

#include <string>

#include "frontend/driver/train/run_description.h"
#include "runtime/data/preparation.h"
#include "runtime/training/checkpoint.h"

namespace gradus {

struct TrainedModel {
  std::string checkpoint;   // file
  RunDescription run;       // with the sources
  CheckpointInfo info;      // of the checkpoint
  Preparation preparation;  // of its columns
  int64_t fold = 0;         // which part validated, of a run of several folds
};

// Of the folder of a run (its checkpoint.safetensors), or of a checkpoint in one. Errors say what is missing.
TrainedModel open_trained_model(const std::string& path);

}  // namespace gradus
