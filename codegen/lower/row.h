// Kernels computed row by row: several reductions of a row with elementwise work between them.
#pragma once

#include <functional>

#include "codegen/lower/kernel.h"

namespace gradus::lowering {

// All of a kernel whose schedule is one of rows.
void lower_rows(Kernel& kernel);

// One reduction of the row at `outer`, in the order that DESIGN fixes. `first(tuple)` is called at each
// element before the operand's value is.
loop::Expression reduce_row(Kernel& kernel, uint32_t node, const std::vector<Axis>& outer,
                            const std::function<void(const Indices&)>& first);

}  // namespace gradus::lowering
