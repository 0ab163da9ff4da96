// The numbers at which element types end, and those around them.
#pragma once

#include <cstdint>
#include <vector>

#include "ir/evaluate/evaluate.h"

namespace gradus::testing {

inline constexpr ElementType all_element_types[] = {ElementType::f32, ElementType::f64, ElementType::bf16,
                                                    ElementType::f16, ElementType::i64, ElementType::i32,
                                                    ElementType::i8,  ElementType::u8,  ElementType::boolean};

// 0, -0, ±1, halves, the smallest and largest of each kind and what lies beside them, infinities and NaN.
std::vector<double> float_limits(ElementType element);
// 0, 1, -1, small ones, the ends of this and of the shorter types and what lies beside them; bool: 0 and 1.
std::vector<int64_t> integer_limits(ElementType element);
// The limits as an array of one axis.
evaluate::Array<double> limits(ElementType element);

// Every element of an array of the given shape is one of the limits.
evaluate::Array<double> drawn_from_limits(const Type& type, uint64_t seed);

// Equal integers; equal floats with their sign of zero, all NaNs being equal.
bool same_element(const evaluate::Array<double>& a, const evaluate::Array<double>& b, size_t i);
// `-0`, `nan`, `0x1.8p-3 (0.1875)`, `-128`
std::string show_element(const evaluate::Array<double>& array, size_t i);

}  // namespace gradus::testing
