#include "ir/ops/check.h"

#include <fmt/format.h>

namespace gradus::ops {

void shape_error(const OpUse& use, const std::string& message, std::string hint) {
  throw ShapeError(fmt::format("{}: {}", use.op.name, message), std::move(hint));
}

std::string operand_types(const OpUse& use) {
  std::string text;
  for (size_t i = 0; i < use.operands.size(); ++i) {
    if (i) text += i + 1 == use.operands.size() ? " and " : ", ";
    text += to_string(use.operands[i]);
  }
  return text;
}

void check_numeric(const OpUse& use, size_t operand) {
  if (use.operands[operand].element == ElementType::boolean)
    shape_error(use,
                fmt::format("operand {} is {}, expected numbers", operand, to_string(use.operands[operand])),
                "convert it with cast");
}

void check_same_element(const OpUse& use, size_t first, size_t second) {
  const Type &a = use.operands[first], &b = use.operands[second];
  if (a.element != b.element)
    shape_error(use, fmt::format("element types differ: {} and {}", to_string(a), to_string(b)),
                "convert one with cast");
}

void check_axis(const OpUse& use, const std::string& attribute, int64_t axis, const Shape& shape) {
  if (axis >= 0 && axis < static_cast<int64_t>(shape.size())) return;
  shape_error(
      use,
      fmt::format("{} {} is out of range: shape {} has {} axes", attribute, axis, to_string(shape),
                  shape.size()),
      shape.empty() ? "a scalar has no axes" : fmt::format("axes count from 0 to {}", shape.size() - 1));
}

void check_axes(const OpUse& use, const std::string& attribute, const std::vector<int64_t>& axes,
                const Shape& shape) {
  for (size_t i = 0; i < axes.size(); ++i) {
    check_axis(use, attribute, axes[i], shape);
    if (i && axes[i] <= axes[i - 1])
      shape_error(use, fmt::format("{} {} is not ascending", attribute, to_string(axes)),
                  "list every axis once, in ascending order");
  }
}

void check_length(const OpUse& use, const std::string& attribute, size_t found, const Shape& shape) {
  if (found == shape.size()) return;
  shape_error(use,
              fmt::format("{} has {} entries, but shape {} has {} axes", attribute, found, to_string(shape),
                          shape.size()),
              "give one entry per axis");
}

void check_shape(const OpUse& use, const Shape& shape) {
  for (int64_t extent : shape)
    if (extent < 0) shape_error(use, fmt::format("shape {} has a negative extent", to_string(shape)));
  if (!checked_element_count(shape))
    shape_error(use, fmt::format("shape {} is too large", to_string(shape)), "the limit is 2^48 bytes");
}

void check_float(const OpUse& use, size_t operand) {
  if (!is_float(use.operands[operand].element))
    shape_error(
        use,
        fmt::format("operand {} is {}, expected a float type", operand, to_string(use.operands[operand])),
        "convert it with cast");
}

void check_integer(const OpUse& use, size_t operand) {
  if (!is_integer(use.operands[operand].element))
    shape_error(
        use,
        fmt::format("operand {} is {}, expected an integer type", operand, to_string(use.operands[operand])),
        "convert it with cast");
}

void check_bool(const OpUse& use, size_t operand) {
  if (use.operands[operand].element != ElementType::boolean)
    shape_error(use,
                fmt::format("operand {} is {}, expected bool", operand, to_string(use.operands[operand])),
                "make it with a comparison");
}

void check_same_types(const OpUse& use, size_t first) {
  for (size_t i = first + 1; i < use.operands.size(); ++i) {
    const Type &a = use.operands[first], &b = use.operands[i];
    if (a.element != b.element)
      shape_error(use, fmt::format("element types differ: {}", operand_types(use)), "convert one with cast");
    if (a.shape != b.shape) {
      std::string hint = "nothing broadcasts by itself: use broadcast";
      if (a.shape.size() == b.shape.size())
        for (size_t axis = a.shape.size(); axis-- > 0;)
          if (a.shape[axis] != b.shape[axis])
            hint = fmt::format("axis {} has {} and {} elements", axis, a.shape[axis], b.shape[axis]);
      shape_error(use, fmt::format("shapes differ: {}", operand_types(use)), hint);
    }
  }
}

}  // namespace gradus::ops
