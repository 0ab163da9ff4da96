// Checkpoints: parameters and state in one safetensors file, with where the training stands in its metadata.
// A checkpoint to go on from holds, besides, what training was doing, under names with a slash in them, which
// no parameter has.
#pragma once

#include <string>

#include "runtime/training/saved_training.h"

namespace gradus {

struct CheckpointInfo {
  std::string program;  // name of the train block
  int64_t seed = 0;
  int64_t epoch = 0;  // epochs that are complete
  int64_t step = 0;   // steps that are complete
  std::string preparation =
      {};  // of the columns that it was trained on, as JSON (runtime/data/preparation.h)
};

// What makes a run the run that it is (program, data, settings), by name; two runs with the same give the
// same bits.
using RunIdentity = std::map<std::string, std::string>;

// Written atomically, as are the others.
// With the values of `snapshot` if it is given.
void save_checkpoint(const std::string& path, const ParameterSet& parameters, const CheckpointInfo& info,
                     const Snapshot* snapshot = nullptr);

// Loads the values of `parameters` from a file, all or (on any error) none. A missing file is an environment
// error; a malformed one, or one that does not fit, a program error that lists what is missing, of another
// type or (unless `allow_unknown`, for programs that use a part of it) not known. Files without our metadata
// give default info.
CheckpointInfo load_checkpoint(const std::string& path, ParameterSet& parameters, bool allow_unknown = false);

// What a file says besides its tensors.
CheckpointInfo read_checkpoint_info(const std::string& path);

// A checkpoint that training can go on from, bit for bit.
void save_training(const std::string& path, const ParameterSet& parameters, const CheckpointInfo& info,
                   const SavedTraining& training, const RunIdentity& identity);
// Loads the parameters (all or none) and what was saved. A program error if the file is of another run.
SavedTraining load_training(const std::string& path, ParameterSet& parameters, const RunIdentity& identity);

}  // namespace gradus
