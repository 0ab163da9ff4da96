// Data sets made of others.
#pragma once

#include <vector>

#include "runtime/data/data_set.h"

namespace gradus {

// All rows of `a` and of `b` below each other; the parts (training, validation, test) are joined part by
// part. Columns are matched by place and must have equal types.
DataSet concatenated(DataSet a, DataSet b);

// The rows of `training`, with all rows of `test` as test part.
DataSet with_test_part(DataSet training, DataSet test);

}  // namespace gradus
