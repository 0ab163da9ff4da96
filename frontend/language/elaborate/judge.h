// Judging expectations on computed values of any element type.
#pragma once

#include <span>
#include <variant>

#include "frontend/language/elaborate.h"

namespace gradus::language {

using Number = std::variant<double, int64_t>;  // integers are exact

// As the judge of frontend/language/elaborate.h, whose numbers are doubles.
Outcome judge(const Expectation& expectation, std::span<const Number> left, std::span<const Number> right,
              std::span<const double> bounds = {});

}  // namespace gradus::language
