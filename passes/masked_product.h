// The product of an adjoint and a slope, 0 where nothing flows.
#pragma once

#include "ir/builder.h"

namespace gradus {

// An untaken branch has the adjoint 0 and may have an infinite slope, such as sqrt where the other branch was
// taken; 0 · ∞ is no number. So select(c, a, 0) · s becomes select(c, a · s, 0), the mask also being found
// behind ops that only move elements, and the next rule finds it again: to every order of derivative.
Value masked_product(GraphBuilder& builder, Value adjoint, Value slope);

}  // namespace gradus
