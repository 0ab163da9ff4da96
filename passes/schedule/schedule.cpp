// schedule: decides for every kernel how its loops are cut, ordered and shared out to threads.
//
// Attribute `schedule` of a kernel (ir/schedule.h), from its body, the target and what candidates are
// estimated to cost (choose.h). A schedule that a kernel has stays; one that the caller gives by the kernel's
// name takes the place of either. An op that stands by itself becomes a kernel of one node. No result depends
// on it.
#include "ir/schedule.h"

#include <fmt/format.h>

#include "ir/kernel/legal.h"
#include "ir/kernel/name.h"
#include "ir/kernel/single.h"
#include "ir/op.h"
#include "ir/structure.h"
#include "passes/fuse/kernel_kind.h"
#include "passes/pass.h"
#include "passes/schedule/choose.h"
#include "passes/schedule/overrides.h"

namespace gradus {

namespace {

class Scheduler {
 public:
  Scheduler(const Graph& graph, PassContext& context)
      : graph_(graph),
        context_(context),
        rewriter_(graph, "schedule", {true, context.node_limit, context.ids}) {}

  Graph run() {
    const auto scheduled = [this](const Graph& body) { return schedule(body, context_); };
    for (const uint32_t i : rewriter_.live()) {
      const Node& node = graph_.node(i);
      if (is_kernel(node))
        rewriter_.keep_with(i, with_schedule(node.attributes, *node.body));
      else if (runs_kernels(node))
        rewriter_.keep_body(i, rewriter_.rewritten(node.body, scheduled));
      else if (is_input(node) || is_constant(node) || node.body)
        rewriter_.keep(i);
      else
        wrap(i);
    }
    return std::move(rewriter_).finish();
  }

 private:
  Attributes with_schedule(Attributes attributes, const Graph& body) {
    if (context_.schedules)
      if (const auto it = context_.schedules->find(kernel_name(body)); it != context_.schedules->end()) {
        attributes.set("schedule", overridden(it->second, body));
        return attributes;
      }
    if (!attributes.has("schedule"))
      attributes.set("schedule", to_string(choose_schedule(body, context_.target), body));
    return attributes;
  }

  static std::string overridden(ScheduleOverride& given, const Graph& body) {
    given.used = true;
    try {
      const Schedule schedule = parse_schedule(given.text, body);
      check_schedule(body, schedule);
      return to_string(schedule, body);
    } catch (const ShapeError& error) {
      fail_program(error.what(), given.span, error.hint);
    }
  }

  void wrap(uint32_t i) {
    const Node& node = graph_.node(i);
    auto body = single_node_body(graph_, i, {true, context_.node_limit, context_.ids});
    rewriter_.at(i);
    const Attributes kind = {{"kind", std::string(name(kernel_kind(node)))}};
    const Value kernel =
        rewriter_.builder().add(OpId::kernel, rewriter_.map(node.operands), with_schedule(kind, *body), body);
    std::vector<Value> results;
    for (uint32_t r = 0; r < node.types.size(); ++r) results.push_back({kernel.node, r});
    rewriter_.replace(i, results);
  }

  const Graph& graph_;
  PassContext& context_;
  Rewriter rewriter_;
};

}  // namespace

Graph schedule(const Graph& graph, PassContext& context) { return Scheduler(graph, context).run(); }

}  // namespace gradus
