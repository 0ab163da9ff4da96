// Checkpoints: parameters and state in one safetensors file, with where the training stands in its metadata.
#pragma once

#include <string>

#include "runtime/training/parameters.h"

namespace gradus {

struct CheckpointInfo {
  std::string program;  // name of the train block
  int64_t seed = 0;
  int64_t epoch = 0;  // epochs that are complete
  int64_t step = 0;   // steps that are complete
};

// Written atomically.
void save_checkpoint(const std::string& path, const ParameterSet& parameters, const CheckpointInfo& info);

// Loads the values of `parameters` from a file, all or (on any error) none. A missing file is an environment
// error; a malformed one, or one that does not fit, a program error that lists what is missing, of another
// type or (unless `allow_unknown`, for programs that use a part of it) not known. Files without our metadata
// give default info.
CheckpointInfo load_checkpoint(const std::string& path, ParameterSet& parameters, bool allow_unknown = false);

}  // namespace gradus
