// What is known about the sign of a float value from the ops that made it.
#pragma once

#include "ir/builder.h"

namespace gradus {

// Ordered: what is positive is non-negative, too. Every element is so or NaN.
enum class Sign { any, non_negative, positive };

// Looks at a bounded part of the graph, through marks, too: a name changes no number.
Sign sign_of(const GraphBuilder& builder, Value value);

}  // namespace gradus
