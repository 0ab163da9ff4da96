// The check that gather, scatter_add and one_hot share: which index is the first out of range.
#pragma once

#include <cstdint>

#include "ir/op.h"

namespace gradus::ops {

inline AttributeSpec check_attribute() {
  return {"check", "Number of the check in the step's status; adjoints, which check nothing new, have none.",
          int64_t{0}, false};
}

struct FirstBad {
  int64_t first = -1;

  // Whether 0 <= id < size; remembers the first position where not.
  bool check(int64_t position, int64_t id, int64_t size) {
    const bool good = id >= 0 && id < size;
    if (!good && first < 0) first = position;
    return good;
  }
};

}  // namespace gradus::ops
