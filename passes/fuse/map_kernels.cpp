// Map kernels compute each element where it is read: into users, or behind what they read.
#include "ir/op.h"
#include "passes/fuse/kernel_rules.h"

namespace gradus {

bool map_may_join(const KernelGroups& groups, uint32_t i, const KernelGroup& reader) {
  const Node& node = groups.node(i);
  // What is looked up in a row belongs to the kernel that computes the row.
  if (is_row_lookup(groups.graph(), i) && !reader.heroes.empty()) return false;
  if (groups.materialized(i) && node.op->family != OpFamily::elementwise) return false;
  if (is_computed(node) && groups.too_many_paths(i)) return false;
  return !is_expensive(node) || groups.expansion(i) <= 1;
}

bool map_may_merge(const KernelGroups& groups, size_t reader, size_t producer) {
  const KernelGroup& behind = groups.group(reader);
  const KernelGroup& front = groups.group(producer);
  if (behind.kind != KernelKind::map || front.kind == KernelKind::rows || front.shape != behind.shape ||
      !groups.reads_at_identity(behind, producer))
    return false;
  if (front.heroes.empty()) return true;
  std::vector<uint32_t> together = front.nodes;
  together.insert(together.end(), behind.nodes.begin(), behind.nodes.end());
  return epilogue_fits(groups.graph(), together);
}

}  // namespace gradus
