#include "frontend/driver/data.h"

#include <fmt/format.h>

#include "frontend/driver/data_readers.h"

namespace gradus {

DataSet open_data(const language::TrainSettings& settings, const std::string& data_file,
                  ElementType precision) {
  const DataArguments reader(settings.data);
  DataSet data;
  if (data_file.empty()) {
    data = read_data(settings.data);
    data.name_columns(settings.columns);
    if (const std::optional<int64_t> size = reader.whole("pad_to", 1, 65536)) pad_images(data, *size);
  } else {
    data = npz_data_set(data_file, settings.columns);
  }
  if (settings.split) {
    const DataArguments split(*settings.split);
    hold_out(data, {split.fraction("validation"), split.fraction("test")}, settings.seed);
  }
  if (data_file.empty() && reader.flag("standardize")) standardize(data);
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
