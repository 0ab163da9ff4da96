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

}  // namespace gradus
