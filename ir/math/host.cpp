#include "ir/math/host.h"

#include <vector>

#include "ir/math/functions.h"
#include "ir/math/host_number.h"

namespace gradus::math {
namespace {

template <class T>
double apply_as(loop::ScalarOp op, std::span<const double> operands) {
  std::vector<HostNumber<T>> numbers;
  for (const double operand : operands) numbers.push_back({static_cast<T>(operand)});
  return static_cast<double>(apply<HostNumber<T>>(op, numbers).value);
}

}  // namespace

double apply(loop::ScalarOp op, ElementType type, std::span<const double> operands) {
  if (type == ElementType::f32) return apply_as<float>(op, operands);
  if (type == ElementType::f64) return apply_as<double>(op, operands);
  fail_internal("mathematics is defined in f32 and f64, not in " + std::string(name(type)));
}

}  // namespace gradus::math
