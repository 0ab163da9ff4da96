// New rows for a trained model: read as the model's own were, with its classes and words, and prepared with
// what was fitted then.
#pragma once

#include <string>
#include <vector>

#include "frontend/language/elaborate.h"
#include "runtime/data/data_set.h"

namespace gradus {

struct NewDataRequest {
  // NPZ and CSV files with the program's columns; PNG files, or folders of them, where a column of images is
  // all that is used; otherwise what the program's own reader reads (COLUMN=FILE if it reads a file a
  // column). Several stand below each other.
  std::vector<std::string> files;
  std::vector<std::string> columns;  // that are used; the others may be missing
  ElementType precision = ElementType::f32;
  bool every_row = false;  // a row with missing values is an error, even where training left it out
};

struct NewData {
  DataSet data;
  std::vector<std::string> row_names;  // files of images; empty if rows have no names
};

NewData open_new_data(const language::TrainSettings& settings, const Preparation& known,
                      const NewDataRequest& request);

}  // namespace gradus
