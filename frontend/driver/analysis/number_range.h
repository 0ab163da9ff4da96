// What a tensor holds, in a few words.
#pragma once

#include <string>

#include "runtime/tensor.h"

namespace gradus {

struct NumberRange {
  double low = 0, high = 0;  // of the finite numbers
  int64_t count = 0, nan = 0, infinite = 0;
  int64_t first_bad = -1, first_nan = -1;  // flat indices

  int64_t bad() const { return nan + infinite; }
};

NumberRange range_of(const Tensor& tensor);
std::string to_string(const NumberRange& range);                // "min 0, max 1.5, 1 of 4 nan"
std::string number_text(double number);                         // "nan", "-inf", "0.25"
std::string element_text(const Shape& shape, int64_t element);  // "[2, 0]"; empty for a scalar

}  // namespace gradus
