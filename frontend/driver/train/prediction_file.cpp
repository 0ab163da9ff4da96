#include "frontend/driver/train/prediction_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "ir/error.h"
#include "runtime/data/numpy.h"
#include "runtime/data/vocabulary.h"

namespace gradus {

namespace {

constexpr int64_t most_fields = 16384;

bool is_read(const Predictions& predictions, const std::string& column) {
  return std::find(predictions.columns_used.begin(), predictions.columns_used.end(), column) !=
         predictions.columns_used.end();
}

bool predicts(const Type& output, const ColumnForm& form) {
  Shape row(output.shape.begin() + 1, output.shape.end());
  if (is_integer(output.element)) return row == form.row_shape;
  if (!is_float(output.element) || row.empty() || !std::cmp_equal(row.back(), form.vocabulary.size()))
    return false;
  row.pop_back();
  return row == form.row_shape;
}

const ColumnForm* predicted_by(const Predictions& predictions, const Type& output) {
  const ColumnForm* found = nullptr;
  for (const ColumnForm& form : predictions.data->preparation.columns) {
    if (form.vocabulary.empty() || is_read(predictions, form.name) || !predicts(output, form)) continue;
    if (found) return nullptr;
    found = &form;
  }
  return found;
}

Tensor ids_of(const Tensor& output, const ColumnForm& form) {
  const auto classes = static_cast<int64_t>(form.vocabulary.size());
  Shape shape = form.row_shape;
  shape.insert(shape.begin(), row_count(output));
  if (is_integer(output.element())) return converted(output, ElementType::i32, form.name);
  std::vector<int32_t> ids(static_cast<size_t>(output.size() / classes));
  for (size_t i = 0; i < ids.size(); ++i) {
    const int64_t first = static_cast<int64_t>(i) * classes;
    for (int64_t k = 1; k < classes; ++k)
      if (output.number(first + k) > output.number(first + ids[i])) ids[i] = static_cast<int32_t>(k);
  }
  return Tensor(std::move(shape), ids);
}

// How many entries of a row count: where a sentence was read, those that are no padding.
std::vector<int64_t> lengths(const Predictions& predictions, int64_t rows, int64_t width) {
  std::vector<int64_t> all(static_cast<size_t>(rows), width);
  for (const std::string& name : predictions.columns_used) {
    const ColumnForm* form = predictions.data->preparation.find(name);
    const Column* column = predictions.data->find(name);
    if (!form || !column || form->row_shape != Shape{width} || form->vocabulary.empty() ||
        form->vocabulary.front() != WordIds::padding_text || row_count(column->values) != rows)
      continue;
    for (int64_t row = 0; row < rows; ++row) {
      int64_t& length = all[static_cast<size_t>(row)];
      while (length > 0 && column->values.number(row * width + length - 1) == WordIds::padding) --length;
    }
  }
  return all;
}

std::vector<std::string> texts_of(const Predictions& predictions, const Tensor& ids, const ColumnForm& form) {
  const int64_t rows = row_count(ids), width = element_count(form.row_shape);
  const bool characters =
      std::all_of(form.vocabulary.begin(), form.vocabulary.end(), [](const std::string& text) {
        return std::count_if(text.begin(), text.end(),
                             [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }) == 1;
      });
  const std::vector<int64_t> lengths = gradus::lengths(predictions, rows, width);
  std::vector<std::string> texts(static_cast<size_t>(rows));
  for (int64_t row = 0; row < rows; ++row) {
    std::string& text = texts[static_cast<size_t>(row)];
    for (int64_t i = 0; i < lengths[static_cast<size_t>(row)]; ++i) {
      const auto id = static_cast<int64_t>(ids.number(row * width + i));
      if (i > 0 && !characters) text += ' ';
      text += id >= 0 && std::cmp_less(id, form.vocabulary.size()) ? form.vocabulary[static_cast<size_t>(id)]
                                                                   : fmt::format("{}", id);
    }
  }
  return texts;
}

std::string quoted(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? "\"\"" : std::string(1, c);
  return out + "\"";
}

void append_number(std::string& out, const Tensor& values, int64_t i) {
  const double number = values.number(i);
  if (values.element() == ElementType::f32)
    fmt::format_to(std::back_inserter(out), "{}", static_cast<float>(number));
  else if (is_float(values.element()))
    fmt::format_to(std::back_inserter(out), "{}", number);
  else
    fmt::format_to(std::back_inserter(out), "{}", static_cast<int64_t>(number));
}

// NAME of a single number, or NAME.i.j for each; the last index may have names.
void append_header(std::string& out, const NamedTensor& output, const std::vector<std::string>* classes) {
  const Shape row(output.value.shape().begin() + 1, output.value.shape().end());
  for (int64_t i = 0; i < element_count(row); ++i) {
    std::string name;
    int64_t rest = i;
    for (size_t axis = row.size(); axis-- > 0; rest /= row[axis]) {
      const int64_t index = rest % row[axis];
      const bool named = classes && axis + 1 == row.size();
      name = "." + (named ? (*classes)[static_cast<size_t>(index)] : fmt::format("{}", index)) + name;
    }
    if (!out.empty()) out += ',';
    out += quoted(element_count(row) == 1 ? output.name : output.name + name);
  }
}

void require_table(const NamedTensor& output) {
  const int64_t fields = element_count(row_shape(output.value.type()));
  if (fields <= most_fields) return;
  fail_program(fmt::format("'{}' has {} numbers a row: too many for a table", output.name, fields), {},
               "-o predictions.npz holds arrays of any shape");
}

}  // namespace

std::vector<PredictedColumn> predicted_columns(const Predictions& predictions) {
  std::vector<PredictedColumn> columns;
  for (size_t i = 0; i < predictions.outputs.size(); ++i) {
    const Tensor& output = predictions.outputs[i].value;
    const ColumnForm* form = predicted_by(predictions, output.type());
    const bool again = form && std::any_of(columns.begin(), columns.end(),
                                           [&](const auto& column) { return column.column == form->name; });
    if (!form || again) continue;
    Tensor ids = ids_of(output, *form);
    std::vector<std::string> texts = texts_of(predictions, ids, *form);
    columns.push_back({form->name, i, std::move(ids), std::move(texts)});
  }
  return columns;
}

std::string predictions_as_csv(const Predictions& predictions) {
  const std::vector<PredictedColumn> predicted = predicted_columns(predictions);
  std::string out = predictions.row_names.empty() ? "" : "file";
  for (const PredictedColumn& column : predicted)
    out += (out.empty() ? "" : ",") + quoted("predicted_" + column.column);
  for (size_t i = 0; i < predictions.outputs.size(); ++i) {
    require_table(predictions.outputs[i]);
    const std::vector<std::string>* classes = nullptr;
    for (const PredictedColumn& column : predicted)
      if (column.output == i && is_float(predictions.outputs[i].value.element()))
        classes = &predictions.data->preparation.find(column.column)->vocabulary;
    append_header(out, predictions.outputs[i], classes);
  }
  out += '\n';
  const int64_t rows = predictions.outputs.empty() ? 0 : row_count(predictions.outputs.front().value);
  for (int64_t row = 0; row < rows; ++row) {
    bool first = true;
    const auto separate = [&] {
      if (!std::exchange(first, false)) out += ',';
    };
    if (!predictions.row_names.empty()) {
      separate();
      out += quoted(predictions.row_names[static_cast<size_t>(row)]);
    }
    for (const PredictedColumn& column : predicted) {
      separate();
      out += quoted(column.texts[static_cast<size_t>(row)]);
    }
    for (const NamedTensor& output : predictions.outputs) {
      const int64_t width = element_count(row_shape(output.value.type()));
      for (int64_t i = 0; i < width; ++i) {
        separate();
        append_number(out, output.value, row * width + i);
      }
    }
    out += '\n';
  }
  return out;
}

std::string predictions_as_npz(const Predictions& predictions) {
  std::vector<NamedTensor> arrays = predictions.outputs;
  for (PredictedColumn& column : predicted_columns(predictions))
    arrays.push_back({"predicted_" + column.column, std::move(column.ids)});
  return format_npz(arrays);
}

}  // namespace gradus
