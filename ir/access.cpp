#include "ir/access.h"

namespace gradus {

AccessMap same_index(size_t rank) {
  AccessMap map;
  for (size_t axis = 0; axis < rank; ++axis) map.axes.push_back({.along = axis});
  return map;
}

FlatAccess flat_access(const AccessMap& map, const Shape& from, const Shape& to) {
  if (map.same_position) return {0, row_major_strides(to)};
  const std::vector<int64_t> strides = row_major_strides(from);
  FlatAccess flat{0, std::vector<int64_t>(to.size(), 0)};
  for (size_t axis = 0; axis < map.axes.size(); ++axis) {
    const AxisAccess& access = map.axes[axis];
    flat.start += access.start * strides[axis];
    // A step that is never taken may be as long as it likes.
    if (access.along && to[*access.along] > 1) flat.strides[*access.along] += access.step * strides[axis];
  }
  return flat;
}

}  // namespace gradus
