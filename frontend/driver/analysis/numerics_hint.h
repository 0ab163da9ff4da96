// What helps against a value that is not finite.
#pragma once

#include <string>
#include <vector>

#include "frontend/driver/analysis/number_range.h"
#include "ir/op.h"

namespace gradus {

// `op` made the value from operands with these ranges; `forward` is the op that it differentiates, if
// any.
std::string numerics_hint(OpId op, const Op* forward, const std::vector<NumberRange>& operands);

}  // namespace gradus
