// Texts of unlike lengths as rows of ids of one length.
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/data/text_file.h"
#include "runtime/tensor.h"

namespace gradus {

// Before rows are padded: a long one makes all of them long. `width`: ids a row, of all columns; `limited`:
// the program says how many.
void require_padded(const TextFile& file, size_t rows, int64_t width, bool limited);

// i32 [rows, width]: padded with 0; what is longer is cut.
Tensor padded(const std::vector<std::vector<int32_t>>& rows, int64_t width);

// At least 1.
template <class Rows>
int64_t longest(const Rows& rows) {
  size_t most = 1;
  for (const auto& row : rows)
    if (row.size() > most) most = row.size();
  return static_cast<int64_t>(most);
}

}  // namespace gradus
