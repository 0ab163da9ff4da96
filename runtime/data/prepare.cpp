// What is done to a data set before it is trained on.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

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

// value → (value − offset) / scale
struct Scaling {
  double offset = 0;
  double scale = 1;
};

// The elements first, first + stride, … of the given rows of `width` elements.
template <class T>
struct Group {
  std::span<const T> values;
  std::span<const int64_t> rows;
  size_t width, first, stride;

  template <class F>
  void each(F function) const {
    for (int64_t row : rows)
      for (size_t i = first; i < width; i += stride)
        function(static_cast<double>(values[static_cast<size_t>(row) * width + i]));
  }
  double count() const {
    return static_cast<double>(rows.size()) * static_cast<double>((width - first + stride - 1) / stride);
  }
};

// Infinite or NaN would spread over the whole column.
const Scaling& usable(const Scaling& scaling, const Column& column) {
  if (!std::isfinite(scaling.offset) || !std::isfinite(scaling.scale))
    fail_program(
        fmt::format("column '{}': the training rows have no finite mean, deviation or range", column.name),
        {}, "all of them are missing, or not numbers, or too large to be squared");
  return scaling;
}

template <class T>
Scaling moments(const Group<T>& group) {
  double sum = 0, squares = 0;
  group.each([&](double value) { sum += value; });
  const double mean = sum / group.count();
  group.each([&](double value) { squares += (value - mean) * (value - mean); });
  const double deviation = std::sqrt(squares / group.count());
  return {mean, deviation > 0 ? deviation : 1};
}

template <class T>
Scaling range(const Group<T>& group) {
  double least = std::numeric_limits<double>::infinity(), most = -least;
  group.each([&](double value) {
    least = std::min(least, value);
    most = std::max(most, value);
  });
  return {least, most > least ? most - least : 1};
}

template <class T>
Scaling mean_of_known(const Group<T>& group) {
  double sum = 0, count = 0;
  group.each([&](double value) {
    if (std::isnan(value)) return;
    sum += value;
    ++count;
  });
  return {sum / count, 1};
}

// Fits something on the training rows of each group of a column (all pixels of an image, one column of
// numbers) and changes all its values by it.
template <class T, class Fit, class Change>
void fit_groups(Column& column, std::span<const int64_t> rows, Fit fit, Change change) {
  const auto values = column.values.values<T>();
  const size_t width = static_cast<size_t>(element_count(row_shape(column.values.type())));
  const size_t groups = is_image(column) ? 1 : width;
  for (size_t group = 0; group < groups; ++group) {
    const Scaling fitted = usable(fit(Group<T>{values, rows, width, group, groups}), column);
    for (size_t i = group; i < values.size(); i += groups)
      values[i] = static_cast<T>(change(static_cast<double>(values[i]), fitted));
  }
}

template <class Fit, class Change>
void fit_features(DataSet& data, Fit fit, Change change) {
  for (Column& column : data.columns) {
    if (column.role != ColumnRole::feature) continue;
    if (column.values.element() == ElementType::f32)
      fit_groups<float>(column, data.training, fit, change);
    else if (column.values.element() == ElementType::f64)
      fit_groups<double>(column, data.training, fit, change);
  }
}

double scaled(double value, const Scaling& by) { return (value - by.offset) / by.scale; }

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

void standardize(DataSet& data) {
  fit_features(data, [](const auto& group) { return moments(group); }, scaled);
}

void scale_to_range(DataSet& data) {
  fit_features(data, [](const auto& group) { return range(group); }, scaled);
}

void fill_missing(DataSet& data) {
  const auto replaced = [](double value, const Scaling& mean) {
    return std::isnan(value) ? mean.offset : value;
  };
  for (Column& column : data.columns)
    if (column.missing_is_mean)
      fit_groups<double>(
          column, data.training, [](const auto& group) { return mean_of_known(group); }, replaced);
}

void add_bias(DataSet& data) {
  for (Column& column : data.columns) {
    const Shape& shape = column.values.shape();
    if (column.role != ColumnRole::feature || shape.size() != 2 || !is_float(column.values.element()))
      continue;
    const Tensor old = converted(column.values, ElementType::f64, column.name);
    Tensor wider(Type(ElementType::f64, {shape[0], shape[1] + 1}));
    const auto from = old.values<double>();
    const auto to = wider.values<double>();
    const auto width = static_cast<size_t>(shape[1]);
    for (size_t row = 0; row < static_cast<size_t>(shape[0]); ++row) {
      to[row * (width + 1)] = 1;
      for (size_t i = 0; i < width; ++i) to[row * (width + 1) + 1 + i] = from[row * width + i];
    }
    column.values = converted(wider, column.values.element(), column.name);
    return;
  }
  fail_program(fmt::format("{}: there is no column of numbers that a bias could stand before", data.name));
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
