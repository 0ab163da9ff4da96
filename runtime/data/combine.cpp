#include "runtime/data/combine.h"

#include <fmt/format.h>

#include <cstring>

#include "ir/error.h"

namespace gradus {

namespace {

// Rows of `b` below those of `a`.
Tensor stacked(const Tensor& a, const Tensor& b) {
  Type type = a.type();
  type.shape.front() += b.shape().front();
  Tensor result(type);
  auto* target = static_cast<std::byte*>(result.data());
  if (a.bytes() > 0) std::memcpy(target, a.data(), static_cast<size_t>(a.bytes()));
  if (b.bytes() > 0) std::memcpy(target + a.bytes(), b.data(), static_cast<size_t>(b.bytes()));
  return result;
}

}  // namespace

DataSet concatenated(DataSet a, DataSet b) {
  if (a.columns.size() != b.columns.size())
    fail_program(
        fmt::format("{} has {} columns, {} has {}", a.name, a.columns.size(), b.name, b.columns.size()));
  const int64_t first = a.rows();
  for (size_t i = 0; i < a.columns.size(); ++i) {
    Column& column = a.columns[i];
    const Tensor& below = b.columns[i].values;
    if (column.values.element() != below.element() ||
        row_shape(column.values.type()) != row_shape(below.type()))
      fail_program(fmt::format("column '{}' is {} in {}, but {} in {}", column.name,
                               to_string(column.values.type()), a.name, to_string(below.type()), b.name),
                   {}, "rows of one data set have one shape and type");
    if (column.vocabulary != b.columns[i].vocabulary)
      fail_program(fmt::format("column '{}': the same ids stand for other texts in {} than in {}",
                               column.name, b.name, a.name),
                   {}, "join the files before they are read");
    column.missing_is_mean |= b.columns[i].missing_is_mean;
    column.values = stacked(column.values, below);
    b.columns[i].values = Tensor();
  }
  for (auto part : {&DataSet::training, &DataSet::validation, &DataSet::test})
    for (int64_t row : b.*part) (a.*part).push_back(first + row);
  return a;
}

DataSet with_test_part(DataSet training, DataSet test) {
  test.test = std::move(test.training);
  test.training.clear();
  return concatenated(std::move(training), std::move(test));
}

}  // namespace gradus
