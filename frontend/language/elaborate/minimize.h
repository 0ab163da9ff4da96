// A `minimize` line while it runs; its optimizer's state and step belong to the line, however often it runs.
#pragma once

#include <string>
#include <vector>

#include "frontend/language/elaborate/elaborator.h"

namespace gradus::language {

struct Line {
  SourceSpan span;
  std::vector<std::string> stage_paths;  // adam_1, or what `as` says
  std::string path;                      // of the stage that runs
  Value loss;                            // at the values that the parameters had when the line began
  std::vector<Storage*> parameters;
  std::vector<size_t> before;    // versions of each when the line began
  std::vector<Value> gradients;  // what the next stage sees
  Storage* parameter = nullptr;  // whose body runs
  Storage* step = nullptr;       // null until something reads it
  Value step_now;
};

}  // namespace gradus::language
