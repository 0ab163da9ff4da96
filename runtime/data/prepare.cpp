// What is done to a data set before it is trained on.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "ir/error.h"
#include "runtime/data/batches.h"
#include "runtime/data/data_set.h"

namespace gradus {

namespace {

bool is_image(const Column& column) { return column.values.shape().size() == 4; }

template <class T>
void copy_into_padded(const Tensor& from, Tensor& to) {
  const Shape &small = from.shape(), &large = to.shape();
  const auto extent = [](const Shape& shape, size_t axis) { return static_cast<size_t>(shape[axis]); };
  const size_t top = (extent(large, 1) - extent(small, 1)) / 2,
               left = (extent(large, 2) - extent(small, 2)) / 2;
  const size_t run = extent(small, 2) * extent(small, 3);
  const auto source = from.values<T>();
  const auto target = to.values<T>();
  for (size_t n = 0; n < extent(small, 0); ++n)
    for (size_t h = 0; h < extent(small, 1); ++h) {
      const size_t at = ((n * extent(large, 1) + h + top) * extent(large, 2) + left) * extent(large, 3);
      std::copy_n(source.begin() + static_cast<std::ptrdiff_t>((n * extent(small, 1) + h) * run), run,
                  target.begin() + static_cast<std::ptrdiff_t>(at));
    }
}

struct Moments {
  double mean = 0;
  double deviation = 1;
};

// Over the elements first, first + stride, … of the given rows of `width` elements.
template <class T>
Moments moments(std::span<const T> values, std::span<const int64_t> rows, size_t width, size_t first,
                size_t stride) {
  const double count =
      static_cast<double>(rows.size()) * static_cast<double>((width - first + stride - 1) / stride);
  double sum = 0, squares = 0;
  for (int64_t row : rows)
    for (size_t i = first; i < width; i += stride)
      sum += static_cast<double>(values[static_cast<size_t>(row) * width + i]);
  const double mean = sum / count;
  for (int64_t row : rows)
    for (size_t i = first; i < width; i += stride) {
      const double distance = static_cast<double>(values[static_cast<size_t>(row) * width + i]) - mean;
      squares += distance * distance;
    }
  const double deviation = std::sqrt(squares / count);
  return {mean, deviation > 0 ? deviation : 1};
}

template <class T>
void standardize_column(Column& column, std::span<const int64_t> rows) {
  const auto values = column.values.values<T>();
  const size_t width = static_cast<size_t>(element_count(row_shape(column.values.type())));
  const size_t groups = is_image(column) ? 1 : width;
  for (size_t group = 0; group < groups; ++group) {
    const Moments found = moments<T>(values, rows, width, group, groups);
    for (size_t i = group; i < values.size(); i += groups)
      values[i] = static_cast<T>((static_cast<double>(values[i]) - found.mean) / found.deviation);
  }
}

// Takes round(fraction · all) of `shuffled`'s first rows, at least one, and leaves at least one.
std::vector<int64_t> take(std::vector<int64_t>& shuffled, double fraction, size_t all, const char* what) {
  if (fraction == 0) return {};
  if (!(fraction > 0 && fraction < 1))
    fail_program(fmt::format("split: {} is {}; it must be at least 0 and below 1", what, fraction));
  const auto count =
      std::max<size_t>(1, static_cast<size_t>(std::floor(fraction * static_cast<double>(all) + 0.5)));
  if (count >= shuffled.size())
    fail_program(fmt::format("split: {}: {} of {} rows would leave none for training", what, count, all));
  const auto end = shuffled.begin() + static_cast<std::ptrdiff_t>(count);
  std::vector<int64_t> taken(shuffled.begin(), end);
  shuffled.erase(shuffled.begin(), end);
  std::sort(taken.begin(), taken.end());
  return taken;
}

}  // namespace

void set_precision(DataSet& data, ElementType element) {
  for (Column& column : data.columns)
    if (is_float(column.values.element()) && column.values.element() != element)
      column.values = converted(column.values, element, column.name);
}

void pad_images(DataSet& data, int64_t size) {
  bool any = false;
  for (Column& column : data.columns) {
    if (!is_image(column)) continue;
    any = true;
    const Type& type = column.values.type();
    if (type.shape[1] > size || type.shape[2] > size)
      fail_program(fmt::format("pad_to: {}: column '{}' has images of {}×{}, which are larger than {}×{}",
                               data.name, column.name, type.shape[1], type.shape[2], size, size));
    Tensor padded(Type(type.element, {type.shape[0], size, size, type.shape[3]}));
    if (type.element == ElementType::f32)
      copy_into_padded<float>(column.values, padded);
    else if (type.element == ElementType::f64)
      copy_into_padded<double>(column.values, padded);
    else if (type.element == ElementType::u8)
      copy_into_padded<uint8_t>(column.values, padded);
    else
      fail_program(fmt::format("pad_to: images of {} are not supported", name(type.element)));
    column.values = std::move(padded);
  }
  if (!any)
    fail_program(fmt::format(
        "pad_to: {} has no images (columns of the shape [rows, height, width, channels])", data.name));
}

void standardize(DataSet& data) {
  for (Column& column : data.columns) {
    if (column.role != ColumnRole::feature) continue;
    if (column.values.element() == ElementType::f32)
      standardize_column<float>(column, data.training);
    else if (column.values.element() == ElementType::f64)
      standardize_column<double>(column, data.training);
  }
}

void hold_out(DataSet& data, const SplitOptions& options, int64_t seed) {
  if (options.test != 0 && !data.test.empty())
    fail_program(fmt::format("split: {} has a test part of its own", data.name), {}, "leave out test:");
  std::vector<int64_t> rows = data.training;
  const size_t all = rows.size();
  shuffle(rows, seed, 0, "data.split");
  std::vector<int64_t> test = take(rows, options.test, all, "test");
  data.validation = take(rows, options.validation, all, "validation");
  if (!test.empty()) data.test = std::move(test);
  std::sort(rows.begin(), rows.end());
  data.training = std::move(rows);
}

}  // namespace gradus
