// Readers of what the program itself holds: literals, bundled sets, other readers.
#include <fmt/format.h>

#include <memory>

#include "frontend/driver/data/readers.h"
#include "runtime/data/combine.h"

namespace gradus {

namespace {

using language::Setting;
using language::SettingCall;

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

}  // namespace

DataSet read_rows(const DataArguments& arguments) {
  std::vector<Column> columns;
  for (const SettingCall::Argument& argument : arguments.call().arguments) {
    if (is_preparation(argument)) continue;
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
  if (columns.empty()) arguments.fail("it needs at least one column", "rows(x: [[0, 1], [1, 0]])");
  return make_data_set("rows", std::move(columns));
}

DataSet read_concat(const DataArguments& arguments) {
  const auto& given = arguments.call().arguments;
  const auto* list = given.empty() ? nullptr : std::get_if<std::vector<Setting>>(&given.front().value.value);
  if (!list || list->empty())
    arguments.fail("a list of readers is expected", "concat([csv(\"a.csv\"), csv(\"b.csv\")])");
  std::optional<DataSet> all;
  for (const Setting& item : *list) {
    const auto* call = std::get_if<std::shared_ptr<const SettingCall>>(&item.value);
    if (!call)
      arguments.fail("an entry of the list is not a reader", "concat([csv(\"a.csv\"), csv(\"b.csv\")])");
    for (std::string_view step : preparation_steps)
      if ((*call)->find(step))
        fail_program(fmt::format("concat: '{}' is said once, for all rows", step), (*call)->span,
                     fmt::format("concat([…], {}: …)", step));
    DataSet part = located(**call, [&] { return read_data(**call, arguments.context()); });
    all = all ? concatenated(std::move(*all), std::move(part)) : std::move(part);
    if (!arguments.context().files.empty()) break;  // they are in place of all of them
  }
  return std::move(*all);
}

DataSet read_digits(const DataArguments&) { return bundled_data_set("digits"); }
DataSet read_iris(const DataArguments&) { return bundled_data_set("iris"); }

}  // namespace gradus
