// Predictions as people and programs read them: CSV or NPZ.
#pragma once

#include <string>
#include <vector>

#include "runtime/data/data_set.h"

namespace gradus {

struct Predictions {
  std::vector<NamedTensor> outputs;       // of the model, a row each
  std::vector<std::string> row_names;     // empty if rows have none
  const DataSet* data = nullptr;          // the rows, with what the model knows of its columns
  std::vector<std::string> columns_used;  // of the program, by the prediction
};

// A column of the program that the model predicts, in its own words: of an output with a number for each
// class the class with the largest (the first of equal ones), of whole numbers what they stand for.
struct PredictedColumn {
  std::string column;              // of the program
  size_t output = 0;               // it is read from
  Tensor ids;                      // i32
  std::vector<std::string> texts;  // a row each: classes; words with blanks between; characters
};

// What an output predicts is known by its type: those for which one column alone, with classes or words and
// not read by the prediction itself, has as many.
std::vector<PredictedColumn> predicted_columns(const Predictions& predictions);

// CSV: the file of the row, if there is one; predicted_COLUMN; the numbers of each output, OUTPUT, OUTPUT.i.j
// or OUTPUT.CLASS. A program error if a row has too many numbers for a table.
std::string predictions_as_csv(const Predictions& predictions);
// The outputs, and predicted_COLUMN as ids.
std::string predictions_as_npz(const Predictions& predictions);

}  // namespace gradus
