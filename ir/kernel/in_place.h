// Which operand a kernel may overwrite while it runs.
#pragma once

#include <cstdint>

#include "ir/graph.h"

namespace gradus {

// Whether the result of the kernel may lie in the memory of the operand: an element of the operand is read
// only where the result's element at the same position is about to be stored, and by nothing later. This
// follows from the body and the schedule. `operand` is a value of the kernel's graph; of the same type as
// the result, row-major.
bool may_overwrite(const Node& kernel, uint32_t result, Value operand);

}  // namespace gradus
