// A convolution's attributes, read once: which axis is what, and the window's geometry.
#pragma once

#include <vector>

#include "ir/graph.h"

namespace gradus::lowering {

// Positions of the batch, feature and spatial axes in an operand.
struct AxisRoles {
  size_t batch = 0;
  size_t feature = 0;
  std::vector<size_t> axes;
};

struct Convolution {
  enum class Kind { forward, input_gradient, filter_gradient };

  Convolution(const Graph& body, const Node& node);

  Kind kind = Kind::forward;
  AxisRoles input;   // x or its gradient
  AxisRoles output;  // y or its gradient
  size_t filter_in = 0;
  size_t filter_out = 0;
  std::vector<size_t> filter_axes;
  std::vector<int64_t> stride, low, high, dilation;
  int64_t groups = 1;  // of channels
  Shape window;        // extents of the filter's spatial axes

  size_t spatial() const { return window.size(); }
};

}  // namespace gradus::lowering
