// Shapes, precision and parts of a data set.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "ir/error.h"
#include "runtime/data/batches.h"
#include "runtime/data/data_set.h"
#include "runtime/memory_request.h"

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
      column.values = converted(column.values, element, fmt::format("column '{}'", column.name));
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
    require_memory({fmt::format("pad_to: {} images of {}×{}", type.shape[0], size, size),
                    static_cast<double>(type.shape[0] * type.shape[3] * size_in_bytes(type.element)) *
                        static_cast<double>(size * size),
                    {},
                    "pad to less, or use fewer rows"});
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

void hold_out(DataSet& data, const SplitOptions& options, int64_t seed) {
  if (options.test != 0 && !data.test.empty())
    fail_program(fmt::format("split: {} has a test part of its own", data.name), {}, "leave out test:");
  if (options.validation != 0 && !data.validation.empty())
    fail_program(fmt::format("split: {} has a validation part of its own", data.name), {},
                 "leave out validation:");
  std::vector<int64_t> rows = data.training;
  const size_t all = rows.size();
  shuffle(rows, seed, 0, "data.split");
  std::vector<int64_t> test = take(rows, options.test, all, "test");
  std::vector<int64_t> validation = take(rows, options.validation, all, "validation");
  if (!validation.empty()) data.validation = std::move(validation);
  if (!test.empty()) data.test = std::move(test);
  std::sort(rows.begin(), rows.end());
  data.training = std::move(rows);
}

void hold_out_fold(DataSet& data, int64_t folds, int64_t fold, int64_t seed) {
  std::vector<int64_t> rows = std::move(data.training);
  const auto count = static_cast<int64_t>(rows.size());
  if (folds < 2 || folds > count)
    fail_program(fmt::format("split: {} folds of {} training rows", folds, count), {},
                 "each fold needs a row, and there must be two");
  shuffle(rows, seed, 0, "data.split");
  data.training.clear();
  data.validation.clear();
  for (int64_t i = 0; i < count; ++i)
    (i * folds / count == fold ? data.validation : data.training).push_back(rows[static_cast<size_t>(i)]);
  std::sort(data.training.begin(), data.training.end());
  std::sort(data.validation.begin(), data.validation.end());
}

}  // namespace gradus
