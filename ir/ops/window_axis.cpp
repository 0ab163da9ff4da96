#include "ir/ops/window_axis.h"

#include <fmt/format.h>

#include "ir/ops/check.h"

namespace gradus::ops {

namespace {

// As for element counts: sums of a few such numbers, and an index times a stride, stay far below 2^63.
constexpr int64_t largest = int64_t{1} << 45;

void check_range(const OpUse& use, int64_t value, int64_t least, const char* what, const std::string& where) {
  if (value < least || value > largest)
    shape_error(use, fmt::format("{} {} on {}: expected {} to 2^45", what, value, where, least));
}

}  // namespace

int64_t window_positions(const OpUse& use, const WindowAxis& axis, const std::string& where) {
  check_range(use, axis.extent, 1, "extent", where);
  check_range(use, axis.window, 1, "window", where);
  check_range(use, axis.stride, 1, "stride", where);
  check_range(use, axis.dilation, 1, "dilation", where);
  check_range(use, axis.low, 0, "low padding", where);
  check_range(use, axis.high, 0, "high padding", where);
  const int64_t padded = axis.extent + axis.low + axis.high;
  if (axis.window - 1 > (padded - 1) / axis.dilation)
    shape_error(
        use,
        fmt::format("the window is larger than its input on {}: {} taps with dilation {} over {} elements "
                    "padded by {} and {}",
                    where, axis.window, axis.dilation, axis.extent, axis.low, axis.high),
        "use a smaller window, or more padding");
  return (padded - 1 - (axis.window - 1) * axis.dilation) / axis.stride + 1;
}

}  // namespace gradus::ops
