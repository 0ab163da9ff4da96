// A reduction as loops: the axes that stay, those that are folded, and the blocks of its sums.
#pragma once

#include "ir/graph.h"

namespace gradus {

struct ReductionNest {
  std::vector<bool> is_reduced;  // per axis of the operand
  Shape outer, reduced;
  int64_t length = 0, outputs = 0;  // elements of each
  bool includes_last = false;       // whether the last axis is folded: rows with partial results side by side
  int64_t block = 0;                // elements of a sum's block (ir/sum_order.h)
  int64_t blocks = 0;

  ReductionNest(const Graph& body, const Node& reduction);
};

}  // namespace gradus
