#include "codegen/lower/kernel.h"

#include <fmt/format.h>

#include <algorithm>

#include "codegen/lower/row.h"
#include "ir/error.h"
#include "ir/op.h"
#include "ir/structure.h"

namespace gradus::lowering {

using loop::BufferRole;

Kernel::Kernel(std::string kernel_name, const Graph& body, const std::vector<int64_t>& alias,
               const Schedule& schedule, const Target& target)
    : body(body),
      schedule(schedule),
      target(target),
      name(std::move(kernel_name)),
      stages(body),
      alias(alias),
      f(name),
      values(f, body) {
  place_inputs();
  for (size_t r = 0; r < body.results().size(); ++r) {
    const Type& t = type(body.results()[r].value);
    results.push_back(
        alias[r] >= 0 ? values.placed(body.inputs()[static_cast<size_t>(alias[r])].value)
                      : f.parameter(fmt::format("out{}", r), BufferRole::write, t.element, stored_count(t)));
  }
  const std::vector<bool> live = live_nodes(body);
  for (uint32_t i = 0; i < body.size(); ++i) {
    const Node& node = body.node(i);
    if (!live[i] || !is_table(node)) continue;
    lowered.tables.push_back({i, 0});
    values.place({i, 0}, f.parameter(fmt::format("table{}", values.number(node)), BufferRole::read,
                                     node.types[0].element, element_count(node.types[0].shape)));
  }
  if (is_by_rows(schedule)) return;
  place_scratch();
  place_stored();
}

void Kernel::place_inputs() {
  for (size_t i = 0; i < body.inputs().size(); ++i) {
    const Input& input = body.inputs()[i];
    const bool updated = std::find(alias.begin(), alias.end(), static_cast<int64_t>(i)) != alias.end();
    const Type& t = type(input.value);
    values.place(input.value,
                 f.parameter(input.name.empty() ? fmt::format("in{}", i) : input.name,
                             updated ? BufferRole::update : BufferRole::read, t.element, stored_count(t)));
  }
}

void Kernel::place_scratch() {
  lowered.scratch = kernel_scratch(stages, schedule);
  const auto parameter = [&](const std::string& role, const KernelScratch& need) {
    return f.parameter(role, BufferRole::write, need.element, need.count);
  };
  for (const KernelScratch& need : lowered.scratch) {
    switch (need.use) {
      case KernelScratch::Use::home:
        values.place(need.value, parameter(fmt::format("v{}", values.number(body.node(need.value))), need));
        break;
      case KernelScratch::Use::work:
        work_[need.stage] = parameter("work", need);
        break;
    }
  }
}

// What a stage stores and no scratch holds is the first result that it is.
void Kernel::place_stored() {
  for (size_t stage = 0; stage < stages.all().size(); ++stage) {
    if (stages.has_epilogue(stage, schedule) && !stages.epilogue(stage).stores_contraction()) continue;
    const uint32_t node = node_of(stage);
    for (uint32_t r = stages.all()[stage].check ? 1 : 0; r < body.node(node).types.size(); ++r) {
      const Value value{node, r};
      const auto is_it = [&](const NamedValue& result) { return result.value == value; };
      if (values.is_placed(value)) continue;
      const auto result = std::find_if(body.results().begin(), body.results().end(), is_it);
      values.place(value, results[static_cast<size_t>(result - body.results().begin())]);
    }
  }
}

std::string Kernel::helper_name(const std::string& purpose) {
  const int others = helpers_[purpose]++;
  return others == 0 ? fmt::format("{}_{}", name, purpose)
                     : fmt::format("{}_{}_{}", name, purpose, others + 1);
}

int64_t iterations_of_task(int64_t grain, int64_t points, int64_t count) {
  if (grain == 0) return count;
  const int64_t wanted = (grain - 1) / std::max<int64_t>(points, 1) + 1;
  return wanted > count / 2 ? count : wanted;
}

namespace {

// Every chain is its beginning, +0.
void lower_zeros(Kernel& kernel, size_t stage) {
  const Value value{kernel.node_of(stage), 0};
  const Type& type = kernel.type(value);
  const Index i = kernel.f.open_axis("i", element_count(type.shape), loop::LoopKind::vectorized);
  kernel.f.store(kernel.home(value), i, loop::constant(type.element, 0));
  kernel.f.close();
}

using Lower = void (*)(Kernel&, size_t);

// How the nodes that have a stage become loops.
constexpr struct {
  OpId op;
  Lower lower;
} stage_rules[] = {
    {OpId::sum, lower_reduction},
    {OpId::prod, lower_reduction},
    {OpId::max, lower_reduction},
    {OpId::min, lower_reduction},
    {OpId::any, lower_reduction},
    {OpId::all, lower_reduction},
    {OpId::argmax, lower_arg_reduction},
    {OpId::argmin, lower_arg_reduction},
    {OpId::cumsum, lower_cumsum},
    {OpId::dot, lower_dot},
    {OpId::conv, lower_conv},
    {OpId::reduce_window, lower_reduce_window},
    {OpId::select_and_gather, lower_select_and_gather},
    {OpId::select_and_scatter, lower_select_and_scatter},
    {OpId::scatter_add, lower_scatter_add},
    {OpId::gather, check_gather},
    {OpId::one_hot, check_one_hot},
    {OpId::sort, lower_sort},
    {OpId::top_k, lower_sort},
    {OpId::status, lower_status},
    {OpId::concat, lower_concat},
};

void lower_stage(Kernel& kernel, size_t stage) {
  const Computing scope = kernel.values.computing({kernel.node_of(stage), 0});
  const Node& node = kernel.body.node(kernel.node_of(stage));
  if (std::holds_alternative<TileSchedule>(kernel.schedule[stage])) return lower_tiles(kernel, stage);
  if (node.op->family == OpFamily::contraction && kernel.stages.all()[stage].kind == StageKind::serial)
    return lower_zeros(kernel, stage);
  const auto* rule = std::find_if(std::begin(stage_rules), std::end(stage_rules),
                                  [&](const auto& known) { return known.op == node.op->id; });
  if (rule == std::end(stage_rules))
    fail_internal(fmt::format("lowering: op '{}' has no loops", node.op->name));
  rule->lower(kernel, stage);
}

}  // namespace

LoweredKernel lower_kernel(std::string name, const Graph& body, const std::vector<int64_t>& alias,
                           const Schedule& schedule, const Target& target) {
  Kernel kernel(std::move(name), body, alias, schedule, target);
  if (is_by_rows(schedule)) {
    lower_rows(kernel);
  } else {
    for (size_t stage = 0; stage < kernel.stages.all().size(); ++stage) lower_stage(kernel, stage);
    for (const std::vector<size_t>& results : kernel.stages.map_loops(kernel.schedule))
      lower_map(kernel, results, std::get<MapSchedule>(kernel.schedule.back()));
  }
  kernel.lowered.name = kernel.name;
  kernel.lowered.functions.push_back(std::move(kernel.f).finish());
  return std::move(kernel.lowered);
}

}  // namespace gradus::lowering
