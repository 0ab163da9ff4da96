#include "ir/kernel/reduction_nest.h"

#include <algorithm>

#include "ir/sum_order.h"

namespace gradus {

ReductionNest::ReductionNest(const Graph& body, const Node& reduction) {
  const Shape& shape = body.type(reduction.operands[0]).shape;
  const std::vector<int64_t>& axes = reduction.attributes.integers("axes");
  for (size_t i = 0; i < shape.size(); ++i) {
    is_reduced.push_back(std::find(axes.begin(), axes.end(), static_cast<int64_t>(i)) != axes.end());
    (is_reduced[i] ? reduced : outer).push_back(shape[i]);
  }
  length = element_count(reduced);
  outputs = element_count(outer);
  includes_last = shape.empty() || is_reduced.back();
  block = includes_last ? sum_order::row_block : sum_order::chain_block;
  blocks = (length + block - 1) / block;
}

}  // namespace gradus
