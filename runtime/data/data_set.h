// Data sets: named columns with one row per sample, and which rows are for what.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "runtime/data/preparation.h"
#include "runtime/tensor.h"

namespace gradus {

struct Column {
  std::string name;
  ColumnRole role = ColumnRole::feature;
  std::string description;  // one line for people: "8×8 pixels, 0 … 16"
  Tensor values;            // the leading axis counts the rows
  // The text that each id stands for, if the column holds ids of words, tags, classes or categories.
  std::vector<std::string> vocabulary = {};
  // What the file calls the numbers of a row, in order, if it gives them names.
  std::vector<std::string> sources = {};
  bool missing_is_mean = false;  // NaN stands for the mean of the training rows, see PreparationKind
};

struct DataSet {
  std::string name;
  std::string description;
  std::vector<Column> columns;  // all with the same number of rows
  // Row numbers, each list ascending; together every row at most once.
  std::vector<int64_t> training, validation, test;
  Preparation preparation;  // what was done to the columns

  int64_t rows() const { return columns.empty() ? 0 : row_count(columns.front().values); }
  const Column* find(std::string_view column) const;
  // Error that lists the columns that exist.
  const Column& column(std::string_view column) const;

  // Gives the columns the names of `data … -> names`; "_" drops one. Columns that are called so may be left
  // out already, all of them; another number of names is a program error.
  void name_columns(std::span<const std::string> names);
};

// Checks that columns have rows and equally many, and makes all of them training rows.
DataSet make_data_set(std::string name, std::vector<Column> columns);

// ---- sources
// --------------------------------------------------------------------------------------------------

// "digits" or "iris" (raw values, fixed test part: every fifth row); an unknown name is a program error.
DataSet bundled_data_set(std::string_view name);
std::vector<std::string> bundled_data_set_names();

// The columns `wanted` of an NPZ file, by name. Arrays NAME_test, if there are any, are the test part and
// must be there for all columns; other arrays are ignored.
DataSet npz_data_set(const std::string& path, std::span<const std::string> wanted);
DataSet npz_data_set(std::vector<NamedTensor> arrays, const std::string& path,
                     std::span<const std::string> wanted);

// ---- before the columns are prepared (runtime/data/preparation.h)
// -------------------------------------------------------------------------------

// Converts all float columns to `element`: standardized values are then rounded once, to the program's
// precision.
void set_precision(DataSet& data, ElementType element);

// Pads every image column [rows, height, width, channels] with zeros to size × size, evenly on both sides (an
// odd pixel goes to the bottom and to the right).
void pad_images(DataSet& data, int64_t size);

struct SplitOptions {
  double validation = 0;  // fraction of the training rows, in [0, 1)
  double test = 0;        // only for data without a fixed test part; taken first
};

// Moves a seeded sample of the training rows to test and validation: round(fraction · rows), at least one
// row. The sample is the start of the shuffle with site "data.split#0" and step 0.
void hold_out(DataSet& data, const SplitOptions& options, int64_t seed);

// Makes the rows of one of `folds` equal parts (fold 0 … folds - 1) the validation part: place i of the
// shuffle of hold_out belongs to fold floor(i · folds / rows).
void hold_out_fold(DataSet& data, int64_t folds, int64_t fold, int64_t seed);

}  // namespace gradus
