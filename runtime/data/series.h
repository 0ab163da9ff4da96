// Windows of a series, and what comes after each.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/data/data_set.h"

namespace gradus {

struct SeriesOptions {
  std::vector<std::string>
      columns;                      // of a CSV file, a row a point of time, in order; the first is what comes
  int64_t window = 0;               // points that are seen
  int64_t horizon = 1;              // points that come
  int64_t step = 1;                 // from one window to the next
  double validation = 0, test = 0;  // these parts of the windows, the test part from the end
  bool with_target = true;          // false: also the windows that nothing comes after
};

// past f64 [rows, window], of several columns [rows, window, columns]; next f64 [rows, horizon]. In order of
// time; no window of the training part reaches into what the validation or the test part is to tell.
DataSet series_data_set(const std::string& path, const SeriesOptions& options);

}  // namespace gradus
