// Panels: how an operand of a contraction lies when its columns stand side by side in groups of a tile's
// width, each group with all of its terms. `f32[K,N] layout [1,0] tiled [1,48]` is panels of 48 columns.
#pragma once

#include <optional>
#include <vector>

#include "ir/type.h"

namespace gradus {

// Of a value that is tiled along one axis alone, and not padded.
struct PanelStrides {
  size_t axis = 0;               // of the columns
  int64_t width = 1;             // columns of a panel
  int64_t step = 0;              // elements from a panel to the next
  std::vector<int64_t> strides;  // per axis, in elements; 1 for the columns of one panel
};
std::optional<PanelStrides> panel_strides(const Type& type);

// The layout with the axes in `order`, slowest first, tiled along one of them.
Layout panel_layout(std::vector<int64_t> order, size_t axis, int64_t width);

}  // namespace gradus
