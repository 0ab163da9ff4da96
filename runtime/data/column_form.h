// What a model knows of a column: what its rows were when it was trained.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ir/type.h"

namespace gradus {

enum class ColumnRole : uint8_t { feature, target };

struct ColumnForm {
  std::string name;  // the program's
  ColumnRole role = ColumnRole::feature;
  ElementType element = ElementType::f32;  // prepared
  Shape read_shape;                        // of a row as it was read
  Shape row_shape;                         // of a row when it was prepared
  // The names in the file of the numbers of a row, in order; empty if they have none.
  std::vector<std::string> sources;
  std::vector<std::string> vocabulary;  // what each id stands for; empty if the column has no ids
};

}  // namespace gradus
