// The fields of a CSV table as columns of a data set.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>

#include "ir/shown_text.h"
#include "runtime/data/csv.h"
#include "runtime/data/vocabulary.h"

namespace gradus {

namespace {

using Policy = MissingValues::Policy;

bool is_missing(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  for (const char* word : {"", "na", "n/a", "nan", "null", "?"})
    if (lower == word) return true;
  return false;
}

// 1,000 and 3,14: meant as a number, in another notation.
bool is_separated(std::string_view text) {
  return text.find_first_not_of("0123456789+-.,'_ ") == std::string_view::npos &&
         text.find_first_of(",'_ ") != std::string_view::npos;
}

class CsvReader {
 public:
  CsvReader(const std::string& path, const CsvOptions& options)
      : options_(options), table_(TextFile(path), options.separator, options.header) {}

  DataSet read() {
    std::vector<CsvColumn> wanted = wanted_columns();
    choose_rows(wanted);
    std::vector<Column> columns;
    for (const CsvColumn& column : wanted) columns.push_back(read_column(column));
    return make_data_set(table_.file().path(), std::move(columns));
  }

 private:
  std::vector<CsvColumn> wanted_columns() const {
    std::vector<CsvColumn> wanted = options_.columns;
    if (wanted.empty()) {
      std::vector<std::string> others;
      for (const std::string& name : table_.header())
        if (!options_.target || options_.target->names.front() != name) others.push_back(name);
      if (options_.target) {
        if (others.empty())
          fail_program(fmt::format("{} has no column but the target", table_.file().path()));
        wanted.push_back({CsvColumn::Kind::numbers, std::move(others)});
      } else {
        for (std::string& name : others) wanted.push_back({CsvColumn::Kind::numbers, {std::move(name)}});
      }
    }
    if (options_.target) {
      wanted.push_back(*options_.target);
      wanted.back().target = true;
    }
    if (options_.unused.size() != wanted.size()) return wanted;
    std::vector<CsvColumn> used;
    for (size_t i = 0; i < wanted.size(); ++i)
      if (!options_.unused[i]) used.push_back(std::move(wanted[i]));
    return used;
  }

  // All rows, or those where no wanted field is missing.
  void choose_rows(const std::vector<CsvColumn>& wanted) {
    std::vector<size_t> used;
    for (const CsvColumn& column : wanted)
      for (const std::string& name : column.names) used.push_back(table_.column(name));
    for (size_t row = 0; row < table_.rows(); ++row) {
      const bool dropped =
          options_.missing.policy == Policy::drop &&
          std::any_of(used.begin(), used.end(), [&](size_t i) { return is_missing(field(row, i)); });
      if (!dropped) rows_.push_back(row);
    }
    if (rows_.empty())
      fail_program(fmt::format(
          "{}: {}", table_.file().path(),
          table_.rows() == 0 ? "there are no rows below the header" : "every row has a missing value"));
  }

  Column read_column(const CsvColumn& column) const {
    Column result;
    switch (column.kind) {
      case CsvColumn::Kind::numbers:
        result = numbers(column);
        break;
      case CsvColumn::Kind::category:
        result = categories(column);
        break;
      case CsvColumn::Kind::image:
        result = images(column);
    }
    if (column.target) result.role = ColumnRole::target;
    return result;
  }

  std::string field(size_t row, size_t column) const {
    return std::string(trimmed(table_.text(row, column)));
  }

  // `replaceable`: a feature that is a number.
  [[noreturn]] void fail_missing(size_t row, size_t column, bool replaceable) const {
    table_.fail(row, column, fmt::format("the value of column '{}' is missing", table_.header()[column]),
                replaceable
                    ? "missing: drop leaves the row out, missing: mean takes the mean of the training "
                      "rows, missing: 0 takes 0"
                    : "missing: drop leaves the row out; only features that are numbers can be replaced, "
                      "no targets and no texts");
  }

