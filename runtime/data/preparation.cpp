#include "runtime/data/preparation.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <span>

#include "ir/error.h"
#include "runtime/data/data_set.h"
#include "runtime/data/json.h"

namespace gradus {

using nlohmann::json;

namespace {

bool is_image(const Column& column) { return column.values.shape().size() == 4; }

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

size_t width_of(const Column& column) {
  return static_cast<size_t>(element_count(row_shape(column.values.type())));
}
size_t group_count(const Column& column) { return is_image(column) ? 1 : width_of(column); }

template <class T>
std::vector<Scaling> fit_column(PreparationKind kind, const Column& column, std::span<const int64_t> rows) {
  std::vector<Scaling> groups;
  const size_t count = group_count(column);
  for (size_t first = 0; first < count; ++first) {
    const Group<T> group{column.values.values<T>(), rows, width_of(column), first, count};
    groups.push_back(usable(kind == PreparationKind::fill_missing ? mean_of_known(group)
                            : kind == PreparationKind::scale      ? range(group)
                                                                  : moments(group),
                            column));
  }
  return groups;
}

template <class T>
void apply_to_column(const PreparationStep& step, Column& column) {
  const auto values = column.values.values<T>();
  const size_t groups = step.groups.size();
  for (size_t i = 0; i < values.size(); ++i) {
    const Scaling& by = step.groups[i % groups];
    const auto value = static_cast<double>(values[i]);
    if (step.kind == PreparationKind::fill_missing)
      values[i] = std::isnan(value) ? static_cast<T>(by.offset) : values[i];
    else
      values[i] = static_cast<T>((value - by.offset) / by.scale);
  }
}

void put_ones_before(Column& column) {
  const Shape& shape = column.values.shape();
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
}

void apply(const PreparationStep& step, Column& column) {
  // Whole numbers of a file may stand for the numbers that were fitted.
  if (!is_float(column.values.element()))
    column.values = converted(column.values, ElementType::f64, fmt::format("column '{}'", column.name));
  if (step.kind == PreparationKind::bias) {
    if (column.values.shape().size() != 2)
      fail_program(fmt::format("column '{}' is {}: a bias stands before rows of numbers", column.name,
                               to_string(column.values.type())));
    return put_ones_before(column);
  }
  if (step.groups.size() != group_count(column))
    fail_program(
        fmt::format("column '{}' is {}: its rows have {} numbers, those that the model was trained "
                    "on had {}",
                    column.name, to_string(column.values.type()), group_count(column), step.groups.size()));
  if (column.values.element() == ElementType::f32)
    apply_to_column<float>(step, column);
  else if (column.values.element() == ElementType::f64)
    apply_to_column<double>(step, column);
  else
    fail_program(fmt::format("column '{}' is {}; numbers that are prepared are f32 or f64", column.name,
                             to_string(column.values.type())));
}

bool concerns(PreparationKind kind, const Column& column) {
  const ElementType element = column.values.element();
  if (kind == PreparationKind::fill_missing)
    return column.missing_is_mean && (element == ElementType::f32 || element == ElementType::f64);
  if (column.role != ColumnRole::feature) return false;
  if (kind == PreparationKind::bias) return column.values.shape().size() == 2 && is_float(element);
  return element == ElementType::f32 || element == ElementType::f64;
}

constexpr std::array<std::string_view, 4> kind_names = {"fill_missing", "scale", "standardize", "bias"};

constexpr std::array<std::string_view, 2> role_names = {"feature", "target"};

json as_json(const ColumnForm& form) {
  return {{"name", form.name},
          {"role", role_names[static_cast<size_t>(form.role)]},
          {"element", name(form.element)},
          {"read_shape", form.read_shape},
          {"row_shape", form.row_shape},
          {"sources", form.sources},
          {"vocabulary", form.vocabulary}};
}

// Reads a preparation, and trusts nothing of it.
class PreparationReader {
 public:
  explicit PreparationReader(const std::string& what) : what_(what) {}

  Preparation read(const json& object) const {
    Preparation preparation;
    const json& pad_to = member(object, "pad_to");
    require(pad_to.is_number_integer() && pad_to.get<int64_t>() >= 0 && pad_to.get<int64_t>() <= 65536);
    preparation.pad_to = pad_to.get<int64_t>();
    for (const json& each : list(object, "steps")) preparation.steps.push_back(step(each));
    // Files of earlier releases have none.
    if (object.contains("columns"))
      for (const json& each : list(object, "columns")) preparation.columns.push_back(column(each));
    return preparation;
  }

