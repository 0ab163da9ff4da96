#include "runtime/data/idx.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "ir/error.h"
#include "runtime/data/combine.h"
#include "runtime/data/gzip.h"

namespace gradus {

namespace {

struct Kind {
  unsigned code;
  size_t bytes;
  ElementType element;
};
constexpr Kind kinds[] = {
    {0x08, 1, ElementType::u8},  {0x09, 1, ElementType::i8},  {0x0b, 2, ElementType::i32},
    {0x0c, 4, ElementType::i32}, {0x0d, 4, ElementType::f32}, {0x0e, 8, ElementType::f64},
};

template <class T>
T load_big_endian(ByteView bytes, size_t offset) {
  T value = 0;
  for (size_t i = 0; i < sizeof(T); ++i)
    value = static_cast<T>(static_cast<T>(value << 8) | static_cast<T>(bytes[offset + i]));
  return value;
}

template <class T, class Bits, class Stored = T>
void copy_numbers(ByteView bytes, Tensor& to) {
  const auto values = to.values<T>();
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<T>(std::bit_cast<Stored>(load_big_endian<Bits>(bytes, i * sizeof(Bits))));
}

void copy_elements(ByteView bytes, const Kind& kind, Tensor& to) {
  switch (kind.code) {
    case 0x0b:
      return copy_numbers<int32_t, uint16_t, int16_t>(bytes, to);
    case 0x0c:
      return copy_numbers<int32_t, uint32_t>(bytes, to);
    case 0x0d:
      return copy_numbers<float, uint32_t>(bytes, to);
    case 0x0e:
      return copy_numbers<double, uint64_t>(bytes, to);
    default:
      std::copy(bytes.begin(), bytes.end(), static_cast<std::byte*>(to.data()));
  }
}

const Kind& kind_of(unsigned code, const std::string& name) {
  for (const Kind& kind : kinds)
    if (kind.code == code) return kind;
  fail_program(fmt::format("{}: the IDX element type 0x{:02x} is not known", name, code), {},
               "known are 0x08 u8, 0x09 i8, 0x0b i16, 0x0c i32, 0x0d f32, 0x0e f64");
}

Tensor pixels(const Tensor& bytes) {
  Shape shape = bytes.shape();
  if (shape.size() == 3) shape.push_back(1);
  Tensor image(Type(ElementType::f32, std::move(shape)));
  const auto from = bytes.values<uint8_t>();
  const auto to = image.values<float>();
  for (size_t i = 0; i < from.size(); ++i) to[i] = static_cast<float>(from[i]) / 255.0f;
  return image;
}

// The first rows, as many as are asked for.
void keep_first(Column& column, int64_t count) {
  if (count >= row_count(column.values)) return;
  std::vector<int64_t> rows(static_cast<size_t>(count));
  for (size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<int64_t>(i);
  Type type = column.values.type();
  type.shape.front() = count;
  Tensor kept(type);
  gather_rows(column.values, rows, kept);
  column.values = std::move(kept);
}

DataSet mnist_part(const std::string& name, const std::string& folder, const std::string& part,
                   std::optional<int64_t> limit) {
  Column image = idx_column("image", folder + "/" + part + "-images-idx3-ubyte");
  Column label = idx_column("label", folder + "/" + part + "-labels-idx1-ubyte");
  if (image.values.shape().size() != 4)
    fail_program(
        fmt::format("{}: the images of {} are {}, not images", folder, part, to_string(image.values.type())));
  if (label.values.shape().size() != 1 || label.values.element() != ElementType::i32)
    fail_program(fmt::format("{}: the labels of {} are {}, not one integer a row", folder, part,
                             to_string(label.values.type())));
  image.description = "grey pixels, 0 … 1";
  label.description = "the class, 0 … 9";
  if (limit) keep_first(image, *limit);
  if (limit) keep_first(label, *limit);
  std::vector<Column> columns;
  columns.push_back(std::move(image));
  columns.push_back(std::move(label));
  return make_data_set(name + " (" + part + ")", std::move(columns));
}

}  // namespace

Tensor parse_idx(ByteView file, const std::string& name) {
  if (file.size() < 4 || file[0] != std::byte{0} || file[1] != std::byte{0})
    fail_program(fmt::format("{}: not an IDX file: it does not begin with two zero bytes", name));
  const Kind& kind = kind_of(static_cast<unsigned>(file[2]), name);
  const auto axes = static_cast<size_t>(file[3]);
  if (axes == 0 || axes > 8) fail_program(fmt::format("{}: an IDX file of {} axes", name, axes));
  const size_t start = 4 + 4 * axes;
  if (file.size() < start) fail_program(fmt::format("{}: the IDX file ends within its header", name));
  Shape shape;
  for (size_t i = 0; i < axes; ++i) shape.push_back(load_big_endian<uint32_t>(file, 4 + 4 * i));
  const std::optional<int64_t> count = checked_element_count(shape);
  const uint64_t available = file.size() - start;
  if (!count || static_cast<uint64_t>(*count) != available / kind.bytes || available % kind.bytes != 0)
    fail_program(fmt::format("{}: the IDX header says {} elements of {} bytes, but {} bytes follow", name,
                             to_string(shape), kind.bytes, available),
                 {}, "is the file truncated?");
  Tensor tensor(Type(kind.element, std::move(shape)));
  copy_elements(file.subspan(start), kind, tensor);
  return tensor;
}

Column idx_column(const std::string& name, const std::string& path) {
  Column column{name, ColumnRole::feature, "", parse_idx(read_plain_or_gzip(path), path)};
  const size_t axes = column.values.shape().size();
  if (axes == 1 && !is_float(column.values.element())) {
    column.role = ColumnRole::target;
    column.values = converted(column.values, ElementType::i32, path);
  } else if ((axes == 3 || axes == 4) && column.values.element() == ElementType::u8) {
    column.values = pixels(column.values);
  }
  return column;
}

DataSet mnist_data_set(const std::string& name, const std::string& folder, std::optional<int64_t> limit) {
  DataSet training = mnist_part(name, folder, "train", limit);
  DataSet data = with_test_part(std::move(training), mnist_part(name, folder, "t10k", std::nullopt));
  data.name = name;
  return data;
}

}  // namespace gradus
