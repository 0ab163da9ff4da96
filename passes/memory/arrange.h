// Where pieces of memory lie so that those that are held at once do not overlap.
#pragma once

#include <cstdint>
#include <vector>

#include "passes/memory/demand.h"

namespace gradus {

struct Arrangement {
  std::vector<int64_t> offsets;  // of each piece
  int64_t bytes = 0;             // of all together
};

// Pieces by their first step. The smallest of a few arrangements; `peak` is the least there can be.
Arrangement arrange(const std::vector<Piece>& pieces);

}  // namespace gradus
