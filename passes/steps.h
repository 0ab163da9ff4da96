// What `hoist` makes of a product in the steps of a scan, and `memoize` finds again.
#pragma once

#include <optional>

#include "ir/graph.h"

namespace gradus {

// A product of a step's element by a value that is the same in every step is a row of one product over all
// steps, which are its first axis. The attributes of that product; none if there is no such one: the axes of
// a batch would stand before the steps.
std::optional<Attributes> product_over_steps(const Node& product);

}  // namespace gradus
