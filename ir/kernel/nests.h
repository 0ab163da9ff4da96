// The contractions that register tiles compute: whichever nest a stage is.
#pragma once

#include <variant>

#include "ir/kernel/convolution_nest.h"
#include "ir/kernel/dot_nest.h"
#include "ir/kernel/stages.h"

namespace gradus {

using ContractionNest = std::variant<DotNest, ConvolutionNest, FilterNest>;

// Of a contraction's stage. Nothing if only the plain form computes it: integers, groups, operands that are
// computed, axes that do not merge. `axes` are those of the contraction's result in `space`.
std::optional<ContractionNest> contraction_nest(const KernelStages& stages, size_t stage,
                                                const std::vector<Axis>& axes, IndexSpace& space);
std::optional<ContractionNest> contraction_nest(const KernelStages& stages, size_t stage);

// Of positive numbers.
constexpr int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Panels of so many columns.
struct Panels {
  int64_t width = 1, count = 1, last = 1;  // columns of a panel, panels, columns of the last one
  Panels(int64_t columns, int64_t width_of_each);
  int64_t whole() const { return last == width ? count : count - 1; }
};
// Rows in tiles of at most `height`, as even as possible: the first `high` have the height, others one less.
struct RowTiles {
  int64_t height = 1, count = 1, high = 1;
  RowTiles(int64_t rows, int64_t most);
};

// The extents that a tile cuts.
Shape tiled_extents(const ContractionNest& nest);
// The columns that the panels of an operand have, which a tile's are then; 0 if none lies in panels.
int64_t panel_width(const ContractionNest& nest);
// Of a contraction, taps in the padding included.
int64_t multiply_adds(const Graph& body, const Node& contraction);
// Whether a tile of so many columns is one run of elements in the result.
bool is_dense(const ContractionNest& nest, int64_t columns);

}  // namespace gradus
