// Judging the expectations of a lesson.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "ir/shown_text.h"

#include "frontend/language/elaborate.h"

namespace gradus::language {

namespace {

using Comparison = Expectation::Comparison;

bool holds(const Expectation& expectation, double left, double right, double tolerance, double bound) {
  const double scale = std::max(1.0, std::abs(right));
  const double allowed = expectation.absolute ? tolerance * (1 + 1e-9) : tolerance * scale;
  const double rounding =
      expectation.rounding > 0 ? std::max(expectation.rounding * std::abs(right), bound) : 0;
  const bool near = left == right || std::abs(left - right) <= std::max(allowed, rounding);
  switch (expectation.comparison) {
    case Comparison::truth:
      return left != 0;
    case Comparison::equal:
      return near;
    case Comparison::not_equal:
      return !near;
    case Comparison::less:
      return left < right;
    case Comparison::less_equal:
      return left <= right || near;
    case Comparison::greater:
      return left > right;
    case Comparison::greater_equal:
      return left >= right || near;
  }
  return false;
}

}  // namespace

Outcome judge(const Expectation& expectation, std::span<const double> left, std::span<const double> right,
              std::span<const double> bounds) {
  for (size_t i = 0; i < left.size(); ++i) {
    const double expected = right.empty() ? 1 : right[right.size() == 1 ? 0 : i];
    double tolerance = 0;
    if (!expectation.tolerance.empty())
      tolerance = expectation.tolerance[expectation.tolerance.size() == 1 ? 0 : i];
    if (holds(expectation, left[i], expected, tolerance, i < bounds.size() ? bounds[i] : 0)) continue;
    const std::string element = left.size() == 1 ? "" : fmt::format(" (element {})", i);
    if (expectation.comparison == Comparison::truth) return {false, fmt::format("it is false{}", element)};
    std::string message = fmt::format("found {:.17g}, expected {:.17g}{}", unsigned_nan(left[i]),
                                      unsigned_nan(expected), element);
    if (expectation.comparison == Comparison::equal)
      message += fmt::format(", off by {:.3g}", std::abs(left[i] - expected));
    return {false, message};
  }
  return {true, ""};
}

}  // namespace gradus::language
