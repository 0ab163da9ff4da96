#include "ir/type.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <cassert>

namespace gradus {

namespace {

struct ElementTypeRecord {
  ElementType type;
  std::string_view name;
  int64_t bytes;
};

constexpr std::array<ElementTypeRecord, 9> records = {{
    {ElementType::f32, "f32", 4},
    {ElementType::f64, "f64", 8},
    {ElementType::bf16, "bf16", 2},
    {ElementType::f16, "f16", 2},
    {ElementType::i64, "i64", 8},
    {ElementType::i32, "i32", 4},
    {ElementType::i8, "i8", 1},
    {ElementType::u8, "u8", 1},
    {ElementType::boolean, "bool", 1},
}};

}  // namespace

std::string_view name(ElementType type) { return records[static_cast<size_t>(type)].name; }

std::optional<ElementType> element_type_named(std::string_view name) {
  for (const auto& record : records)
    if (record.name == name) return record.type;
  return std::nullopt;
}

int64_t size_in_bytes(ElementType type) { return records[static_cast<size_t>(type)].bytes; }

bool is_float(ElementType type) { return type <= ElementType::f16; }

bool is_integer(ElementType type) { return type >= ElementType::i64 && type <= ElementType::u8; }

std::optional<int64_t> checked_element_count(const Shape& shape) {
  constexpr int64_t limit = int64_t{1} << 45;  // times at most 8 bytes stays within 2^48
  int64_t count = 1;
  bool empty = false;
  for (int64_t extent : shape) {
    if (extent < 0 || extent > limit) return std::nullopt;
    if (extent == 0) {
      empty = true;
      continue;
    }
    if (count > limit / extent) return std::nullopt;
    count *= extent;
  }
  return empty ? 0 : count;
}

int64_t element_count(const Shape& shape) {
  int64_t count = 1;
  for (int64_t extent : shape) count *= extent;
  return count;
}

std::optional<int64_t> checked_stored_count(const Type& type) {
  Shape stored = type.shape;
  for (size_t axis = 0; axis < stored.size(); ++axis) {
    const int64_t padding = type.layout.padding.empty() ? 0 : type.layout.padding[axis];
    const int64_t tile = type.layout.tiling.empty() ? 1 : type.layout.tiling[axis];
    if (__builtin_add_overflow(stored[axis], padding, &stored[axis])) return std::nullopt;
    const int64_t tiles = stored[axis] / tile + (stored[axis] % tile != 0);
    if (__builtin_mul_overflow(tiles, tile, &stored[axis])) return std::nullopt;
  }
  return checked_element_count(stored);
}

int64_t stored_count(const Type& type) {
  return type.layout.is_default() ? element_count(type.shape) : checked_stored_count(type).value();
}

int64_t size_in_bytes(const Type& type) { return stored_count(type) * size_in_bytes(type.element); }

std::vector<int64_t> row_major_strides(const Shape& shape) {
  std::vector<int64_t> strides(shape.size());
  int64_t stride = 1;
  for (size_t axis = shape.size(); axis-- > 0;) {
    strides[axis] = stride;
    stride *= shape[axis];
  }
  return strides;
}

std::string to_string(const Shape& shape) { return fmt::format("[{}]", fmt::join(shape, ",")); }

std::string to_string(const Type& type) {
  std::string out = fmt::format("{}{}", name(type.element), to_string(type.shape));
  if (type.layout.is_default()) return out;
  out += fmt::format(" layout [{}]", fmt::join(type.layout.order, ","));
  if (!type.layout.tiling.empty()) out += fmt::format(" tiled [{}]", fmt::join(type.layout.tiling, ","));
  if (!type.layout.padding.empty()) out += fmt::format(" padded [{}]", fmt::join(type.layout.padding, ","));
  return out;
}

}  // namespace gradus
