// Results that no stage of a kernel stores, as loops: the axis of the innermost one, and where along it
// elements begin to come from elsewhere.
#pragma once

#include <cstdint>
#include <vector>

#include "ir/kernel/stages.h"
#include "ir/reads.h"

namespace gradus {

class MapNest {
 public:
  // `results`: positions among the kernel's. Those that do not lie row-major have loops of their own.
  MapNest(const KernelStages& stages, const std::vector<size_t>& results);

  // The last extent of all results, along which loops may be cut; 0 if they have none in common.
  int64_t columns() const { return columns_; }
  // The bounds of what is padded or joined along it, ascending, its ends not among them.
  std::vector<int64_t> bounds() const;

  // What an element of all results in columns [begin, end) is made of.
  struct Element {
    std::vector<uint32_t> computed;  // nodes, as often as at different indices
    int64_t gathered = 0;            // reads at indices that are clamped: neighbours do not lie side by side
  };
  Element element(int64_t begin, int64_t end) const;

 private:
  // `column`: of the last axis.
  Reads follow(IndexSpace& space, const Index& column) const;

  const KernelStages& stages_;
  std::vector<Value> values_;
  int64_t columns_ = 0;
};

}  // namespace gradus
