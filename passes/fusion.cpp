#include "passes/fusion.h"

#include "ir/op.h"
#include "ir/structure.h"

namespace gradus {

namespace {

constexpr size_t most_inline_values = 16;

bool is_table(const Node& node) {
  return is_constant(node) && node.attributes.has("values") &&
         element_count(node.types[0].shape) > static_cast<int64_t>(most_inline_values);
}

}  // namespace

KernelRole kernel_role(const Node& node) {
  switch (node.op->traits.access) {
    case Access::outside:
      return KernelRole::source;
    case Access::generated:
      return is_table(node) ? KernelRole::source : KernelRole::map;
    case Access::elementwise:
    case Access::view:
    case Access::computed_view:
      return KernelRole::map;
    case Access::reduction:
    case Access::search:
      return KernelRole::reduction;
    case Access::contraction:
      return KernelRole::contraction;
    case Access::window:
    case Access::opaque:
      return KernelRole::alone;
  }
  return KernelRole::alone;
}

bool is_free(const Node& node) { return node.op->traits.cost == Cost::free; }

bool is_expensive(const Node& node) { return node.op->traits.cost >= Cost::moderate; }

}  // namespace gradus
