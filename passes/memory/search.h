// The order of kernels that wants least, found among all of them: for graphs where a few thousand looks are
// enough.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "passes/memory/demand.h"

namespace gradus {

struct FoundOrder {
  int64_t bound = 0;                             // no order has a lower peak
  std::optional<std::vector<uint32_t>> kernels;  // of an order with that peak, if it is below `most`
};

// Of one part of the graph (Demand::part). `after`: by node, what comes after it beside its readers. No order
// has a peak below `least`; those that reach `most` are not looked for.
FoundOrder search_order(const Graph& graph, const Demand& demand, std::span<const uint32_t> part,
                        const std::vector<std::vector<uint32_t>>& after, int64_t least, int64_t most);

// No order of the graph has a lower peak; this one has `most`.
int64_t lower_bound(const Graph& graph, const Demand& demand, int64_t most);

}  // namespace gradus
