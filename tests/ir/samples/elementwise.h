// How the samples of elementwise ops are put together.
#pragma once

#include <string_view>

#include "tests/ir/samples/samples.h"

namespace gradus::testing::samples {

// A sample with `operands` inputs of this type, e.g. "f32[3,5]"; the result has `result_type` (empty: the
// same).
Sample elementwise_sample(std::string_view op, int operands, std::string_view type, double low = -2,
                          double high = 2, std::string_view result_type = {}, int64_t below = 4);
// The bad samples that every elementwise op has: an operand too few or many, shapes that differ.
std::vector<BadSample> elementwise_bad_samples(std::string_view op, int operands,
                                               std::string_view element = "f32");

}  // namespace gradus::testing::samples