  double number(size_t row, size_t column, bool target) const {
    std::string text = field(row, column);
    if (is_missing(text)) {
      const bool guessed = target && options_.missing.policy != Policy::drop;
      if (guessed || options_.missing.policy == Policy::error) fail_missing(row, column, !target);
      if (options_.missing.policy == Policy::fill) return options_.missing.fill;
      return std::numeric_limits<double>::quiet_NaN();
    }
    const char* begin = text.data() + (text.starts_with('+') && !text.starts_with("+-") ? 1 : 0);
    double value = 0;
    const auto [end, error] = std::from_chars(begin, text.data() + text.size(), value);
    if (error == std::errc::result_out_of_range || std::isinf(value))
      table_.fail(row, column,
                  fmt::format("column '{}': {} is too large or too small for a number",
                              table_.header()[column], shown(text)));
    // The library takes `-nan` and `nan(…)`, too.
    if (error != std::errc() || end != text.data() + text.size() || std::isnan(value))
      table_.fail(
          row, column,
          fmt::format("column '{}': expected a number, found {}", table_.header()[column], shown(text)),
          is_separated(text)
              ? "numbers are written 1000 and 0.5: a point, and nothing between thousands"
              : fmt::format("texts are read by columns: [category(\"{}\")]", table_.header()[column]));
    return value;
  }

  Column numbers(const CsvColumn& column) const {
    std::vector<size_t> sources;
    for (const std::string& name : column.names) sources.push_back(table_.column(name));
    Tensor values(
        Type(ElementType::f64, {static_cast<int64_t>(rows_.size()), static_cast<int64_t>(sources.size())}));
    auto next = values.values<double>().begin();
    for (size_t row : rows_)
      for (size_t source : sources) *next++ = number(row, source, column.target);
    Column result{fmt::format("{}", fmt::join(column.names, "_")), ColumnRole::feature, listed(column.names),
                  std::move(values)};
    result.sources = column.names;
    result.missing_is_mean = options_.missing.policy == Policy::mean;
    return result;
  }

  Column categories(const CsvColumn& column) const {
    const size_t source = table_.column(column.names.front());
    std::vector<std::string> texts;
    for (size_t row : rows_) {
      texts.push_back(field(row, source));
      if (texts.back().empty()) fail_missing(row, source, false);
    }
    std::vector<std::string> classes = column.classes.empty() ? label_classes(texts) : column.classes;
    std::map<std::string_view, int32_t> ids;
    for (size_t i = 0; i < classes.size(); ++i) ids.emplace(classes[i], static_cast<int32_t>(i));
    std::vector<int32_t> values;
    for (size_t i = 0; i < texts.size(); ++i) {
      const auto found = ids.find(texts[i]);
      if (found == ids.end())
        table_.fail(
            rows_[i], source,
            fmt::format("column '{}': the model knows no {}", table_.header()[source], shown(texts[i])),
            fmt::format("it was trained on {}", listed(classes)));
      values.push_back(found->second);
    }
    return {column.names.front(),
            ColumnRole::target,
            fmt::format("{} categories", classes.size()),
            Tensor(Shape{static_cast<int64_t>(rows_.size())}, values),
            std::move(classes),
            column.names};
  }

  Column images(const CsvColumn& column) const {
    const size_t source = table_.column(column.names.front());
    const std::string& path = table_.file().path();
    const std::string folder = path.substr(0, path.rfind('/') == std::string::npos ? 0 : path.rfind('/') + 1);
    std::vector<std::string> files;
    for (size_t row : rows_) {
      const std::string name = field(row, source);
      if (name.empty()) fail_missing(row, source, false);
      files.push_back(name.starts_with('/') ? name : folder + name);
    }
    return image_column(column.names.front(), files, column.image);
  }

  const CsvOptions& options_;
  CsvTable table_;
  std::vector<size_t> rows_;  // of the table, that are used
};

}  // namespace

DataSet csv_data_set(const std::string& path, const CsvOptions& options) {
  return CsvReader(path, options).read();
}

}  // namespace gradus
