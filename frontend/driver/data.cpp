#include "frontend/driver/data.h"

#include <fmt/format.h>

#include <algorithm>

namespace gradus {

namespace {

using language::Setting;
using language::SettingCall;

std::optional<double> number_of(const Setting& setting) {
  if (const auto* number = std::get_if<int64_t>(&setting.value)) return static_cast<double>(*number);
  if (const auto* number = std::get_if<double>(&setting.value)) return *number;
  return std::nullopt;
}

bool flag(const SettingCall& call, std::string_view name) {
  const Setting* setting = call.find(name);
  if (!setting) return false;
  if (const bool* value = std::get_if<bool>(&setting->value)) return *value;
  fail_program(fmt::format("{}: '{}' must be true or false", call.name, name), call.span);
}

double fraction(const SettingCall& call, std::string_view name) {
  const Setting* setting = call.find(name);
  if (!setting) return 0;
  const std::optional<double> value = number_of(*setting);
  if (!value || *value < 0 || *value >= 1)
    fail_program(fmt::format("{}: '{}' must be a fraction from 0 to below 1", call.name, name), call.span);
  return *value;
}

void accept_arguments(const SettingCall& call, std::initializer_list<std::string_view> names) {
  for (const SettingCall::Argument& argument : call.arguments)
    if (std::find(names.begin(), names.end(), argument.name) == names.end())
      fail_program(argument.name.empty() ? fmt::format("{} takes named arguments only", call.name)
                                         : fmt::format("{} has no argument '{}'", call.name, argument.name),
                   argument.span, fmt::format("it takes {}", fmt::join(names, ", ")));
}

// Appends the numbers of a nested literal in row-major order and checks that it is rectangular.
void flatten(const Setting& literal, size_t depth, Shape& shape, std::vector<double>& numbers,
             const SourceSpan& span) {
  if (const auto* list = std::get_if<std::vector<Setting>>(&literal.value)) {
    const auto extent = static_cast<int64_t>(list->size());
    if (depth == shape.size() && numbers.empty()) shape.push_back(extent);
    if (depth >= shape.size() || shape[depth] != extent)
      fail_program("the rows of a literal must have equal shapes", span,
                   depth < shape.size()
                       ? fmt::format("expected {} entries here, found {}", shape[depth], extent)
                       : "");
    for (const Setting& entry : *list) flatten(entry, depth + 1, shape, numbers, span);
    return;
  }
  double value = 0;
  if (const std::optional<double> number = number_of(literal))
    value = *number;
  else if (const bool* truth = std::get_if<bool>(&literal.value))
    value = *truth;
  else
    fail_program("a row holds numbers only", span);
  if (depth != shape.size()) fail_program("the rows of a literal must have equal shapes", span);
  numbers.push_back(value);
}

DataSet literal_rows(const SettingCall& call) {
  std::vector<Column> columns;
  for (const SettingCall::Argument& argument : call.arguments) {
    if (argument.name.empty())
      fail_program("rows: every column needs a name", argument.span,
                   "rows(x: [[0, 1], [1, 0]], target: [0, 1])");
    Shape shape;
    std::vector<double> numbers;
    flatten(argument.value, 0, shape, numbers, argument.span);
    if (shape.empty() || numbers.empty())
      fail_program(fmt::format("rows: column '{}' has no rows", argument.name), argument.span);
    Column column;
    column.name = argument.name;
    column.description = "literal";
    column.values = Tensor(std::move(shape), numbers);
    columns.push_back(std::move(column));
  }
  if (columns.empty()) fail_program("rows needs at least one column", call.span, "rows(x: [[0, 1], [1, 0]])");
  return make_data_set("rows", std::move(columns));
}

DataSet read(const SettingCall& call) {
  if (call.name == "rows") return literal_rows(call);
  const std::vector<std::string> bundled = bundled_data_set_names();
  if (std::find(bundled.begin(), bundled.end(), call.name) != bundled.end()) {
    accept_arguments(call, {"pad_to", "standardize"});
    return bundled_data_set(call.name);
  }
  fail_program(fmt::format("there is no data reader '{}'", call.name), call.span,
               fmt::format("bundled: {}; literal: rows(…); anything else with --data FILE.npz",
                           fmt::join(bundled, ", ")));
}

void prepare(DataSet& data, const SettingCall& call) {
  if (const Setting* size = call.find("pad_to")) {
    const auto* pixels = std::get_if<int64_t>(&size->value);
    if (!pixels || *pixels < 1 || *pixels > 65536)
      fail_program(fmt::format("{}: 'pad_to' must be a number of pixels", call.name), call.span);
    pad_images(data, *pixels);
  }
}

}  // namespace

DataSet open_data(const language::TrainSettings& settings, const std::string& data_file,
                  ElementType precision) {
  DataSet data;
  if (data_file.empty()) {
    data = read(settings.data);
    data.name_columns(settings.columns);
    prepare(data, settings.data);
  } else {
    data = npz_data_set(data_file, settings.columns);
  }
  if (settings.split) {
    accept_arguments(*settings.split, {"validation", "test"});
    hold_out(data, {fraction(*settings.split, "validation"), fraction(*settings.split, "test")},
             settings.seed);
  }
  if (data_file.empty() && flag(settings.data, "standardize")) standardize(data);
  set_precision(data, precision);
  return data;
}

std::vector<language::Column> columns_of(const DataSet& data, const language::TrainSettings& settings) {
  std::vector<language::Column> columns;
  for (const std::string& name : settings.columns) {
    language::Column column;
    if (const Column* found = name == "_" ? nullptr : data.find(name)) {
      column.element = found->values.element();
      column.row_shape.assign(found->values.shape().begin() + 1, found->values.shape().end());
    }
    columns.push_back(std::move(column));
  }
  return columns;
}

}  // namespace gradus
