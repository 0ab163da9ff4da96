// What is done to columns before a model sees them: fitted on the training rows, kept with the model's
// parameters, and done again to whatever the model is to predict from.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/data/column_form.h"

namespace gradus {

struct DataSet;

enum class PreparationKind : uint8_t {
  fill_missing,  // NaN becomes the mean of the training rows, in columns that ask for it
  scale,         // minus the least value, divided by the range
  standardize,   // minus the mean, divided by the deviation (of the population); a constant is only centred
  bias,          // a column of ones before the first column of numbers [rows, n]: x0 = 1
};

// value → (value − offset) / scale; what is missing becomes the offset.
struct Scaling {
  double offset = 0;
  double scale = 1;
};

// One step, of one column.
struct PreparationStep {
  PreparationKind kind = PreparationKind::standardize;
  std::string column;
  std::vector<Scaling> groups;  // one for all pixels of an image, otherwise one for each number of a row
};

struct Preparation {
  int64_t pad_to = 0;                    // the size of images; 0: as they are
  std::vector<PreparationStep> steps;    // in order
  std::vector<ColumnForm> columns = {};  // of the rows that it was fitted on

  const ColumnForm* find(std::string_view column) const;  // null if there is none
};

// Fits the steps of a kind on the training rows, and does them to all rows. A program error if a column has
// no finite mean, deviation or range, or if there is none that a bias could stand before.
std::vector<PreparationStep> fit(PreparationKind kind, DataSet& data);

// Does to a data set what was fitted on another. Columns that it has not are left out; one with another
// number of numbers in a row is a program error.
void apply(const Preparation& preparation, DataSet& data);

// For files. What was not written by to_json is a program error, which calls the text `what`.
std::string to_json(const Preparation& preparation);
Preparation preparation_from_json(const std::string& text, const std::string& what);

}  // namespace gradus
