#include "runtime/data/data_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <set>

#include "ir/error.h"
#include "runtime/data/numpy.h"
#include "runtime/data/text_file.h"

namespace gradus {

namespace {

std::vector<std::string> names_of(const std::vector<Column>& columns) {
  std::vector<std::string> names;
  for (const Column& column : columns) names.push_back(column.name);
  return names;
}

const Tensor* find_array(const std::vector<NamedTensor>& arrays, const std::string& name) {
  for (const NamedTensor& array : arrays)
    if (array.name == name) return &array.value;
  return nullptr;
}

// Rows of `b` below those of `a`.
Tensor stacked(const Tensor& a, const Tensor& b, const std::string& what) {
  if (a.shape().empty() || b.shape().empty() || a.element() != b.element() ||
      row_shape(a.type()) != row_shape(b.type()))
    fail_program(fmt::format("{}: training part {} and test part {} do not fit together", what,
                             to_string(a.type()), to_string(b.type())));
  Type type = a.type();
  type.shape.front() += b.shape().front();
  Tensor result(type);
  auto* target = static_cast<std::byte*>(result.data());
  if (a.bytes() > 0) std::memcpy(target, a.data(), static_cast<size_t>(a.bytes()));
  if (b.bytes() > 0) std::memcpy(target + a.bytes(), b.data(), static_cast<size_t>(b.bytes()));
  return result;
}

}  // namespace

const Column* DataSet::find(std::string_view column) const {
  for (const Column& candidate : columns)
    if (candidate.name == column) return &candidate;
  return nullptr;
}

const Column& DataSet::column(std::string_view column) const {
  if (const Column* found = find(column)) return *found;
  fail_program(fmt::format("{} has no column '{}'; it has {}", name, column, listed(names_of(columns))));
}

void DataSet::name_columns(std::span<const std::string> all_names) {
  std::vector<std::string> names(all_names.begin(), all_names.end());
  if (names.size() != columns.size()) {
    std::vector<std::string> used = names;
    std::erase(used, "_");
    if (used.size() == columns.size()) names = std::move(used);
  }
  if (names.size() != columns.size())
    fail_program(fmt::format("{} has {} columns ({}), but {} names follow ->", name, columns.size(),
                             listed(names_of(columns)), names.size()),
                 {}, "write _ for a column that is not used");
  const int64_t had = rows();
  std::vector<Column> kept;
  for (size_t i = 0; i < names.size(); ++i) {
    columns[i].name = names[i];
    if (names[i] != "_") kept.push_back(std::move(columns[i]));
  }
  columns = std::move(kept);
  if (columns.empty() && had > 0) fail_program(fmt::format("{}: no column is used", name));
}

DataSet make_data_set(std::string name, std::vector<Column> columns) {
  if (columns.empty()) fail_program(fmt::format("{}: there are no columns", name));
  std::set<std::string> names;
  for (const Column& column : columns) {
    if (!names.insert(column.name).second)
      fail_program(fmt::format("{}: two columns are called '{}'", name, column.name));
    if (column.values.shape().empty())
      fail_program(fmt::format("{}: column '{}' is a single number; it needs rows", name, column.name));
    if (row_count(column.values) != row_count(columns.front().values))
      fail_program(fmt::format("{}: column '{}' has {} rows, column '{}' has {}", name, columns.front().name,
                               row_count(columns.front().values), column.name, row_count(column.values)));
  }
  for (const Column& column : columns)
    if (column.values.size() == 0)
      fail_program(fmt::format("{}: column '{}' is {}: an axis has no elements", name, column.name,
                               to_string(column.values.type())));
  DataSet data;
  data.name = std::move(name);
  data.columns = std::move(columns);
  data.training.resize(static_cast<size_t>(data.rows()));
  std::iota(data.training.begin(), data.training.end(), 0);
  return data;
}

DataSet npz_data_set(std::vector<NamedTensor> arrays, const std::string& path,
                     std::span<const std::string> wanted) {
  std::vector<std::string> available;
  for (const NamedTensor& array : arrays) available.push_back(array.name);
  std::vector<Column> columns;
  int64_t with_test = 0, used = 0;
  int64_t training_rows = -1;
  for (const std::string& name : wanted) {
    if (name == "_") continue;
    ++used;
    const Tensor* values = find_array(arrays, name);
    if (!values)
      fail_program(fmt::format("{} has no array '{}'; it has {}", path, name, listed(available)), {},
                   "arrays are matched to the program's columns by name");
    const Tensor* test = find_array(arrays, name + "_test");
    if (training_rows < 0) training_rows = row_count(*values);
    if (test && row_count(*values) != training_rows)
      fail_program(
          fmt::format("{}: array '{}' has {} rows, not {}", path, name, row_count(*values), training_rows));
    if (test && test->size() == 0)
      fail_program(fmt::format("{}: array '{}_test' is {}: an axis has no elements", path, name,
                               to_string(test->type())));
    if (test) ++with_test;
    const ColumnRole role = is_float(values->element()) ? ColumnRole::feature : ColumnRole::target;
    columns.push_back(
        {name, role, "", test ? stacked(*values, *test, path + ": array '" + name + "'") : *values});
  }
  if (with_test != 0 && with_test != used)
    fail_program(fmt::format("{}: some columns have a test part (NAME_test) and some have none", path));
  DataSet data = make_data_set(path, std::move(columns));
  if (with_test > 0) {
    data.test.assign(data.training.begin() + training_rows, data.training.end());
    data.training.resize(static_cast<size_t>(training_rows));
  }
  if (data.training.empty()) fail_program(fmt::format("{}: there are no training rows", path));
  return data;
}

DataSet npz_data_set(const std::string& path, std::span<const std::string> wanted) {
  return npz_data_set(read_npz(path), path, wanted);
}

}  // namespace gradus
