// Values of a graph under construction as terms: substitution and equality.
#pragma once

#include <map>

#include "ir/builder.h"

namespace gradus::language {

// `of` with other values in the place of some: the nodes between them are made again, everything else is
// shared. So a draw stays the same draw. Marks that are made again get ids from `next_mark`.
Value substitute(GraphBuilder& b, Value of, const std::map<Value, Value>& replacements, int64_t& next_mark);

// The same term: what is one node where equal nodes are shared.
bool same_term(const GraphBuilder& b, Value x, Value y);

}  // namespace gradus::language
