// How sums are cut, whoever computes them. The order of a sum is part of what an op means, so that bits
// depend neither on threads nor on vectors nor on a schedule (DESIGN, section 5); these numbers are that
// order.
#pragma once

#include <algorithm>
#include <cstdint>

namespace gradus::sum_order {

// Contractions: a chain of multiply-adds per output, from +0 on. A sum of more terms is cut into chains of
// its own, added up in order, from -0 on.
constexpr int64_t chain_terms = 2048;

// Channels of a chain of a convolution or its input gradient whose last window axis has `last` taps.
constexpr int64_t chain_channels(int64_t channels, int64_t last) {
  return std::min(channels, std::max<int64_t>(1, chain_terms / last));
}
// Rows of output pixels of a chain of a filter gradient, for rows of `width` pixels.
constexpr int64_t chain_rows(int64_t rows, int64_t width) {
  return std::min(rows, std::max<int64_t>(1, chain_terms / width));
}

// Reductions over axes that include the last one: blocks of so many elements in row-major order, in each of
// them so many partial results (element mod 64), which are folded by halves.
constexpr int64_t row_block = 4096;
constexpr int64_t partials = 64;
// Reductions over other axes: ascending chains of so many elements.
constexpr int64_t chain_block = 256;
// Blocks of either kind are added by twos: neighbours, level by level; an odd last one passes.

}  // namespace gradus::sum_order
