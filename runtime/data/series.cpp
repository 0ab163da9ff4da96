#include "runtime/data/series.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "ir/error.h"
#include "runtime/data/csv.h"
#include "runtime/memory_request.h"

namespace gradus {

namespace {

// f64 [points, columns]
Tensor points_of(const std::string& path, const SeriesOptions& options) {
  CsvOptions csv;
  csv.columns.push_back({CsvColumn::Kind::numbers, options.columns});
  return std::move(csv_data_set(path, csv).columns.front().values);
}

// The first window whose target lies behind all that the part before it tells.
void split_by_time(DataSet& data, const SeriesOptions& options) {
  const auto rows = static_cast<double>(data.rows());
  const auto count = [&](double part) { return static_cast<int64_t>(std::round(part * rows)); };
  const int64_t test = count(options.test), validation = count(options.validation);
  const int64_t overlap =
      (options.horizon - 1) / options.step;  // windows whose targets reach into the next part
  std::vector<int64_t> all = std::move(data.training);
  const auto take = [&](int64_t windows) {
    std::vector<int64_t> part(all.end() - std::min<int64_t>(windows, std::ssize(all)), all.end());
    all.resize(all.size() - part.size());
    if (!part.empty()) all.resize(all.size() - std::min(all.size(), static_cast<size_t>(overlap)));
    return part;
  };
  data.test = take(test);
  data.validation = take(validation);
  data.training = std::move(all);
  if (data.training.empty())
    fail_program(fmt::format("{}: no window is left to train on, of {}", data.name, data.rows()), {},
                 "a smaller validation or test part, or a shorter horizon, leaves some");
}

}  // namespace

DataSet series_data_set(const std::string& path, const SeriesOptions& options) {
  const Tensor points = points_of(path, options);
  const int64_t length = row_count(points), variables = points.shape()[1];
  const int64_t needed = options.window + (options.with_target ? options.horizon : 0);
  if (length < needed)
    fail_program(
        fmt::format("{}: a series of {} points has no window of {}{}", path, length, options.window,
                    options.with_target ? fmt::format(" and the {} that come", options.horizon) : ""));
  const int64_t rows = (length - needed) / options.step + 1;
  // Of points that nothing comes after, the last window ends with the last of them.
  const int64_t offset = options.with_target ? 0 : (length - needed) % options.step;
  require_memory({fmt::format("{}: {} windows of {} points", path, rows, options.window),
                  sizeof(double) * static_cast<double>(rows) *
                      static_cast<double>(options.window * variables + options.horizon),
                  {},
                  "a larger `step` gives fewer windows"});
  const auto from = points.values<double>();
  Tensor past(Type(ElementType::f64, {rows, options.window, variables}));
  Tensor next(Type(ElementType::f64, {rows, options.horizon}));
  for (int64_t row = 0; row < rows; ++row) {
    const int64_t first = offset + row * options.step;
    std::copy_n(from.begin() + first * variables, options.window * variables,
                past.values<double>().begin() + row * options.window * variables);
    if (!options.with_target) continue;
    for (int64_t i = 0; i < options.horizon; ++i)
      next.values<double>()[static_cast<size_t>(row * options.horizon + i)] =
          from[static_cast<size_t>((first + options.window + i) * variables)];
  }
  if (variables == 1) past = std::move(past).reshaped({rows, options.window});
  std::vector<Column> columns;
  columns.push_back({"past", ColumnRole::feature, "points that are seen", std::move(past)});
  if (options.with_target)
    columns.push_back({"next", ColumnRole::target, "points that come", std::move(next)});
  DataSet data = make_data_set(path, std::move(columns));
  if (options.validation + options.test > 0) split_by_time(data, options);
  return data;
}

}  // namespace gradus
