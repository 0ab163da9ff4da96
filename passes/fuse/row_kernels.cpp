// Kernels that work row by row: reductions over the last axes of one shape, with the work before, between and
// after them (softmax, cross-entropy, layer norm and their derivatives).
#include "ir/op.h"
#include "ir/reads.h"
#include "ir/row_form.h"
#include "passes/fuse/kernel_body.h"
#include "passes/fuse/kernel_rules.h"

namespace gradus {

namespace {

constexpr size_t most_row_nodes = 64;
constexpr int64_t shortest_row = 8;
constexpr int64_t most_short_rows = 4096;

// Whether the kernel may be a part of one around this reduction.
bool fits_rows(const Graph& graph, const KernelGroup& group, const Node& reduction) {
  if (group.kind != KernelKind::map && group.kind != KernelKind::reduction && group.kind != KernelKind::rows)
    return false;
  const Shape& whole = graph.type(reduction.operands[0]).shape;
  for (uint32_t hero : group.heroes) {
    const Node& other = graph.node(hero);
    if (!is_plain_reduction(*other.op) || graph.type(other.operands[0]).shape != whole ||
        other.attributes.integers("axes") != reduction.attributes.integers("axes"))
      return false;
  }
  const int64_t count = element_count(group.shape);
  return !group.heroes.empty() || count == element_count(whole) ||
         count == element_count(reduction.types[0].shape);
}

}  // namespace

bool is_row_lookup(const Graph& graph, uint32_t i) {
  const Node& node = graph.node(i);
  if (node.op->traits.access != Access::computed_view) return false;
  const std::vector<AxisAccess> axes = node_access(graph, node).operands[0].axes;
  const size_t kept = node.types[0].shape.size();
  if (kept == 0 || axes.size() != kept + 1 || !axes.back().computed || axes.back().along) return false;
  return kernel_kind(graph.node(node.operands[0])) == KernelKind::map;
}

bool rows_may_merge(const KernelGroups& groups, size_t reader, size_t producer) {
  const Graph& graph = groups.graph();
  const KernelGroup& behind = groups.group(reader);
  const KernelGroup& front = groups.group(producer);
  const std::vector<uint32_t>& heroes = behind.heroes.empty() ? front.heroes : behind.heroes;
  if (heroes.empty()) return false;
  const Node& reduction = graph.node(heroes[0]);
  if (!is_plain_reduction(*reduction.op) || !fits_rows(graph, behind, reduction) ||
      !fits_rows(graph, front, reduction))
    return false;
  // Short rows leave most lanes idle, which only small kernels do not mind.
  const int64_t elements = element_count(graph.type(reduction.operands[0]).shape);
  const int64_t rows = element_count(reduction.types[0].shape);
  if (rows == 0 || (elements / rows < shortest_row && elements > most_short_rows)) return false;
  if (elements / rows > longest_row) return false;
  if (behind.nodes.size() + front.nodes.size() > most_row_nodes) return false;
  KernelBody body(groups, reader, nullptr, producer);
  for (Value value : groups.yields(reader, producer)) body.yield(value);
  const Graph together = std::move(body).finish();
  return !has_too_many_copies(together) && row_form(together).has_value();
}

}  // namespace gradus
