// Index arithmetic of evaluation rules over several operands.
#pragma once

#include <cstdint>
#include <type_traits>
#include <vector>

#include "ir/evaluate/rule.h"

namespace gradus::ops {

// Flat offset of every index over the given axes of a row-major array, the first listed axis slowest. No
// axes: {0}.
inline std::vector<size_t> offsets(const Shape& shape, const std::vector<int64_t>& axes) {
  const std::vector<int64_t> strides = row_major_strides(shape);
  std::vector<size_t> list = {0};
  for (const int64_t axis : axes) {
    std::vector<size_t> next;
    for (const size_t offset : list)
      for (int64_t i = 0; i < shape[static_cast<size_t>(axis)]; ++i)
        next.push_back(offset + static_cast<size_t>(i * strides[static_cast<size_t>(axis)]));
    list = std::move(next);
  }
  return list;
}

// sum += a * b; integers wrap.
template <class T>
void add_product(T& sum, const T& a, const T& b) {
  if constexpr (std::is_same_v<T, int64_t>)
    sum = static_cast<int64_t>(static_cast<uint64_t>(sum) +
                               static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
  else
    sum += a * b;
}

template <class T>
void add_to(T& sum, const T& a) {
  if constexpr (std::is_same_v<T, int64_t>)
    sum = static_cast<int64_t>(static_cast<uint64_t>(sum) + static_cast<uint64_t>(a));
  else
    sum += a;
}

// f(elements of the result, of the first, of the second operand); all hold floats or none does.
template <class T, class F>
void with_elements(evaluate::Array<T>& result, const evaluate::Array<T>& a, const evaluate::Array<T>& b,
                   F f) {
  if (result.holds_floats())
    f(result.floats, a.floats, b.floats);
  else
    f(result.integers, a.integers, b.integers);
}

}  // namespace gradus::ops
