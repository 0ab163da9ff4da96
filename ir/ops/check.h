// Checks that shape rules share. Messages name the op, quote the types found and say what was expected.
#pragma once

#include <string>

#include "ir/op.h"

namespace gradus::ops {

[[noreturn]] void shape_error(const OpUse& use, const std::string& message, std::string hint = {});

// "f32[2,3] and f32[4]"
std::string operand_types(const OpUse& use);

void check_numeric(const OpUse& use, size_t operand);  // not bool
void check_same_element(const OpUse& use, size_t first, size_t second);

// 0 ≤ axis < rank of the shape.
void check_axis(const OpUse& use, const std::string& attribute, int64_t axis, const Shape& shape);
// Ascending, each once, in range.
void check_axes(const OpUse& use, const std::string& attribute, const std::vector<int64_t>& axes,
                const Shape& shape);
// A list attribute with one entry per axis of the shape.
void check_length(const OpUse& use, const std::string& attribute, size_t found, const Shape& shape);
// Extents not negative, the size within limits.
void check_shape(const OpUse& use, const Shape& shape);
void check_float(const OpUse& use, size_t operand);
void check_integer(const OpUse& use, size_t operand);
void check_bool(const OpUse& use, size_t operand);
// Equal shapes and element types.
void check_same_types(const OpUse& use, size_t first = 0);

}  // namespace gradus::ops
