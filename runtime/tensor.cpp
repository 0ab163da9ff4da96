#include "runtime/tensor.h"

#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <string_view>

namespace gradus {

namespace {

int64_t checked_bytes(const Type& type) {
  if (!checked_element_count(type.shape))
    fail_program(fmt::format("{} is too large", to_string(type)), {}, "a value has at most 2^48 bytes");
  return size_in_bytes(type);
}

// Calls `use` with a null pointer of the C++ type that stores `element`.
template <class F>
auto visit_element(ElementType element, std::string_view what, F use) {
  switch (element) {
    case ElementType::f32:
      return use(static_cast<float*>(nullptr));
    case ElementType::f64:
      return use(static_cast<double*>(nullptr));
    case ElementType::i64:
      return use(static_cast<int64_t*>(nullptr));
    case ElementType::i32:
      return use(static_cast<int32_t*>(nullptr));
    case ElementType::i8:
      return use(static_cast<int8_t*>(nullptr));
    case ElementType::u8:
      return use(static_cast<uint8_t*>(nullptr));
    case ElementType::boolean:
      return use(static_cast<bool*>(nullptr));
    case ElementType::bf16:
    case ElementType::f16:
      break;
  }
  fail_program(fmt::format("{}: element type {} is not available here", what, name(element)), {},
               "available are f32, f64, i64, i32, i8, u8 and bool");
}

// Whether `to` holds the value exactly (floats: to rounding, which keeps finite numbers finite).
template <class To, class From>
bool holds(From value) {
  if constexpr (std::is_floating_point_v<To>) {
    return std::isfinite(static_cast<To>(value)) || !std::isfinite(static_cast<double>(value));
  } else if constexpr (std::is_floating_point_v<From>) {
    if (!(value == std::trunc(value))) return false;
    // 2^63 is a double, the largest i64 is not: compare against the power of two.
    const double limit = std::ldexp(1.0, std::numeric_limits<To>::digits);
    return value < limit && value >= (std::is_signed_v<To> ? -limit : 0.0);
  } else {
    return static_cast<int64_t>(value) >= static_cast<int64_t>(std::numeric_limits<To>::min()) &&
           static_cast<int64_t>(value) <= static_cast<int64_t>(std::numeric_limits<To>::max());
  }
}

template <class From, class To>
void convert_values(std::span<const From> from, std::span<To> to, const std::string& what) {
  for (size_t i = 0; i < from.size(); ++i) {
    if (!holds<To>(from[i]))
      fail_program(fmt::format("{}: element {} is {}, which {} cannot hold", what, i, from[i],
                               name(element_type_of<To>())));
    to[i] = static_cast<To>(from[i]);
  }
}

}  // namespace

Tensor::Tensor(Type type) : type_(std::move(type)), memory_(checked_bytes(type_)) {}

void Tensor::check_element(ElementType asked) const {
  if (asked != type_.element)
    fail_internal(fmt::format("tensor of {} read as {}", to_string(type_), name(asked)));
}

double Tensor::number(int64_t index) const {
  if (index < 0 || index >= size()) fail_internal("tensor index out of range");
  return visit_element(element(), "a value", [&]<class T>(T*) {
    return static_cast<double>(values<T>()[static_cast<size_t>(index)]);
  });
}

Tensor Tensor::reshaped(Shape shape) && {
  if (checked_element_count(shape) != size()) fail_internal("reshaped: sizes differ");
  Tensor result = std::move(*this);
  result.type_.shape = std::move(shape);
  return result;
}

bool same_bits(const Tensor& a, const Tensor& b) {
  return a.type() == b.type() && std::memcmp(a.data(), b.data(), static_cast<size_t>(a.bytes())) == 0;
}

int64_t row_count(const Tensor& tensor) { return tensor.shape().empty() ? 0 : tensor.shape().front(); }

Shape row_shape(const Type& type) {
  if (type.shape.empty()) fail_internal("a scalar has no rows");
  return Shape(type.shape.begin() + 1, type.shape.end());
}

int64_t row_bytes(const Tensor& tensor) {
  return element_count(row_shape(tensor.type())) * size_in_bytes(tensor.element());
}

void gather_rows(const Tensor& source, std::span<const int64_t> rows, Tensor& target) {
  if (source.element() != target.element() || row_shape(source.type()) != row_shape(target.type()) ||
      row_count(target) != static_cast<int64_t>(rows.size()))
    fail_internal(fmt::format("gather_rows: {} rows of {} into {}", rows.size(), to_string(source.type()),
                              to_string(target.type())));
  const int64_t available = row_count(source);
  const size_t bytes = static_cast<size_t>(row_bytes(source));
  const auto* from = static_cast<const std::byte*>(source.data());
  auto* to = static_cast<std::byte*>(target.data());
  for (int64_t row : rows) {
    if (row < 0 || row >= available) fail_internal(fmt::format("gather_rows: row {} of {}", row, available));
    std::memcpy(to, from + static_cast<size_t>(row) * bytes, bytes);
    to += bytes;
  }
}

Tensor converted(const Tensor& source, ElementType to, const std::string& what) {
  if (source.element() == to) return source;
  Tensor result(Type(to, source.shape()));
  visit_element(source.element(), what, [&]<class From>(From*) {
    visit_element(to, what, [&]<class To>(To*) {
      convert_values<From, To>(source.values<From>(), result.values<To>(), what);
    });
  });
  return result;
}

}  // namespace gradus
