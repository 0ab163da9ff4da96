// The one form of a constant's attributes.
#pragma once

#include "ir/attribute.h"

namespace gradus::ops {

// Rounds the numbers of a constant to its element type, as doubles of floats and integers of everything else,
// with one bit pattern for all NaNs; numbers that are all the same become one `value`. The builder asks for
// it, so that equal constants are one node whoever makes them. Expects attributes that the shape rule
// accepts.
void make_canonical_constant(Attributes& attributes);

}  // namespace gradus::ops
