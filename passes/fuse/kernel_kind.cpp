#include "passes/fuse/kernel_kind.h"

#include "ir/op.h"
#include "ir/structure.h"

namespace gradus {

namespace {

constexpr size_t most_inline_values = 16;

bool is_large_table(const Node& node) {
  return is_constant(node) && node.attributes.has("values") &&
         element_count(node.types[0].shape) > static_cast<int64_t>(most_inline_values);
}

}  // namespace

KernelKind kernel_kind(const Node& node) {
  // What lies in a layout of its own lies in memory, whoever reads it.
  if (!is_input(node) && !node.types[0].layout.is_default()) return KernelKind::alone;
  switch (node.op->traits.access) {
    case Access::outside:
      return KernelKind::source;
    case Access::generated:
      return is_large_table(node) ? KernelKind::source : KernelKind::map;
    case Access::elementwise:
    case Access::view:
    case Access::computed_view:
      return KernelKind::map;
    case Access::reduction:
    case Access::search:
      return KernelKind::reduction;
    case Access::contraction:
      return KernelKind::contraction;
    case Access::window:
    case Access::running:
    case Access::scatter:
    case Access::ordering:
    case Access::opaque:
      return KernelKind::alone;
  }
  return KernelKind::alone;
}

std::string_view name(KernelKind kind) {
  switch (kind) {
    case KernelKind::map:
      return "map";
    case KernelKind::reduction:
      return "reduction";
    case KernelKind::rows:
      return "rows";
    case KernelKind::contraction:
      return "contraction";
    case KernelKind::alone:
    case KernelKind::source:
      return "alone";
  }
  return "";
}

bool is_free(const Node& node) { return node.op->traits.cost == Cost::free; }

bool is_expensive(const Node& node) { return node.op->traits.cost >= Cost::moderate; }

}  // namespace gradus
