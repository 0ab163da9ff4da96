#include "frontend/driver/data/open_data.h"

#include <fmt/format.h>

#include <algorithm>

#include "frontend/driver/data/readers.h"

namespace gradus {

namespace {

Shape row_shape_of(const Column& column) { return row_shape(column.values.type()); }

std::vector<ColumnForm> forms_of(const DataSet& data) {
  std::vector<ColumnForm> forms;
  for (const Column& column : data.columns)
    forms.push_back({column.name, column.role, column.values.element(), row_shape_of(column),
                     row_shape_of(column), column.sources, column.vocabulary});
  return forms;
}

void note_prepared(const DataSet& data, std::vector<ColumnForm>& forms) {
  for (size_t i = 0; i < forms.size(); ++i) {
    forms[i].element = data.columns[i].values.element();
    forms[i].row_shape = row_shape_of(data.columns[i]);
  }
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

DataSet read_raw(const language::TrainSettings& settings, const DataRequest& request) {
  if (!request.file.empty()) {
    DataSet data = npz_data_set(request.file, settings.columns);
    for (Column& column : data.columns)
      column.missing_is_mean = fills_with_means(settings) && column.role == ColumnRole::feature;
    return data;
  }
  return located(settings.data, [&] {
    DataContext context{settings.seed, settings.columns};
    if (request.preparation && !request.preparation->columns.empty()) context.known = &*request.preparation;
    DataSet data = read_data(settings.data, context);
    data.name_columns(settings.columns);
    return data;
  });
}

}  // namespace

void convert_numbers(DataSet& data, ElementType precision) {
  // NumPy's integers are i64, the language's ids and labels i32.
  for (Column& column : data.columns)
    if (column.values.element() == ElementType::i64)
      column.values = converted(column.values, ElementType::i32, "column '" + column.name + "'");
  set_precision(data, precision);
}

DataSet open_data(const language::TrainSettings& settings, const DataRequest& request) {
  const DataArguments reader(settings.data);
  DataSet data = read_raw(settings, request);
  std::vector<ColumnForm> forms = forms_of(data);
  if (!request.preparation && reader.prepares("pad_to"))
    located(settings.data, [&] {
      data.preparation.pad_to = *reader.whole("pad_to", 1, 65536);
      pad_images(data, data.preparation.pad_to);
    });
  if (settings.split) {
    const DataArguments split(*settings.split);
    located(*settings.split, [&] {
      if (const DataReader* known = find_reader(settings.data.name); known && known->in_order)
        fail_program(
            fmt::format("split draws rows at random, and those of {} share points of time", known->name), {},
            fmt::format("its own arguments take parts by time: {}(…, validation: 0.1, test: 0.2)",
                        known->name));
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
    convert_numbers(data, request.precision);
  });
  note_prepared(data, forms);
  data.preparation.columns = std::move(forms);
  return data;
}

int64_t fold_count(const language::TrainSettings& settings) {
  return settings.split ? DataArguments(*settings.split).whole("folds", 2, 1 << 20).value_or(0) : 0;
}

std::vector<language::Column> columns_of(const Preparation& preparation,
                                         const language::TrainSettings& settings) {
  std::vector<language::Column> columns;
  for (const std::string& name : settings.columns) {
    const ColumnForm* form = name == "_" ? nullptr : preparation.find(name);
    columns.push_back(form ? language::Column{form->element, form->row_shape} : language::Column{});
  }
  return columns;
}

}  // namespace gradus
