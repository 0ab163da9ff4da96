// Readers of files of numbers and images.
#include <fmt/format.h>

#include <algorithm>

#include "frontend/driver/data/readers.h"
#include "runtime/data/csv.h"
#include "runtime/data/idx.h"
#include "runtime/data/image.h"
#include "runtime/data/numpy.h"
#include "runtime/data/series.h"

namespace gradus {

namespace {

using language::Setting;
using language::SettingCall;

constexpr int64_t most_rows = INT64_MAX;
constexpr int64_t most_pixels = 16384;
constexpr int64_t most_points = 1'000'000;

ImageOptions image_options(const DataArguments& arguments) {
  ImageOptions options{arguments.whole("size", 1, most_pixels), arguments.whole("channels", 1, 3)};
  if (options.channels == 2) arguments.fail("'channels' must be 1 or 3");
  return options;
}

const SettingCall* call_of(const Setting& setting) {
  const auto* call = std::get_if<std::shared_ptr<const SettingCall>>(&setting.value);
  return call ? call->get() : nullptr;
}

// numbers("a", "b"), category("c"), image("file", size: 96)
CsvColumn csv_column(const SettingCall& call) {
  CsvColumn column;
  if (call.name == "numbers") {
    column.names = DataArguments(call, {}, SIZE_MAX).strings();
  } else if (call.name == "category") {
    column.kind = CsvColumn::Kind::category;
    column.names = DataArguments(call, {}, 1).strings();
  } else if (call.name == "image") {
    const DataArguments arguments(call, {"size", "channels"}, 1);
    column.kind = CsvColumn::Kind::image;
    column.names = arguments.strings();
    column.image = image_options(arguments);
  } else {
    fail_program(fmt::format("csv: there is no kind of column '{}'", call.name), call.span,
                 "there are numbers(\"a\", \"b\"), category(\"c\") and image(\"file\", size: 96)");
  }
  if (column.names.empty())
    fail_program(fmt::format("{}: the name of a column is missing", call.name), call.span,
                 fmt::format("for example {}(\"height\")", call.name));
  return column;
}

std::vector<CsvColumn> csv_columns(const DataArguments& arguments) {
  std::vector<CsvColumn> columns;
  if (!arguments.has("columns")) return columns;
  const auto* list = std::get_if<std::vector<Setting>>(&arguments.call().find("columns")->value);
  if (!list || list->empty())
    arguments.fail("'columns' must be a list", "columns: [numbers(\"a\", \"b\"), category(\"c\")]");
  for (const Setting& item : *list) {
    const SettingCall* call = call_of(item);
    if (!call)
      arguments.fail("an entry of 'columns' is not a column",
                     "columns: [numbers(\"a\", \"b\"), category(\"c\")]");
    columns.push_back(csv_column(*call));
  }
  return columns;
}

std::optional<CsvColumn> csv_target(const DataArguments& arguments) {
  if (!arguments.has("target")) return std::nullopt;
  if (const SettingCall* call = call_of(*arguments.call().find("target"))) return csv_column(*call);
  return CsvColumn{CsvColumn::Kind::numbers, {arguments.word("target")}};
}

MissingValues missing_values(const DataArguments& arguments) {
  const bool every_row = arguments.context().every_row;
  if (!arguments.has("missing")) return {};
  if (const std::optional<double> fill = number_of(*arguments.call().find("missing")))
    return {MissingValues::Policy::fill, *fill};
  const std::string word = arguments.word("missing");
  if (word == "error") return {};
  if (word == "drop") return {every_row ? MissingValues::Policy::error : MissingValues::Policy::drop};
  if (word == "mean") return {MissingValues::Policy::mean};
  arguments.fail(fmt::format("'missing' is '{}'", word), "it may be error, drop, mean or a number");
}

}  // namespace

namespace {

// What the model knows of them: the classes, and which columns of the file are meant where the program does
// not say.
void take_known(CsvOptions& options, const DataContext& context) {
  if (!context.known) return;
  const size_t features = context.columns.size() - (options.target ? 1 : 0);
  if (options.columns.empty()) options.columns.resize(features);
  for (size_t i = 0; i < std::min(features, options.columns.size()); ++i)
    if (const ColumnForm* form = context.form(i)) {
      options.columns[i].classes = form->vocabulary;
      if (options.columns[i].names.empty()) options.columns[i].names = form->sources;
    }
  if (const ColumnForm* form = context.form(features); form && options.target)
    options.target->classes = form->vocabulary;
}

}  // namespace

DataSet read_csv(const DataArguments& arguments) {
  CsvOptions options;
  options.columns = csv_columns(arguments);
  options.target = csv_target(arguments);
  for (size_t i = 0; i < arguments.context().columns.size(); ++i)
    options.unused.push_back(!arguments.is_used(i));
  take_known(options, arguments.context());
  options.header = arguments.flag("header", true);
  options.missing = missing_values(arguments);
  if (const std::string separator = arguments.word("separator"); !separator.empty()) {
    if (separator.size() != 1 || separator == "\"" || separator == "\n" || separator == "\r")
      arguments.fail("'separator' must be one character", "separator: \";\" or separator: \"\\t\"");
    options.separator = separator.front();
  }
  return csv_data_set(arguments.path(), options);
}

DataSet read_mnist(const DataArguments& arguments) {
  return mnist_data_set(arguments.call().name, arguments.path(), arguments.whole("limit", 1, most_rows));
}

DataSet read_idx(const DataArguments& arguments) {
  std::vector<Column> columns;
  for (const auto& [name, path] : arguments.named_paths()) columns.push_back(idx_column(name, path));
  if (columns.empty()) arguments.fail("it needs at least one column", "idx(image: \"images.idx\")");
  return make_data_set("idx", std::move(columns));
}

DataSet read_npy(const DataArguments& arguments) {
  std::vector<Column> columns;
  for (const auto& [name, path] : arguments.named_paths()) {
    Tensor values = parse_npy(read_file(path), path);
    const ColumnRole role = is_float(values.element()) ? ColumnRole::feature : ColumnRole::target;
    columns.push_back({name, role, "", std::move(values)});
  }
  if (columns.empty()) arguments.fail("it needs at least one column", "npy(x: \"x.npy\")");
  return make_data_set("npy", std::move(columns));
}

DataSet read_npz_file(const DataArguments& arguments) {
  return npz_data_set(arguments.path(), arguments.context().columns);
}

DataSet read_image_folder(const DataArguments& arguments) {
  const ColumnForm* label = arguments.context().form(1);
  return image_folder_data_set(arguments.path(), image_options(arguments),
                               label ? label->vocabulary : std::vector<std::string>());
}

DataSet read_series(const DataArguments& arguments) {
  SeriesOptions options;
  if (arguments.has("column")) options.columns = {arguments.word("column")};
  if (arguments.has("columns")) {
    const auto* list = std::get_if<std::vector<Setting>>(&arguments.call().find("columns")->value);
    for (const Setting& item : list ? *list : std::vector<Setting>())
      if (const auto* name = std::get_if<std::string>(&item.value)) options.columns.push_back(*name);
  }
  if (options.columns.empty() || (arguments.has("column") && arguments.has("columns")))
    arguments.fail(
        "`column` or `columns` names what the series is of",
        "column: \"passengers\", or columns: [\"passengers\", \"price\"]: the first is what comes");
  options.window = arguments.whole("window", 1, most_points).value_or(0);
  if (options.window == 0) arguments.fail("`window` is missing", "window: 12 shows the model 12 points");
  options.horizon = arguments.whole("horizon", 1, most_points).value_or(1);
  options.step = arguments.whole("step", 1, most_points).value_or(1);
  if (arguments.context().files.empty()) {  // new points are one part
    options.validation = arguments.fraction("validation");
    options.test = arguments.fraction("test");
  }
  options.with_target = arguments.is_used(1);
  return series_data_set(arguments.path(), options);
}

DataSet read_triplets(const DataArguments& arguments) {
  return triplets_data_set(arguments.path(), image_options(arguments), arguments.context().seed);
}

}  // namespace gradus
