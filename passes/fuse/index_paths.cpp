#include "passes/fuse/index_paths.h"

#include "ir/op.h"
#include "passes/fuse/kernel_kind.h"

namespace gradus {

namespace {

uint64_t longer_path(uint64_t path, uint32_t user, size_t operand) {
  uint64_t mixed = path ^ ((uint64_t{user} << 8) + operand + 1);
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
  return mixed ^ (mixed >> 31);
}

}  // namespace

void IndexPaths::read(const Graph& graph, uint32_t i, uint32_t user) {
  const Node& reader = graph.node(user);
  const bool same_index = reader.op->family == OpFamily::elementwise;
  for (size_t k = 0; k < reader.operands.size(); ++k) {
    if (reader.operands[k].node != i) continue;
    for (uint64_t path : paths_[user]) {
      if (too_many(i)) return;
      paths_[i].insert(same_index ? path : longer_path(path, user, k));
    }
  }
}

bool is_computed(const Node& node) { return kernel_kind(node) == KernelKind::map && !is_free(node); }

bool has_too_many_copies(const Graph& body) {
  IndexPaths paths(body.size());
  const std::vector<std::vector<uint32_t>> readers = users(body);
  for (const NamedValue& result : body.results()) paths.start(result.value.node);
  for (uint32_t i = static_cast<uint32_t>(body.size()); i-- > 0;) {
    for (uint32_t user : readers[i]) paths.read(body, i, user);
    if (is_computed(body.node(i)) && paths.too_many(i)) return true;
  }
  return false;
}

}  // namespace gradus
