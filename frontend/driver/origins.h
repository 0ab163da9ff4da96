// What origins say of a value.
#pragma once

#include "ir/provenance.h"

namespace gradus {

// The first origin of a kind; null if there is none.
const Origin* find_origin(const Origins& origins, Origin::Kind kind);

// The derivative rule that made the value with this id; null for values of the forward graph. A rule that
// asks for a value which exists leaves its origin there too; such a value is older than the op that is
// differentiated.
const Origin* find_rule(const Origins& origins, uint32_t id);

}  // namespace gradus
