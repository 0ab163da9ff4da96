// How windows lie along one axis: what convolution and pooling share.
#pragma once

#include <cstdint>
#include <string>

#include "ir/op.h"

namespace gradus::ops {

struct WindowAxis {
  int64_t extent = 0;
  int64_t window = 1;
  int64_t stride = 1;
  int64_t low = 0;   // padding before the first element
  int64_t high = 0;  // padding after the last
  int64_t dilation = 1;
};

// Number of positions: floor((extent + low + high - (window - 1) * dilation - 1) / stride) + 1. A window that
// does not fit entirely is dropped. Fails where none fits, and for numbers so large that index arithmetic
// could overflow.
int64_t window_positions(const OpUse& use, const WindowAxis& axis, const std::string& where);

}  // namespace gradus::ops
