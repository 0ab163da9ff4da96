#include "frontend/driver/data/open_data.h"

#include <fmt/format.h>

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
void prepare(DataSet& data, const DataArguments& reader) {
  fill_missing(data);
  if (reader.prepares("scale")) scale_to_range(data);
  if (reader.prepares("standardize")) standardize(data);
  if (reader.prepares("bias")) add_bias(data);
}

}  // namespace

DataSet open_data(const language::TrainSettings& settings, const std::string& data_file,
                  ElementType precision, int64_t fold) {
  const DataArguments reader(settings.data);
  const bool replaced = !data_file.empty();
  DataSet data = replaced ? npz_data_set(data_file, settings.columns) : located(settings.data, [&] {
    DataSet read = read_data(settings.data, {settings.seed, settings.columns});
    read.name_columns(settings.columns);
    if (reader.prepares("pad_to")) pad_images(read, *reader.whole("pad_to", 1, 65536));
    return read;
  });
  if (settings.split) {
    const DataArguments split(*settings.split);
    located(*settings.split, [&] {
      hold_out(data, {split.fraction("validation"), split.fraction("test")}, settings.seed);
      if (const int64_t folds = fold_count(settings)) hold_out_fold(data, folds, fold, settings.seed);
    });
  }
  const auto finish = [&] {
    if (!replaced) prepare(data, reader);
    narrow_integers(data);
    set_precision(data, precision);
  };
  if (replaced)
    finish();
  else
    located(settings.data, finish);
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
