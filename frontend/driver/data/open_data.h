// Opens the data that a `train` block names.
#pragma once

#include <string>
#include <vector>

#include "frontend/language/elaborate.h"
#include "runtime/data/data_set.h"

namespace gradus {

// The block's columns under the names that the block gives them, prepared (padded, standardized) and split.
// `data_file`, if not empty, is an NPZ file that replaces the block's data, columns by name.
// With split(folds: n), `fold` (from 0) is the validation part.
DataSet open_data(const language::TrainSettings& settings, const std::string& data_file,
                  ElementType precision, int64_t fold = 0);

// n of split(folds: n); 0: there are none.
int64_t fold_count(const language::TrainSettings& settings);

// What elaboration must know of each column of the reader.
std::vector<language::Column> columns_of(const DataSet& data, const language::TrainSettings& settings);

}  // namespace gradus
