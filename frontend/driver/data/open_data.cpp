#include "frontend/driver/data/open_data.h"

#include <fmt/format.h>

#include <algorithm>

#include "frontend/driver/data/readers.h"

namespace gradus {

namespace {

// NumPy's integers are i64, the language's ids and labels i32.
void narrow_integers(DataSet& data) {
  for (Column& column : data.columns)
    if (column.values.element() == ElementType::i64)
      column.values = converted(column.values, ElementType::i32, "column '" + column.name + "'");
}

// What is fitted on the training rows, when it is known which they are.
void fit_all(DataSet& data, const DataArguments& reader) {
  const auto add = [&](PreparationKind kind) {
    for (PreparationStep& step : fit(kind, data)) data.preparation.steps.push_back(std::move(step));
  };
  add(PreparationKind::fill_missing);
  if (reader.prepares("scale")) add(PreparationKind::scale);
  if (reader.prepares("standardize")) add(PreparationKind::standardize);
  if (reader.prepares("bias")) add(PreparationKind::bias);
}

bool fills_with_means(const language::TrainSettings& settings) {
  const language::Setting* missing = settings.data.find("missing");
  const auto* word = missing ? std::get_if<language::Word>(&missing->value) : nullptr;
  return word && word->text == "mean";
}

DataSet read_raw(const language::TrainSettings& settings, const std::string& file) {
  if (!file.empty()) {
    DataSet data = npz_data_set(file, settings.columns);
    for (Column& column : data.columns)
      column.missing_is_mean = fills_with_means(settings) && column.role == ColumnRole::feature;
    return data;
  }
  return located(settings.data, [&] {
    DataSet data = read_data(settings.data, {settings.seed, settings.columns});
    data.name_columns(settings.columns);
    return data;
  });
}

}  // namespace

bool prepares(const language::TrainSettings& settings) {
  const DataArguments reader(settings.data);
  return fills_with_means(settings) ||
         std::any_of(std::begin(preparation_steps), std::end(preparation_steps),
                     [&](std::string_view step) { return reader.prepares(step); });
}

DataSet open_data(const language::TrainSettings& settings, const DataRequest& request) {
  const DataArguments reader(settings.data);
  DataSet data = read_raw(settings, request.file);
  if (!request.preparation && reader.prepares("pad_to"))
    located(settings.data, [&] {
      data.preparation.pad_to = *reader.whole("pad_to", 1, 65536);
      pad_images(data, data.preparation.pad_to);
    });
  if (settings.split) {
    const DataArguments split(*settings.split);
    located(*settings.split, [&] {
      hold_out(data, {split.fraction("validation"), split.fraction("test")}, settings.seed);
      if (const int64_t folds = fold_count(settings)) hold_out_fold(data, folds, request.fold, settings.seed);
    });
  }
  located(settings.data, [&] {
    if (request.preparation) {
      data.preparation = *request.preparation;
      apply(data.preparation, data);
    } else {
      fit_all(data, reader);
    }
    narrow_integers(data);
    set_precision(data, request.precision);
  });
  return data;
}

int64_t fold_count(const language::TrainSettings& settings) {
  return settings.split ? DataArguments(*settings.split).whole("folds", 2, 1 << 20).value_or(0) : 0;
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
