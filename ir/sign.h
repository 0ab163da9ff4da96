// What is known about the sign of a float value from the ops that made it.
#pragma once

#include "ir/builder.h"

namespace gradus {

// Each says more than the one before. Every element is so or NaN.
enum class Sign {
  any,
  non_negative,   // at least 0, -0 among them
  unsigned_zero,  // at least 0, and not -0
  positive,
};

// Looks at a bounded part of the graph, through marks, too: a name changes no number.
Sign sign_of(const GraphBuilder& builder, Value value);

// Whether the node is a root (sqrt, cbrt, a power with a known exponent between 0 and 1) of an operand that
// the ops which made it keep from being negative. Where it is 0, at its least value, its slope of 0 or its
// kink meets the infinite slope of the root: the root counts as constant there, to every order. A known value
// is made by no such op, whatever its numbers are.
bool rests_at_zero(const Graph& graph, const Node& root);

}  // namespace gradus
