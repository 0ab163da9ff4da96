#include "codegen/lower/kernel.h"

#include <fmt/format.h>

#include <algorithm>

#include "codegen/lower/row.h"
#include "codegen/lower/tile.h"
#include "ir/error.h"
#include "ir/structure.h"

namespace gradus::lowering {

using loop::BufferRole;

Kernel::Kernel(std::string kernel_name, const Graph& body, const std::vector<int64_t>& alias,
               const Target& target, const ScheduleOptions& options)
    : body(body),
      target(target),
      options(options),
      name(std::move(kernel_name)),
      alias(alias),
      f(name),
      values(f, body) {
  for (size_t i = 0; i < body.inputs().size(); ++i) {
    const Input& input = body.inputs()[i];
    const bool updated = std::find(alias.begin(), alias.end(), static_cast<int64_t>(i)) != alias.end();
    const Type& t = type(input.value);
    values.place(input.value,
                 f.parameter(input.name.empty() ? fmt::format("in{}", i) : input.name,
                             updated ? BufferRole::update : BufferRole::read, t.element, stored_count(t)));
  }
  for (size_t r = 0; r < body.results().size(); ++r) {
    const Type& t = type(body.results()[r].value);
    results.push_back(
        alias[r] >= 0 ? values.placed(body.inputs()[static_cast<size_t>(alias[r])].value)
                      : f.parameter(fmt::format("out{}", r), BufferRole::write, t.element, stored_count(t)));
  }
  const std::vector<bool> live = live_nodes(body);
  for (uint32_t i = 0; i < body.size(); ++i) {
    const Node& node = body.node(i);
    if (!live[i] || !is_constant(node) || !node.attributes.has("values")) continue;
    lowered.tables.push_back({i, 0});
    values.place({i, 0}, f.parameter(fmt::format("table{}", values.number(node)), BufferRole::read,
                                     node.types[0].element, element_count(node.types[0].shape)));
  }
}

int64_t Kernel::scratch(const std::string& role, ElementType element, int64_t count) {
  lowered.scratch.push_back({element, count});
  return f.parameter(role, BufferRole::write, element, count);
}

std::optional<Kernel::InMemory> Kernel::viewed(Value value, const Indices& tuple) {
  const auto read = gradus::viewed(body, value, tuple, f.space,
                                   [this](Value candidate) { return values.is_placed(candidate); });
  if (!read) return std::nullopt;
  return InMemory{values.placed(read->value), values.position(read->value, read->tuple)};
}

std::string Kernel::helper_name(const std::string& role) {
  const int others = helpers_[role]++;
  return others == 0 ? fmt::format("{}_{}", name, role) : fmt::format("{}_{}_{}", name, role, others + 1);
}

int64_t Kernel::home(Value value) {
  if (values.is_placed(value)) return values.placed(value);
  for (size_t r = 0; r < results.size(); ++r)
    if (body.results()[r].value == value && alias[r] < 0 && type(value).layout.is_default()) {
      values.place(value, results[r]);
      return results[r];
    }
  const Type& t = type(value);
  const int64_t buffer =
      scratch(fmt::format("v{}", values.number(body.node(value))), t.element, element_count(t.shape));
  values.place(value, buffer);
  return buffer;
}

namespace {

// A contraction over nothing: every chain is its beginning, +0.
void lower_zeros(Kernel& kernel, uint32_t node) {
  const Type& type = kernel.body.node(node).types[0];
  const int64_t buffer = kernel.home({node, 0});
  const Index i = kernel.f.open_axis("i", element_count(type.shape), loop::LoopKind::vectorized);
  kernel.f.store(buffer, i, loop::constant(type.element, 0));
  kernel.f.close();
}

bool contracts_nothing(const Graph& body, uint32_t i) {
  const Node& node = body.node(i);
  if (node.op->family != OpFamily::contraction) return false;
  const auto is_empty = [](const Type& type) { return element_count(type.shape) == 0; };
  return is_empty(node.types[0]) || std::any_of(node.operands.begin(), node.operands.end(),
                                                [&](Value v) { return is_empty(body.type(v)); });
}

// Pulled, a concat is a chain of choices among all of its parts in every reader.
constexpr size_t most_pulled_parts = 16;

using Lower = void (*)(Kernel&, uint32_t);

// How a node that is not computed where it is read becomes loops of its own.
struct StageRule {
  OpId op;
  Lower lower = nullptr;  // none: it is computed where it is read
  StageScratch (*scratch)(Kernel&, uint32_t) = nullptr;
  std::unique_ptr<TiledContraction> (*tiled)(Kernel&, uint32_t) = nullptr;  // null where tiles do not fit
  Lower second = nullptr;  // the second result alone, if the first is computed where it is read
};

std::unique_ptr<TiledContraction> plan_tiled_convolution(Kernel& kernel, uint32_t node) {
  auto convolution = plan_tiled_conv(kernel, node);
  return convolution ? std::move(convolution) : plan_tiled_filter_gradient(kernel, node);
}

constexpr StageRule stage_rules[] = {
    {OpId::sum, lower_reduction, reduction_scratch},
    {OpId::prod, lower_reduction, reduction_scratch},
    {OpId::max, lower_reduction, reduction_scratch},
    {OpId::min, lower_reduction, reduction_scratch},
    {OpId::any, lower_reduction, reduction_scratch},
    {OpId::all, lower_reduction, reduction_scratch},
    {OpId::argmax, lower_arg_reduction},
    {OpId::argmin, lower_arg_reduction},
    {OpId::cumsum, lower_cumsum},
    {OpId::dot, lower_dot, nullptr, plan_tiled_dot},
    {OpId::conv, lower_conv, nullptr, plan_tiled_convolution},
    {OpId::reduce_window, lower_reduce_window},
    {OpId::select_and_gather, lower_select_and_gather},
    {OpId::select_and_scatter, lower_select_and_scatter},
    {OpId::scatter_add, lower_scatter_add},
    {OpId::gather, nullptr, nullptr, nullptr, check_gather},
    {OpId::one_hot, nullptr, nullptr, nullptr, check_one_hot},
    {OpId::sort, lower_sort, sort_scratch},
    {OpId::top_k, lower_top_k, top_k_scratch},
    {OpId::status, lower_status},
    {OpId::concat, lower_concat},
};

StageRule stage_rule(const Graph& body, uint32_t index) {
  const Node& node = body.node(index);
  if (contracts_nothing(body, index)) return {node.op->id, lower_zeros};
  const auto* rule = std::find_if(std::begin(stage_rules), std::end(stage_rules),
                                  [&](const StageRule& known) { return known.op == node.op->id; });
  if (rule == std::end(stage_rules)) return {node.op->id};
  const bool pulled = rule->lower == lower_concat && node.operands.size() <= most_pulled_parts;
  return pulled ? StageRule{node.op->id} : *rule;
}

}  // namespace

LoweredKernel lower_kernel(std::string name, const Graph& body, const std::vector<int64_t>& alias,
                           const Target& target, const ScheduleOptions& options) {
  Kernel kernel(std::move(name), body, alias, target, options);
  if (options.tiles && lower_rows(kernel)) {
    kernel.lowered.name = kernel.name;
    kernel.lowered.functions.push_back(std::move(kernel.f).finish());
    return std::move(kernel.lowered);
  }
  const std::vector<bool> live = live_nodes(body);
  struct Stage {
    uint32_t node;
    StageRule rule;
    std::unique_ptr<TiledContraction> tiled;
  };
  std::vector<Stage> stages;
  std::vector<bool> second_result(body.size(), false);
  for (uint32_t i = 0; i < body.size(); ++i)
    for (Value operand : body.node(i).operands)
      if (live[i] && operand.result > 0) second_result[operand.node] = true;
  for (const NamedValue& result : body.results())
    if (result.value.result > 0) second_result[result.value.node] = true;
  for (uint32_t i = 0; i < body.size(); ++i) {
    if (!live[i]) continue;
    const StageRule rule = stage_rule(body, i);
    if (rule.lower || (rule.second && second_result[i])) stages.push_back({i, rule, nullptr});
  }
  // Memory first: parameters come before all locals.
  for (Stage& stage : stages) {
    const Node& node = body.node(stage.node);
    if (options.tiles && stage.rule.tiled) stage.tiled = stage.rule.tiled(kernel, stage.node);
    if (stage.tiled) continue;
    for (uint32_t r = stage.rule.lower ? 0 : 1; r < node.types.size(); ++r) kernel.home({stage.node, r});
    if (!stage.rule.scratch) continue;
    if (const StageScratch needed = stage.rule.scratch(kernel, stage.node); needed.count > 0)
      kernel.set_stage_scratch(stage.node, kernel.scratch(needed.role, needed.element, needed.count));
  }
  for (Stage& stage : stages)
    if (stage.tiled)
      stage.tiled->emit();
    else
      (stage.rule.lower ? stage.rule.lower : stage.rule.second)(kernel, stage.node);

  std::vector<size_t> rest;
  for (size_t r = 0; r < kernel.results.size(); ++r) {
    const Value value = body.results()[r].value;
    if (std::find(kernel.done.begin(), kernel.done.end(), r) != kernel.done.end()) continue;
    if (kernel.values.is_placed(value) && kernel.values.placed(value) == kernel.results[r]) continue;
    rest.push_back(r);
  }
  while (!rest.empty()) {
    std::vector<size_t> same, others;
    const auto count = [&](size_t r) { return element_count(kernel.type(body.results()[r].value).shape); };
    for (size_t r : rest) (count(r) == count(rest[0]) ? same : others).push_back(r);
    lower_map(kernel, same);
    rest = std::move(others);
  }
  kernel.lowered.name = kernel.name;
  kernel.lowered.functions.push_back(std::move(kernel.f).finish());
  return std::move(kernel.lowered);
}

}  // namespace gradus::lowering
