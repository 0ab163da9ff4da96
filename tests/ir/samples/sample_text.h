// The graph text of most samples: one op, whose first result is the graph's.
#pragma once

#include <string>

namespace gradus::testing::samples {

inline std::string sample_text(const std::string& inputs, const std::string& line) {
  return "graph @sample (" + inputs + ") {\n  " + line + "\n  return %0\n}\n";
}

}  // namespace gradus::testing::samples
