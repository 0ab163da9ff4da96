// What compiled code that checks its indices tells its host.
#pragma once

#include <cstdint>
#include <vector>

#include "ir/error.h"

namespace gradus {

struct BoundsCheck {
  int64_t* found =
      nullptr;  // in the code's own memory: 0, or the number of a finding, from 1; null: no checks
  std::vector<Diagnostic> findings;  // what may be found, with its place
};

}  // namespace gradus
