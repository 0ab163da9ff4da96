// Random formulas that look like what the rules of the passes look for: quotients of exponentials and their
// sums along any axis, products with constants at the ends of the range, guards that compare what they guard,
// held at ordinary numbers and at zeros, infinities and NaN.
#pragma once

#include <string>

#include "tests/support/random_graph.h"

namespace gradus::testing {

// Results: y, and of some the gradient g of its sum by x, of some of those the gradient h of the sum of g.
RandomGraph random_formula(uint64_t seed);

struct FormulaVerdict {
  std::string failure;   // empty: all is well, or nothing could be compared
  bool skipped = false;  // a comparison lay within the rounding error
  size_t compared = 0;   // elements whose bound says something, or that are not finite
  size_t elements = 0;
};

// What is promised of every formula, after every pass and compiled. Of y without `stabilize`: the same number
// in IEEE arithmetic, to the running bound; the same infinity, or NaN. With `stabilize`, and of derivatives:
// what was finite stays finite and is the same number to the running bound.
FormulaVerdict check_formula(const RandomGraph& formula);

}  // namespace gradus::testing
