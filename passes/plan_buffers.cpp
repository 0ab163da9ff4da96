// plan-buffers: decides where every kernel's results lie.
//
// Attribute `place` of a kernel, scan or call, and what its loops, its steps or the kernels of its body work
// in: `scratch` (ir/placement.h). An update is in place if nothing reads the old value later, the step's
// check has run, and the kernel itself has read what it overwrites (ir/kernel/in_place.h); otherwise it lies
// in the workspace and is copied when the step commits. Header: `workspace`, and `workspace_lower_bound`,
// below which no order and no plan can come.
#include <fmt/format.h>

#include <map>

#include "ir/kernel/scratch.h"
#include "ir/structure.h"
#include "passes/memory/arrange.h"
#include "passes/memory/demand.h"
#include "passes/memory/search.h"
#include "passes/pass.h"

namespace gradus {

Graph plan_buffers(const Graph& graph, PassContext& context) {
  Rewriter rewriter(graph, "plan-buffers", {true, context.node_limit, context.ids});
  std::map<uint32_t, std::shared_ptr<const Graph>> bodies;  // of scans and calls, planned
  std::vector<std::vector<int64_t>> scratch(graph.size());
  for (uint32_t i : rewriter.live()) {
    const Node& node = graph.node(i);
    if (runs_kernels(node)) {
      bodies[i] =
          rewriter.rewritten(node.body, [&](const Graph& body) { return plan_buffers(body, context); });
      scratch[i] = scratch_bytes(node, *bodies[i]);
    } else {
      if (!is_input(node) && !is_constant(node) && !is_kernel(node))
        fail_program(fmt::format("plan-buffers: %{} '{}' is in no kernel", node.id, node.op->name), {},
                     "run the pass `fuse` before it");
      scratch[i] = scratch_bytes(node);
    }
  }
  const Demand demand(graph, std::move(scratch));
  const Demand::InSequence wanted = demand.in_sequence(rewriter.live());
  const Arrangement arrangement = arrange(wanted.pieces);

  std::vector<std::vector<Placement>> places(graph.size()), scratch_places(graph.size());
  for (uint32_t i : demand.kernels())
    for (const std::optional<Placement>& place : wanted.outside[i])
      places[i].push_back(place.value_or(Placement{}));
  for (size_t p = 0; p < wanted.pieces.size(); ++p) {
    const Piece& piece = wanted.pieces[p];
    const Placement place{Placement::Kind::workspace, arrangement.offsets[p]};
    if (piece.is_scratch)
      scratch_places[piece.node].push_back(place);
    else
      places[piece.node][piece.index] = place;
  }
  for (uint32_t i : rewriter.live()) {
    const Node& node = graph.node(i);
    if (places[i].empty()) {
      rewriter.keep(i);
      continue;
    }
    Attributes attributes = node.attributes;
    attributes.set("place", to_string(places[i]));
    if (!scratch_places[i].empty()) attributes.set("scratch", to_string(scratch_places[i]));
    if (runs_kernels(node))
      rewriter.keep_as(i, std::move(attributes), bodies.at(i));
    else
      rewriter.keep_with(i, std::move(attributes));
  }
  Attributes header = graph.header();
  header.set("workspace", arrangement.bytes);
  header.set("workspace_lower_bound", lower_bound(graph, demand, peak(wanted.pieces)));
  rewriter.builder().set_header(std::move(header));
  return std::move(rewriter).finish();
}

}  // namespace gradus
