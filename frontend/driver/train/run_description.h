// run.json in the folder of a run: what it was started with. The model text lies beside it, program.gradus,
// and what it imports, import-1.gradus, ….
#pragma once

#include <string>
#include <vector>

namespace gradus {

// A file of the model text, under the name that it had.
struct RunSource {
  std::string path;
  std::string text;
};

struct RunDescription {
  std::string file;  // the model text, as it was named
  std::string only;  // the train block, if it was named
  std::string data;  // NPZ file
  std::string precision;
  std::string checkpoint;             // behind which the run began
  std::string initialize;             // where initial values came from
  std::vector<std::string> settings;  // name=value
  std::vector<RunSource> sources;     // the model text, and what it imports
};

void write_run_description(const std::string& folder, const RunDescription& run);
// A folder without one is an environment error, a malformed one a program error. Without the sources.
RunDescription read_run_description(const std::string& folder);
// None of a run of an earlier release.
std::vector<RunSource> read_run_sources(const std::string& folder);
bool is_run_folder(const std::string& path);
// The models of a run and what says how it went, so that nobody takes them for another's; other files stay.
void remove_run(const std::string& folder);

}  // namespace gradus
