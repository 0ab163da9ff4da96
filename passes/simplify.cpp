// simplify: algebraic identities, constant folding, cancellation of shape ops, dead code.
//
// What a user wrote keeps its IEEE meaning, infinities, NaN and the sign of zero included; the derivatives
// that `differentiate` made keep every finite result to tolerance and may become finite (x * 0, x / x), never
// the reverse. Looks neither through values that a gradient is taken by, and drops marks that none is taken
// by. Once no gradient node is left it also drops the results of `scan` that nobody reads. Does not reorder
// sums and does not fuse.
#include "passes/simplify_rules.h"

#include <array>

#include "ir/op.h"
#include "ir/structure.h"

namespace gradus {

namespace {

constexpr std::array<Peephole::Rule, 5> rules = {
    simplify_rules::fold_constants, simplify_rules::algebra,      simplify_rules::derivatives,
    simplify_rules::shapes,         simplify_rules::contractions,
};

// One index per row: nothing is accumulated, and a select joins any kernel. (A −0 stays −0, where 0 + −0 is
// 0.)
bool scatter_of_one(Rewriter& rewriter, Peephole&, uint32_t index) {
  const Node& node = rewriter.old().node(index);
  if (node.op->id != OpId::scatter_add) return false;
  const auto batch = node.attributes.integer_or("batch", 0);
  const Type& updates = rewriter.old().type(node.operands[0]);
  if (updates.rank() != batch || rewriter.old().type(node.operands[1]).rank() != batch) return false;
  rewriter.at(index);
  GraphBuilder& b = rewriter.builder();
  Attributes attributes = {{"depth", node.attributes.integer("size")}, {"element", ElementType::boolean}};
  if (const AttributeValue* check = node.attributes.find("check")) attributes.set("check", *check);
  const Value hot = b.add(OpId::one_hot, {rewriter.map(node.operands[1])}, std::move(attributes));
  const Value wide = build::broadcast(b, rewriter.map(node.operands[0]), node.types[0].shape,
                                      build::all_axes(updates.shape));
  const Value zero = build::constant(b, node.types[0], 0);
  rewriter.replace(index, {build::select(b, hot, wide, zero), {hot.node, 1}});
  return true;
}

}  // namespace

Graph simplify(const Graph& graph, PassContext& context) {
  constexpr int most_rounds = 4;  // a rewrite can open another further up; chains longer than this are rare
  const SpecialRule special = has_gradient(graph) ? nullptr : scatter_of_one;
  Graph current = rewrite(graph, "simplify", rules, special, context);
  for (int round = 1; round < most_rounds; ++round) {
    Graph next = rewrite(current, "simplify", rules, special, context);
    if (same_structure(current, next)) break;
    current = std::move(next);
  }
  return has_gradient(current) ? current : simplify_rules::drop_unread_results(current, context);
}

}  // namespace gradus
