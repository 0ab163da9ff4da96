// Row form: a kernel that can be computed row by row, each row from itself and from what lies outside.
#pragma once

#include <optional>

#include "ir/graph.h"

namespace gradus {

// The operand of the reductions has the shape outer + row; they reduce the axes of `row`.
struct RowForm {
  Shape outer;
  Shape row;
};

// The form of a body all of whose reductions are over the same trailing axes of one shape, and in which
// whatever depends on a reduction reads it in its own row only. Results are of the whole shape, or of the
// shape of the reductions (which may keep axes of extent 1). Nothing if it is not of this form.
std::optional<RowForm> row_form(const Graph& body);

// sum prod max min any all
bool is_plain_reduction(const Op& op);

}  // namespace gradus
