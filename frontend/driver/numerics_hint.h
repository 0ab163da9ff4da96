// What helps against a value that is not finite.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "frontend/driver/number_range.h"

namespace gradus {

// `op` made the value from operands with these ranges; `forward`, if not empty, is the op that it
// differentiates.
std::string numerics_hint(std::string_view op, std::string_view forward,
                          const std::vector<NumberRange>& operands);

}  // namespace gradus
