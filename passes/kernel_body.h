// The body of a kernel: the nodes of a group, copied into a closed graph.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "ir/builder.h"
#include "passes/kernel_groups.h"

namespace gradus {

// What comes from outside becomes an input.
class KernelBody {
 public:
  // Of one group, or of two that may become one.
  explicit KernelBody(const KernelGroups& groups, size_t group, size_t other = KernelGroups::no_group)
      : groups_(groups), group_(group), other_(other), builder_("kernel") {}

  void yield(Value value) { builder_.add_result("", clone(value)); }
  const std::vector<Value>& operands() const { return operands_; }
  Graph finish() && { return std::move(builder_).finish(); }

 private:
  Value clone(Value value);
  bool is_inside(Value value) const;
  Origins origins_of(uint32_t node) const;

  const KernelGroups& groups_;
  size_t group_, other_;
  GraphBuilder builder_;
  std::map<Value, Value> cloned_;
  std::vector<Value> operands_;
};

}  // namespace gradus
