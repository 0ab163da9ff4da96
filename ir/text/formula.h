// Graphs as formulas: infix with a textbook's precedence and as few parentheses as that allows, powers as
// x^2, constants before names before the rest of a product. An operator matches the axes of its operands from
// the last one and stretches axes of 1; a broadcast that is more than this shows as `reshape` to such axes or
// as `broadcast`. Factors may change places; sums and quotients stay grouped as they are computed, x // y is
// the quotient of integers. Marks do not show. For people: no command reads it.
//
//   t4 = x^2 + 1
//   y = sin(t4)
//   w := w - 0.1 * t4
#pragma once

#include <string>

#include "ir/graph.h"

namespace gradus {

struct FormulaOptions {
  bool expand = false;          // write shared values out instead of naming them
  size_t size_limit = 100'000;  // characters of one expanded formula; more is the user's error
};

// One line per shared value, result (name = …), update (name := …) and the status.
std::string to_formula(const Graph& graph, FormulaOptions options = {});

}  // namespace gradus
