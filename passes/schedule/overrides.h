// Schedules that somebody wrote down for kernels by name (ir/kernel/name.h), in place of the chosen ones.
//
// One kernel a line, `#` begins a comment:
//   dot_5c1e22aa: tile 4x32 block 8
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "ir/error.h"

namespace gradus {

struct ScheduleOverride {
  std::string text;
  SourceSpan span;
  bool used = false;  // some kernel had the name
};
using ScheduleOverrides = std::map<std::string, ScheduleOverride>;

// Throws an error of the program with all lines that are none. What the schedules say is checked against
// their kernels.
ScheduleOverrides parse_overrides(std::string_view text, const std::string& file);

// A warning for each name that no kernel had, in the order of the lines.
std::vector<Diagnostic> unused_overrides(const ScheduleOverrides& overrides);

}  // namespace gradus
