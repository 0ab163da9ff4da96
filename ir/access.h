// Where an element of a view lies in its operand, as data: evaluation, analyses and lowering read the same
// map.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "ir/type.h"

namespace gradus {

class Attributes;

// The index along one axis of the operand: start + step · (the result's index along `along`).
struct AxisAccess {
  std::optional<size_t> along;  // none: always at `start`
  int64_t start = 0;
  int64_t step = 1;
};

struct AccessMap {
  // The element at the same position in row-major order, whatever the shapes; `axes` says nothing then.
  bool same_position = false;
  std::vector<AxisAccess> axes;  // per axis of the operand
};

// From the attributes and the operand's shape.
using View = AccessMap (*)(const Attributes&, const Shape& from);

// The position in the operand, in elements: start + Σ strides[axis] · (the result's index along it).
struct FlatAccess {
  int64_t start = 0;
  std::vector<int64_t> strides;  // per axis of the result
};
FlatAccess flat_access(const AccessMap& map, const Shape& from, const Shape& to);

}  // namespace gradus
