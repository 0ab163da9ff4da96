// Element types, shapes and physical layouts: what a value is and how it lies in memory.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gradus {

enum class ElementType : uint8_t { f32, f64, bf16, f16, i64, i32, i8, u8, boolean };

// Name in texts: "f32" … "u8", "bool".
std::string_view name(ElementType type);
std::optional<ElementType> element_type_named(std::string_view name);
int64_t size_in_bytes(ElementType type);
bool is_float(ElementType type);
bool is_integer(ElementType type);  // not bool

// Extents, outermost axis first. A scalar has none.
using Shape = std::vector<int64_t>;

// How a value lies in memory. The default (everything empty) is dense row-major. Otherwise tiles follow each
// other, row-major over the axes in `order`, and in a tile its elements do, likewise. So f32[K,N] in
// "layout [1,0] tiled [1,48]" is panels of 48 columns, each of them K rows of 48.
struct Layout {
  std::vector<int64_t> order;    // axes from slowest to fastest
  std::vector<int64_t> tiling;   // tile extent per axis, 1 = none
  std::vector<int64_t> padding;  // extra elements at the end of each axis, which hold nothing

  bool is_default() const { return order.empty() && tiling.empty() && padding.empty(); }
  friend bool operator==(const Layout&, const Layout&) = default;
};

struct Type {
  ElementType element = ElementType::f32;
  Shape shape;
  Layout layout;

  Type() = default;
  Type(ElementType element, Shape shape = {}, Layout layout = {})
      : element(element), shape(std::move(shape)), layout(std::move(layout)) {}

  int64_t rank() const { return static_cast<int64_t>(shape.size()); }
  friend bool operator==(const Type&, const Type&) = default;
};

// Number of elements; nullopt when it, or the size in bytes, exceeds 2^48 or an extent is negative.
std::optional<int64_t> checked_element_count(const Shape& shape);
// The same for shapes that have been checked.
int64_t element_count(const Shape& shape);
// Elements that a value takes in memory: whole tiles, padding included. Nothing if they, or their bytes,
// exceed 2^48.
std::optional<int64_t> checked_stored_count(const Type& type);
int64_t stored_count(const Type& type);
int64_t size_in_bytes(const Type& type);  // of all that are stored

// Row-major strides in elements.
std::vector<int64_t> row_major_strides(const Shape& shape);

std::string to_string(const Shape& shape);  // "[64,10]"
std::string to_string(const Type& type);    // "f32[64,10]", with " layout [1,0]" where not the default

}  // namespace gradus
