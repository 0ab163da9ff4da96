// CSV (RFC 4180): a header, fields quoted with "…" where they hold separators, quotes or line ends.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "runtime/data/data_set.h"
#include "runtime/data/image.h"
#include "runtime/data/text_file.h"

namespace gradus {

class CsvTable {
 public:
  // Without `header` the columns are called 1, 2, …. Lines that hold nothing are skipped.
  CsvTable(TextFile file, char separator, bool header);

  const TextFile& file() const { return file_; }
  const std::vector<std::string>& header() const { return header_; }
  size_t rows() const { return fields_.size() / header_.size(); }
  // Error that lists the columns that exist.
  size_t column(const std::string& name) const;
  std::string text(size_t row, size_t column) const;
  [[noreturn]] void fail(size_t row, size_t column, const std::string& message,
                         const std::string& hint = {}) const;

 private:
  struct Field {
    size_t begin = 0;  // of the text, inside of the quotes
    size_t length = 0;
    bool quoted = false;
  };
  class Parser;
  std::string text(const Field& field) const;
  std::string header_hint() const;

  TextFile file_;
  bool first_line_is_header_;
  std::vector<std::string> header_;
  std::unordered_map<std::string, size_t> columns_;  // by name
  std::vector<Field> fields_;                        // row by row
};

// What to do about fields that hold nothing, NA, N/A, NaN, null or ?.
struct MissingValues {
  enum class Policy { error, drop, mean, fill };
  Policy policy = Policy::error;  // drop: leave the row out; mean: of the column's training rows
  double fill = 0;
};

struct CsvColumn {
  enum class Kind { numbers, category, image };
  Kind kind = Kind::numbers;
  std::vector<std::string> names;  // of the file's columns; several only of numbers
  ImageOptions image = {};
  bool target = false;
  // Of a category: the texts by id, if they are known; others are a program error.
  std::vector<std::string> classes = {};
};

struct CsvOptions {
  std::vector<CsvColumn> columns;   // empty: all that are not the target
  std::optional<CsvColumn> target;  // the last column of the data set
  char separator = ',';
  bool header = true;
  MissingValues missing;
  // By column, the target last: not to be read, and left out; without effect if they are not as many.
  std::vector<bool> unused = {};
};

// numbers: float [rows, names]; category: i32 [rows], ids in the order of the values (of numbers, if all are
// whole numbers, otherwise of texts); image: file names relative to the CSV file. Numbers are f64 until the
// program's precision is set; a missing one whose mean is to be taken is NaN (see PreparationKind).
DataSet csv_data_set(const std::string& path, const CsvOptions& options);

}  // namespace gradus
