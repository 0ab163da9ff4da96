#include "frontend/driver/data/new_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "frontend/driver/data/open_data.h"
#include "frontend/driver/data/readers.h"
#include "runtime/data/combine.h"
#include "runtime/data/csv.h"
#include "runtime/data/image.h"
#include "runtime/data/text_file.h"

namespace gradus {

namespace {

bool ends_with_one_of(const std::string& file, std::initializer_list<std::string_view> ends) {
  return std::any_of(ends.begin(), ends.end(), [&](std::string_view end) { return file.ends_with(end); });
}

bool is_folder(const std::string& path) {
  std::error_code error;
  return std::filesystem::is_directory(path, error);
}

class NewRows {
 public:
  NewRows(const language::TrainSettings& settings, const Preparation& known, const NewDataRequest& request)
      : settings_(settings), known_(known), request_(request) {
    for (const std::string& name : settings.columns) {
      const bool used =
          std::find(request.columns.begin(), request.columns.end(), name) != request.columns.end();
      names_.push_back(used ? name : "_");
    }
    for (const std::string& name : request.columns)
      if (const ColumnForm* form = known.find(name)) forms_.push_back(form);
  }

  NewData read() {
    NewData all;
    for (size_t at = 0; at < request_.files.size();) {
      const std::string& file = request_.files[at];
      const size_t count = takes(file) ? 1 : files_at_once(at);
      std::vector<std::string> names;
      DataSet part = takes(file) ? read_form(file, names) : read_by_program({&file, &file + count});
      append(all, std::move(part), std::move(names));
      at += count;
    }
    return all;
  }

 private:
  // Files that need no reader of the program.
  bool takes(const std::string& file) const {
    const DataReader* reader = find_reader(settings_.data.name);
    return file.ends_with(".npz") || is_images(file) || (is_table(file) && !(reader && reader->reads_texts));
  }
  static bool is_table(const std::string& file) {
    return ends_with_one_of(file, {".csv", ".csv.gz", ".tsv", ".tsv.gz"});
  }
  bool is_images(const std::string& file) const {
    return forms_.size() == 1 && forms_.front()->read_shape.size() == 3 &&
           (ends_with_one_of(file, {".png", ".PNG"}) || is_folder(file));
  }
  // A reader of several files takes all that are left.
  size_t files_at_once(size_t at) const {
    const DataReader* reader = find_reader(settings_.data.name);
    const size_t left = request_.files.size() - at;
    if (reader && reader->arguments_are_columns) return left;
    const auto& given = settings_.data.arguments;
    const auto of_program =
        std::count_if(given.begin(), given.end(), [](const auto& each) { return each.name.empty(); });
    const bool second = reader && reader->positional > 1 && names_.size() > 1 && names_[1] != "_";
    return second ? std::min(left, static_cast<size_t>(std::max<std::ptrdiff_t>(of_program, 1))) : 1;
  }

  DataSet read_form(const std::string& file, std::vector<std::string>& row_names) const {
    if (file.ends_with(".npz")) return read_arrays(file);
    if (is_table(file)) return read_table(file);
    const ColumnForm& form = *forms_.front();
    const std::vector<std::string> files =
        is_folder(file) ? image_files_below(file) : std::vector<std::string>{file};
    if (files.empty()) fail_program(fmt::format("{}: there is no .png file", file));
    row_names.insert(row_names.end(), files.begin(), files.end());
    ImageOptions options;
    if (form.read_shape[0] == form.read_shape[1]) options.size = form.read_shape[0];
    options.channels = form.read_shape[2];
    std::vector<Column> columns;
    columns.push_back(image_column(form.name, files, options));
    return make_data_set(file, std::move(columns));
  }

  DataSet read_arrays(const std::string& file) const {
    DataSet data = npz_data_set(file, names_);
    if (!data.test.empty())
      fail_program(fmt::format("{}: has a training and a test part (NAME_test)", file), {},
                   "new rows are one part: an array for each column");
    for (Column& column : data.columns) column.vocabulary = known_.find(column.name)->vocabulary;
    return data;
  }

