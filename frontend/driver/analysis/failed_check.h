// Errors of indices that are out of range, wherever a graph was computed.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "frontend/language/elaborate.h"

namespace gradus {

// The checks of a graph that was read as text, as far as its origins tell.
std::vector<language::Check> checks_of(const Graph& graph);

// Whether the indices of that check depend on data whose leading axis counts this many rows.
bool checks_rows(const Graph& graph, int64_t number, int64_t rows);

// What the status (check, element) of a graph says. `rows`: where its indices depend on data, what the
// leading axis of that counts, as rows of a data set.
Diagnostic describe_check(int64_t number, int64_t element, const std::vector<language::Check>& checks,
                          std::span<const int64_t> rows = {});
// Throws it.
[[noreturn]] void fail_check(int64_t number, int64_t element, const std::vector<language::Check>& checks);

}  // namespace gradus
