// Where what an element is made of lies in the operands, as data: evaluation, analyses and lowering read the
// same maps.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "ir/type.h"

namespace gradus {

class Attributes;

// The index along one axis of the operand: (start + step · (the result's index along `along`)) / divisor.
struct AxisAccess {
  std::optional<size_t> along;  // none: always at `start`
  int64_t start = 0;
  int64_t step = 1;
  int64_t divisor = 1;    // where it does not divide the sum, nothing is read
  bool computed = false;  // a number that an operand holds is added
  bool guarded = false;   // nothing is read where the index lies outside of the operand
};

struct AccessMap {
  // The element at the same position in row-major order, whatever the shapes; `axes` says nothing then.
  bool same_position = false;
  std::vector<AxisAccess> axes;  // per axis of the operand
};

// How a node reads its operands.
struct NodeAccess {
  std::vector<AccessMap> operands = {};
  // What else an element depends on: its own index along these axes of the result, its position in row-major
  // order.
  std::vector<size_t> counts = {};
  bool counts_position = false;
};

// Of a view: from the attributes and the operand's shape.
using View = AccessMap (*)(const Attributes&, const Shape& from);

// The position in the operand, in elements: start + Σ strides[axis] · (the result's index along it).
struct FlatAccess {
  int64_t start = 0;
  std::vector<int64_t> strides;  // per axis of the result
};
// Each axis at the index of the same axis.
AccessMap same_index(size_t rank);

FlatAccess flat_access(const AccessMap& map, const Shape& from, const Shape& to);

}  // namespace gradus
