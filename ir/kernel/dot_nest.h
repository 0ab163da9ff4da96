// A matrix product of any order of axes as one nest: outer axes, rows, columns, terms.
#pragma once

#include <optional>
#include <vector>

#include "ir/kernel/epilogue.h"

namespace gradus {

// The extents of the terms of each sum, and the elements of the operands that are multiplied at an index of
// the result (batch axes, rows, columns) and one of the terms.
struct DotTuples {
  Indices left, right;
};
Shape dot_terms(const Graph& body, const Node& dot);
DotTuples dot_tuples(const Graph& body, const Node& dot, const Indices& result, const Indices& terms);

// One operand as a matrix: element (i, k) lies at base + i · stride + k · step of `source`, base depending on
// the outer axes. Of one that lies in panels of w columns (ir/kernel/panels.h) at
// base + (i / w) · panel_step + (i mod w) · stride + k · step.
struct MatrixAccess {
  Value source;
  Index base;
  int64_t stride = 0;
  int64_t step = 0;
  int64_t panel_width = 0;  // 0: not in panels
  int64_t panel_step = 0;
};

struct DotNest {
  std::vector<MergedAxis> outer;  // of the result, those of a batch among them
  MergedAxis rows, columns;
  int64_t terms = 0;
  MatrixAccess a, b;  // rows and terms; columns and terms
  // A lone column whose rows lie side by side: rows and columns have changed places.
  bool swapped = false;
  bool rows_are_dense = false;  // a row follows the one before it in the result

  int64_t outer_count() const;
};

// Nothing if an operand is not a view of memory, or if rows, columns or terms do not merge into one axis
// each: what does not becomes outer. `axes` are those of the dot's result.
std::optional<DotNest> dot_nest(const Graph& body, const Node& dot, const std::vector<Axis>& axes,
                                const Epilogue& epilogue, IndexSpace& space,
                                const Reads::IsAtHand& is_placed);

}  // namespace gradus
