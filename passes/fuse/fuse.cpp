// fuse: groups nodes into kernels, so that intermediate values stay in registers.
//
// Walks from users to producers. A map node joins the kernel that alone reads it; a reduction or contraction
// joins the elementwise kernel that reads it element by element, which so becomes its epilogue; nodes that
// compute nothing (shape ops, constants) are repeated wherever they are read. A second walk merges an
// elementwise kernel into its producer of the same shape where that makes no cycle, and reductions over the
// last axes with each other and with what lies between them: softmax, cross-entropy and layer norm become one
// kernel that works row by row (ir/row_form.h). Everything else is a kernel by itself.
//
// What lowering would have to copy is copied by kernels (ir/copies.h): a result that is an input, a state
// that takes the old value of another one, what lies otherwise than its reader takes it.
//
// Does not change any value: what a kernel computes is the composition of its nodes, and every sum keeps its
// order. Does not fuse anything into the operands of contractions beyond reshapes, nor across the border of a
// call or loop.
#include <map>

#include "ir/build.h"
#include "ir/copies.h"
#include "ir/op.h"
#include "ir/structure.h"
#include "passes/fuse/kernel_body.h"
#include "passes/fuse/kernel_groups.h"
#include "passes/pass.h"

namespace gradus {

namespace {

// Makes the graph of kernels, a group after its producers.
class Emission {
 public:
  Emission(const Graph& graph, PassContext& context)
      : graph_(graph),
        context_(context),
        groups_(graph),
        rewriter_(graph, "fuse", {true, context.node_limit, context.ids}),
        done_(groups_.size(), false) {}

  Graph run() && {
    for (uint32_t i : rewriter_.live())
      if (groups_.live(i) && groups_.kind(i) == KernelKind::source) rewriter_.keep(i);
    for (uint32_t i : rewriter_.live())
      for (uint32_t r = 0; r < graph_.node(i).types.size(); ++r)
        if (const size_t group = groups_.group_of({i, r}); group != KernelGroups::no_group)
          emit_with_producers(group);
    for (uint32_t i : rewriter_.live()) {
      if (groups_.kind(i) == KernelKind::source) continue;
      std::vector<Value> values;
      for (uint32_t r = 0; r < graph_.node(i).types.size(); ++r) {
        auto it = mapped_.find({i, r});
        values.push_back(it == mapped_.end() ? Value{} : it->second);
      }
      rewriter_.replace(i, std::move(values));
    }
    return std::move(rewriter_).finish();
  }

 private:
  Value look_up(Value value) const {
    return rewriter_.mapped(value) ? rewriter_.map(value) : mapped_.at(value);
  }
  std::vector<Value> look_up(const std::vector<Value>& values) const {
    std::vector<Value> result;
    for (Value value : values) result.push_back(look_up(value));
    return result;
  }

  // A chain of producers may be longer than the stack is deep.
  void emit_with_producers(size_t last) {
    struct Pending {
      size_t index;
      bool has_producers;  // made already
    };
    std::vector<Pending> pending = {{last, false}};
    while (!pending.empty()) {
      const auto [index, has_producers] = pending.back();
      pending.pop_back();
      if (done_[index]) continue;
      if (has_producers) {
        done_[index] = true;
        emit(index);
        continue;
      }
      pending.push_back({index, true});
      const std::set<size_t> producers = groups_.producers(index);
      for (auto producer = producers.rbegin(); producer != producers.rend(); ++producer)
        pending.push_back({*producer, false});
    }
  }

  void emit(size_t index) {
    const KernelGroup& group = groups_.group(index);
    Origins origins;
    for (uint32_t i : group.nodes)
      origins.insert(origins.end(), graph_.origins(i).begin(), graph_.origins(i).end());
    const OriginScope scope(rewriter_.builder(), origins);
    rewriter_.builder().set_derivative(std::all_of(group.nodes.begin(), group.nodes.end(),
                                                   [&](uint32_t i) { return graph_.node(i).derivative; }));
    const std::vector<Value> yields = groups_.yields(index);
    const Node& first = graph_.node(group.nodes[0]);
    const bool has_body = !group.check_only && first.body;
    const Value made = has_body ? emit_body(group.nodes[0]) : emit_kernel(index, yields);
    for (uint32_t k = 0; k < yields.size(); ++k) mapped_[yields[k]] = {made.node, k};
  }

  // A kernel stays what it is, so that the pass applies to its own output.
  Value emit_body(uint32_t i) {
    const Node& node = graph_.node(i);
    const auto fused = [this](const Graph& body) { return fuse(body, context_); };
    rewriter_.builder().prefer_id(node.id);
    return rewriter_.builder().add(*node.op, look_up(node.operands), node.attributes,
                                   is_kernel(node) ? node.body : rewriter_.rewritten(node.body, fused));
  }

  Value emit_kernel(size_t index, const std::vector<Value>& yields) {
    KernelBody body(groups_, index, rewriter_.builder().ids());
    for (Value value : yields) body.yield(value);
    std::vector<Value> operands = look_up(body.operands());
    return rewriter_.builder().add(OpId::kernel, std::move(operands),
                                   {{"kind", std::string(name(groups_.group(index).kind))}},
                                   std::make_shared<const Graph>(std::move(body).finish()));
  }

  const Graph& graph_;
  PassContext& context_;
  KernelGroups groups_;
  Rewriter rewriter_;
  std::vector<bool> done_;
  std::map<Value, Value> mapped_;  // old value to new
};

}  // namespace

Graph fuse(const Graph& graph, PassContext& context) {
  if (needs_copies(graph)) return fuse(with_copies(graph, context.ids), context);
  return Emission(graph, context).run();
}

}  // namespace gradus