 private:
  void require(bool holds) const {
    if (!holds) fail_program(fmt::format("{}: not a preparation of columns", what_));
  }
  const json& member(const json& of, const char* name) const {
    require(of.is_object() && of.contains(name));
    return of.at(name);
  }
  const json& list(const json& of, const char* name) const {
    const json& found = member(of, name);
    require(found.is_array());
    return found;
  }
  std::string text(const json& of, const char* name) const {
    const json& found = member(of, name);
    require(found.is_string());
    return found.get<std::string>();
  }
  template <size_t N>
  size_t named(const json& of, const char* member, const std::array<std::string_view, N>& names) const {
    const auto* known = std::find(names.begin(), names.end(), text(of, member));
    require(known != names.end());
    return static_cast<size_t>(known - names.begin());
  }

  PreparationStep step(const json& each) const {
    PreparationStep step{
        static_cast<PreparationKind>(named(each, "kind", kind_names)), text(each, "column"), {}};
    for (const json& group : list(each, "groups")) {
      require(group.is_array() && group.size() == 2 && group[0].is_number() && group[1].is_number());
      step.groups.push_back({group[0].get<double>(), group[1].get<double>()});
      require(step.groups.back().scale != 0);
    }
    require((step.kind == PreparationKind::bias) == step.groups.empty());
    return step;
  }

  ColumnForm column(const json& each) const {
    ColumnForm form;
    form.name = text(each, "name");
    form.role = static_cast<ColumnRole>(named(each, "role", role_names));
    const std::optional<ElementType> element = element_type_named(text(each, "element"));
    require(element.has_value());
    form.element = *element;
    form.read_shape = shape(each, "read_shape");
    form.row_shape = shape(each, "row_shape");
    form.sources = texts(each, "sources");
    form.vocabulary = texts(each, "vocabulary");
    return form;
  }

  Shape shape(const json& of, const char* name) const {
    Shape shape;
    double elements = 1;
    for (const json& extent : list(of, name)) {
      require(extent.is_number_integer() && extent.get<int64_t>() > 0);
      shape.push_back(extent.get<int64_t>());
      elements *= static_cast<double>(shape.back());
    }
    require(elements < 1e15 && shape.size() <= 8);
    return shape;
  }

  std::vector<std::string> texts(const json& of, const char* name) const {
    std::vector<std::string> texts;
    for (const json& each : list(of, name)) {
      require(each.is_string());
      texts.push_back(each.get<std::string>());
    }
    return texts;
  }

  const std::string& what_;
};

}  // namespace

const ColumnForm* Preparation::find(std::string_view column) const {
  for (const ColumnForm& form : columns)
    if (form.name == column) return &form;
  return nullptr;
}

std::vector<PreparationStep> fit(PreparationKind kind, DataSet& data) {
  std::vector<PreparationStep> steps;
  for (Column& column : data.columns) {
    if (!concerns(kind, column)) continue;
    PreparationStep step{kind, column.name, {}};
    if (kind != PreparationKind::bias)
      step.groups = column.values.element() == ElementType::f32
                        ? fit_column<float>(kind, column, data.training)
                        : fit_column<double>(kind, column, data.training);
    apply(step, column);
    steps.push_back(std::move(step));
    if (kind == PreparationKind::bias) break;
  }
  if (kind == PreparationKind::bias && steps.empty())
    fail_program(fmt::format("{}: there is no column of numbers that a bias could stand before", data.name));
  return steps;
}

void apply(const Preparation& preparation, DataSet& data) {
  if (preparation.pad_to > 0 && std::any_of(data.columns.begin(), data.columns.end(), is_image))
    pad_images(data, preparation.pad_to);
  for (const PreparationStep& step : preparation.steps)
    for (Column& column : data.columns)
      if (column.name == step.column) apply(step, column);
}

std::string to_json(const Preparation& preparation) {
  json steps = json::array();
  for (const PreparationStep& step : preparation.steps) {
    json groups = json::array();
    for (const Scaling& scaling : step.groups) groups.push_back({scaling.offset, scaling.scale});
    steps.push_back({{"kind", kind_names[static_cast<size_t>(step.kind)]},
                     {"column", step.column},
                     {"groups", std::move(groups)}});
  }
  json columns = json::array();
  for (const ColumnForm& form : preparation.columns) columns.push_back(as_json(form));
  // Names of a file may be bytes that are no text; they stand for no other column.
  return json{{"pad_to", preparation.pad_to}, {"steps", std::move(steps)}, {"columns", std::move(columns)}}
      .dump(-1, ' ', false, json::error_handler_t::replace);
}

Preparation preparation_from_json(const std::string& text, const std::string& what) {
  return PreparationReader(what).read(parse_json(text, 6, what));
}

}  // namespace gradus