  // Columns by name; the one whose rows are several numbers has all others of the file, in order.
  DataSet read_table(const std::string& file) const {
    const char separator = ends_with_one_of(file, {".tsv", ".tsv.gz"}) ? '\t' : ',';
    const CsvTable table(TextFile(file), separator, true);
    std::vector<std::string> others = table.header();
    for (const ColumnForm& form : known_.columns) std::erase(others, form.name);
    CsvOptions options;
    options.separator = separator;
    for (const ColumnForm* form : forms_) {
      options.columns.push_back({CsvColumn::Kind::numbers, {}});
      if (element_count(form->read_shape) != 1 && form->vocabulary.empty()) continue;
      options.columns.back().names = {form->name};
      if (!form->vocabulary.empty()) options.columns.back().kind = CsvColumn::Kind::category;
      options.columns.back().classes = form->vocabulary;
    }
    for (size_t i = 0; i < forms_.size(); ++i)
      if (options.columns[i].names.empty()) {
        options.columns[i].names = others;
        require_count(file, *forms_[i], others);
      }
    DataSet data = csv_data_set(file, options);
    for (size_t i = 0; i < forms_.size(); ++i) {
      Column& column = data.columns[i];
      column.name = forms_[i]->name;
      Shape shape = forms_[i]->read_shape;
      shape.insert(shape.begin(), row_count(column.values));
      column.values = std::move(column.values).reshaped(std::move(shape));
    }
    return data;
  }

  void require_count(const std::string& file, const ColumnForm& form,
                     const std::vector<std::string>& found) const {
    const int64_t wanted = element_count(form.read_shape);
    if (std::cmp_equal(found.size(), wanted)) return;
    fail_program(
        fmt::format(
            "{}: column '{}' of the program has {} numbers a row, the file has {} columns for it ({})", file,
            form.name, wanted, found.size(), listed(found)),
        {}, "all columns of the file that have not the name of another column are its numbers");
  }

  DataSet read_by_program(std::vector<std::string> files) const {
    if (const DataReader* reader = find_reader(settings_.data.name); !reader || !reader->reads_files)
      fail_program(fmt::format("{}: not a file with rows of this model", files.front()), {},
                   fmt::format("`{}` reads no files: give an NPZ or CSV file with the columns {}",
                               settings_.data.name, listed(request_.columns)));
    return located(settings_.data, [&] {
      DataContext context{settings_.seed, names_};
      context.known = &known_;
      context.files = std::move(files);
      context.every_row = request_.every_row;
      DataSet data = read_data(settings_.data, context);
      data.name_columns(names_);
      return data;
    });
  }

  // Rows with their names, of which either all or none have one.
  static void append(NewData& all, DataSet part, std::vector<std::string> names) {
    if (!all.data.columns.empty() && names.empty() != all.row_names.empty())
      fail_program(fmt::format("{}: rows of image files and other rows do not go together", part.name), {},
                   "predict them one after the other");
    all.row_names.insert(all.row_names.end(), names.begin(), names.end());
    all.data =
        all.data.columns.empty() ? std::move(part) : concatenated(std::move(all.data), std::move(part));
  }

  const language::TrainSettings& settings_;
  const Preparation& known_;
  const NewDataRequest& request_;
  std::vector<std::string> names_;        // the program's; "_" for those that are not used
  std::vector<const ColumnForm*> forms_;  // of those that are
};

// An unlike size would be said of the program, which is right.
void require_rows(const DataSet& data, const Preparation& known) {
  for (const Column& column : data.columns) {
    const ColumnForm& form = *known.find(column.name);
    if (row_shape(column.values.type()) == form.row_shape) continue;
    Type expected(form.element, form.row_shape);
    fail_program(fmt::format(
        "{}: a row of column '{}' is {}, the model was trained on rows of {}", data.name, column.name,
        to_string(Type(column.values.element(), row_shape(column.values.type()))), to_string(expected)));
  }
}

}  // namespace

NewData open_new_data(const language::TrainSettings& settings, const Preparation& known,
                      const NewDataRequest& request) {
  NewData rows = NewRows(settings, known, request).read();
  rows.data.preparation = known;
  apply(known, rows.data);
  convert_numbers(rows.data, request.precision);
  require_rows(rows.data, known);
  return rows;
}

}  // namespace gradus
