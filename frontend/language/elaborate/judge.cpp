// Judging the expectations of a lesson.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "frontend/language/elaborate/judge.h"
#include "ir/shown_text.h"

namespace gradus::language {

namespace {

using Comparison = Expectation::Comparison;

double to_double(const Number& number) {
  return std::visit([](auto x) { return static_cast<double>(x); }, number);
}

// Negative, 0 or positive as the first is less, equal or greater; NaN if they have no order.
double compare(const Number& left, const Number& right) {
  const auto *a = std::get_if<int64_t>(&left), *b = std::get_if<int64_t>(&right);
  if (a && b) return *a < *b ? -1 : *a > *b;
  const double x = to_double(left), y = to_double(right);
  return x == y ? 0 : x < y ? -1 : x > y ? 1 : std::nan("");
}

double distance(const Number& left, const Number& right) {
  const auto *a = std::get_if<int64_t>(&left), *b = std::get_if<int64_t>(&right);
  if (!a || !b) return std::abs(to_double(left) - to_double(right));
  const auto x = static_cast<uint64_t>(*a), y = static_cast<uint64_t>(*b);
  return static_cast<double>(*a < *b ? y - x : x - y);
}

bool holds(const Expectation& expectation, const Number& left, const Number& right, double tolerance,
           double bound) {
  const double size = std::abs(to_double(right));
  const double allowed = expectation.absolute ? tolerance * (1 + 1e-9) : tolerance * std::max(1.0, size);
  const double rounding = expectation.rounding > 0 ? std::max(expectation.rounding * size, bound) : 0;
  const double order = compare(left, right);
  const bool near = order == 0 || distance(left, right) <= std::max(allowed, rounding);
  switch (expectation.comparison) {
    case Comparison::truth:
      return to_double(left) != 0;
    case Comparison::equal:
      return near;
    case Comparison::not_equal:
      return !near;
    case Comparison::less:
      return order < 0;
    case Comparison::less_equal:
      return near || order < 0;
    case Comparison::greater:
      return order > 0;
    case Comparison::greater_equal:
      return near || order > 0;
  }
  return false;
}

std::string show(const Number& number) {
  if (const auto* integer = std::get_if<int64_t>(&number)) return fmt::format("{}", *integer);
  return fmt::format("{:.17g}", unsigned_nan(std::get<double>(number)));
}

}  // namespace

Outcome judge(const Expectation& expectation, std::span<const Number> left, std::span<const Number> right,
              std::span<const double> bounds) {
  for (size_t i = 0; i < left.size(); ++i) {
    const Number expected = right.empty() ? Number(1.0) : right[right.size() == 1 ? 0 : i];
    double tolerance = 0;
    if (!expectation.tolerance.empty())
      tolerance = expectation.tolerance[expectation.tolerance.size() == 1 ? 0 : i];
    if (holds(expectation, left[i], expected, tolerance, i < bounds.size() ? bounds[i] : 0)) continue;
    const std::string element = left.size() == 1 ? "" : fmt::format(" (element {})", i);
    if (expectation.comparison == Comparison::truth) return {false, fmt::format("it is false{}", element)};
    std::string message = fmt::format("found {}, expected {}{}", show(left[i]), show(expected), element);
    if (expectation.comparison == Comparison::equal)
      message += fmt::format(", off by {:.3g}", unsigned_nan(distance(left[i], expected)));
    return {false, message};
  }
  return {true, ""};
}

Outcome judge(const Expectation& expectation, std::span<const double> left, std::span<const double> right,
              std::span<const double> bounds) {
  const std::vector<Number> found(left.begin(), left.end()), expected(right.begin(), right.end());
  return judge(expectation, std::span<const Number>(found), std::span<const Number>(expected), bounds);
}

}  // namespace gradus::language
