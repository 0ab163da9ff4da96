#include "ir/loop/reach.h"

#include <algorithm>

namespace gradus::loop {

namespace {

constexpr int64_t farthest = int64_t{1} << 48;

bool is_empty(const Buffer& buffer) {
  return std::find(buffer.shape.begin(), buffer.shape.end(), 0) != buffer.shape.end();
}

}  // namespace

bool is_addressable(const Buffer& buffer) {
  if (!checked_element_count(buffer.shape) || buffer.strides.size() != buffer.shape.size()) return false;
  if (is_empty(buffer)) return true;
  int64_t distance = 0;
  for (size_t axis = 0; axis < buffer.shape.size(); ++axis) {
    int64_t step = 0;
    if (__builtin_mul_overflow(buffer.shape[axis] - 1, buffer.strides[axis], &step)) return false;
    if (step < -farthest || step > farthest) return false;
    distance += std::max(step, -step);
    if (distance > farthest) return false;
  }
  return true;
}

std::optional<Reach> reach(const Buffer& buffer) {
  if (is_empty(buffer)) return std::nullopt;
  Reach result;
  for (size_t axis = 0; axis < buffer.shape.size(); ++axis) {
    const int64_t last = (buffer.shape[axis] - 1) * buffer.strides[axis];
    (last < 0 ? result.low : result.high) += last;
  }
  return result;
}

}  // namespace gradus::loop
