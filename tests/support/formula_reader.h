// Reads what `to_formula` prints back into a graph: the tests' own reader, from the rules in
// ir/text/formula.h alone.
#pragma once

#include <string>

#include "ir/graph.h"

namespace gradus::testing {

// Inputs, and the order of results and updates, are those of `like`. Throws std::runtime_error where the text
// does not follow the rules; constants of more than eight values are not written out, so they cannot be read.
Graph read_formula(const std::string& text, const Graph& like);

}  // namespace gradus::testing
