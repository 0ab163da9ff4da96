// run.json in the folder of a run: what it was started with.
#pragma once

#include <string>
#include <vector>

namespace gradus {

struct RunDescription {
  std::string file;  // the model text, as it was named
  std::string only;  // the train block, if it was named
  std::string data;  // NPZ file
  std::string precision;
  std::string checkpoint;             // behind which the run began
  std::string initialize;             // where initial values came from
  std::vector<std::string> settings;  // name=value
};

void write_run_description(const std::string& folder, const RunDescription& run);
// A folder without one is an environment error, a malformed one a program error.
RunDescription read_run_description(const std::string& folder);

}  // namespace gradus
