// Do two graphs compute the same? The check behind --verify-each=numeric.
#pragma once

#include <string>

#include "passes/pass.h"

namespace gradus {

// Compares two graphs of equal inputs on seeded values, by the evaluator in double. Empty if all results and
// updates agree within the error bound of arithmetic in the declared types (constants may have been folded in
// it) and 1e-9 of the largest element; else what differs. Small graphs are compared once more with zeros,
// tiny and huge numbers, infinities and NaN among their inputs: there passes keep what
// frontend/driver/compile/pass_promise.h says. Where a jump lies within its error, nothing is compared.
//
// Gradient nodes are evaluated by dual numbers, one pass per element, up to 1,000 elements. Above that, if
// gradient nodes are left in both graphs, both are expanded first. Otherwise `pass`, which led from `before`
// to `after` and expanded them, runs once more with the gradients as results: each is compared along three
// seeded directions with dual numbers, and the rest of the graph given these gradients.
std::string compare_numerically(const Graph& before, const Graph& after,
                                Graph (*pass)(const Graph&, PassContext&) = nullptr);

}  // namespace gradus
