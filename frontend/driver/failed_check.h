// Errors of indices that are out of range, wherever a graph was computed.
#pragma once

#include <cstdint>
#include <vector>

#include "frontend/language/elaborate.h"

namespace gradus {

// The checks of a graph that was read as text, as far as its origins tell.
std::vector<language::Check> checks_of(const Graph& graph);

// Throws what the status (check, element) of a graph says.
[[noreturn]] void fail_check(int64_t number, int64_t element, const std::vector<language::Check>& checks);

}  // namespace gradus
