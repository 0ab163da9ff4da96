#include <string_view>
#include <unordered_map>

#include "ir/error.h"
#include "ir/ops/ops.h"

namespace gradus {

std::span<const Op* const> all_ops() {
#define GRADUS_LIST_OP(name) &ops::name,
  static const std::vector<const Op*> list = {GRADUS_OPS(GRADUS_LIST_OP)};
#undef GRADUS_LIST_OP
  return list;
}

const Op& op_of(OpId id) { return *all_ops()[static_cast<size_t>(id)]; }

const Op* find_op(std::string_view name) {
  static const auto by_name = [] {
    std::unordered_map<std::string_view, const Op*> map;
    for (const Op* op : all_ops()) map.emplace(op->name, op);
    return map;
  }();
  const auto it = by_name.find(name);
  return it == by_name.end() ? nullptr : it->second;
}

}  // namespace gradus
