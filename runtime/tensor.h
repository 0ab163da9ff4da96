// A value in memory: type and an owned, 64-byte aligned buffer. Copies are deep, moves are cheap.
#pragma once

#include <span>
#include <type_traits>
#include <vector>

#include "ir/error.h"
#include "ir/type.h"
#include "runtime/memory.h"

namespace gradus {

// The element type of a C++ type; bool is stored as one byte, 0 or 1.
template <class T>
constexpr ElementType element_type_of() {
  if constexpr (std::is_same_v<T, float>) return ElementType::f32;
  if constexpr (std::is_same_v<T, double>) return ElementType::f64;
  if constexpr (std::is_same_v<T, int64_t>) return ElementType::i64;
  if constexpr (std::is_same_v<T, int32_t>) return ElementType::i32;
  if constexpr (std::is_same_v<T, int8_t>) return ElementType::i8;
  if constexpr (std::is_same_v<T, uint8_t>) return ElementType::u8;
  if constexpr (std::is_same_v<T, bool>) return ElementType::boolean;
}

class Tensor {
 public:
  Tensor() : Tensor(Type{}) {}
  // Zeros. Throws a program error when the size overflows.
  explicit Tensor(Type type);
  // T is deduced from the values: Tensor(Shape{2, 2}, std::vector<float>{…}).
  template <class T>
  Tensor(Shape shape, const std::vector<T>& values) : Tensor(Type(element_type_of<T>(), std::move(shape))) {
    if (static_cast<int64_t>(values.size()) != size())
      fail_internal("tensor: number of values and shape differ");
    T* target = static_cast<T*>(data());
    for (size_t i = 0; i < values.size(); ++i) target[i] = values[i];
  }
  template <class T>
  static Tensor scalar(T value) {
    return Tensor(Shape{}, std::vector<T>{value});
  }

  const Type& type() const { return type_; }
  const Shape& shape() const { return type_.shape; }
  ElementType element() const { return type_.element; }
  int64_t size() const { return element_count(type_.shape); }
  int64_t bytes() const { return memory_.size(); }

  void* data() { return memory_.data(); }
  const void* data() const { return memory_.data(); }

  template <class T>
  std::span<T> values() {
    check_element(element_type_of<T>());
    return {static_cast<T*>(data()), static_cast<size_t>(size())};
  }
  template <class T>
  std::span<const T> values() const {
    check_element(element_type_of<T>());
    return {static_cast<const T*>(data()), static_cast<size_t>(size())};
  }

  // One element of any type but f16 and bf16, for code where speed does not matter.
  double number(int64_t index) const;

  // The same elements in another shape of equal size.
  Tensor reshaped(Shape shape) &&;

 private:
  void check_element(ElementType asked) const;

  Type type_;
  AlignedMemory memory_;
};

struct NamedTensor {
  std::string name;
  Tensor value;
};

// True when types and all bits agree (NaNs of equal bits do, 0 and -0 do not).
bool same_bits(const Tensor& a, const Tensor& b);

// Rows are slices along the leading axis.
int64_t row_count(const Tensor& tensor);  // 0 for a scalar
Shape row_shape(const Type& type);        // without the leading axis
int64_t row_bytes(const Tensor& tensor);

// target row i := source row rows[i]. Types agree but for the leading extents; rows are in range.
void gather_rows(const Tensor& source, std::span<const int64_t> rows, Tensor& target);

// Converts between element types. Floats round; a number that an integer or bool type cannot hold exactly, or
// that a float type could only make infinite, is a program error, which calls the tensor `what`.
Tensor converted(const Tensor& source, ElementType to, const std::string& what);

}  // namespace gradus
