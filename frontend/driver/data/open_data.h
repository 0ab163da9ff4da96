// Opens the data that a `train` block names.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "frontend/language/elaborate.h"
#include "runtime/data/data_set.h"

namespace gradus {

struct DataRequest {
  std::string file = {};  // NPZ that replaces the block's data, columns by name
  ElementType precision = ElementType::f32;
  int64_t fold = 0;  // which part validates, with split(folds: n)
  // That of a trained model, in place of one that is fitted here; its classes and words are the model's, too.
  std::optional<Preparation> preparation = std::nullopt;
};

// The block's columns under the names that the block gives them, prepared (padded, standardized) and split.
DataSet open_data(const language::TrainSettings& settings, const DataRequest& request);

// n of split(folds: n); 0: there are none.
int64_t fold_count(const language::TrainSettings& settings);

// What elaboration must know of each column of the reader.
std::vector<language::Column> columns_of(const Preparation& preparation,
                                         const language::TrainSettings& settings);

// ---- what new data (new_data.h) share with those that the block names
// -------------------------------------------------------------------------------

// Numbers as the program takes them: integers i32, floats of its precision.
void convert_numbers(DataSet& data, ElementType precision);

}  // namespace gradus
