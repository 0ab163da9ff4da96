// The body of a kernel: the nodes of a group, copied into a closed graph.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "ir/builder.h"
#include "passes/fuse/kernel_groups.h"

namespace gradus {

// What comes from outside becomes an input. Nodes keep their stable ids, in every kernel that repeats them.
class KernelBody {
 public:
  // Of one group, or of two that may become one. `ids`: of the graph of kernels; null if there will be none.
  KernelBody(const KernelGroups& groups, size_t group, std::shared_ptr<IdSource> ids,
             size_t other = KernelGroups::no_group)
      : groups_(groups), group_(group), other_(other), builder_("kernel", {.ids = std::move(ids)}) {
    builder_.reserve_ids(groups.graph().next_id());
  }

  void yield(Value value) { builder_.add_result("", clone(value)); }
  const std::vector<Value>& operands() const { return operands_; }
  Graph finish() && { return std::move(builder_).finish(); }

 private:
  Value clone(Value value);
  bool is_inside(Value value) const;

  const KernelGroups& groups_;
  size_t group_, other_;
  GraphBuilder builder_;
  std::map<Value, Value> cloned_;
  std::vector<Value> operands_;
};

}  // namespace gradus
