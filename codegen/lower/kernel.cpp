#include "codegen/lower/kernel.h"

#include <fmt/format.h>

#include <algorithm>

#include "codegen/lower/row.h"
#include "codegen/lower/tile.h"
#include "ir/error.h"

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
    values.place(input.value, f.parameter(input.name.empty() ? fmt::format("in{}", i) : input.name,
                                          updated ? BufferRole::update : BufferRole::read, t.element,
                                          element_count(t.shape)));
  }
  for (size_t r = 0; r < body.results().size(); ++r) {
    const Type& t = type(body.results()[r].value);
    results.push_back(alias[r] >= 0 ? values.placed(body.inputs()[static_cast<size_t>(alias[r])].value)
                                    : f.parameter(fmt::format("out{}", r), BufferRole::write, t.element,
                                                  element_count(t.shape)));
  }
  const std::vector<bool> live = live_nodes(body);
  for (uint32_t i = 0; i < body.size(); ++i) {
    const Node& node = body.node(i);
    if (!live[i] || node.op->id != OpId::constant || !node.attributes.has("values")) continue;
    lowered.tables.push_back({i, 0});
    values.place({i, 0}, f.parameter(fmt::format("table{}", values.number(node)), BufferRole::read,
                                     node.types[0].element, element_count(node.types[0].shape)));
  }
}

int64_t Kernel::scratch(const std::string& role, ElementType element, int64_t count) {
  lowered.scratch.push_back({element, count});
  return f.parameter(role, BufferRole::write, element, count);
}

int64_t Kernel::home(Value value) {
  if (values.is_placed(value)) return values.placed(value);
  for (size_t r = 0; r < results.size(); ++r)
    if (body.results()[r].value == value && alias[r] < 0) {
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

using Family = void (*)(Kernel&, uint32_t);

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

Family family(const Graph& body, uint32_t node) {
  if (contracts_nothing(body, node)) return lower_zeros;
  const Op& op = *body.node(node).op;
  switch (op.traits.access) {
    case Access::reduction:
      return lower_reduction;
    case Access::search:
      return lower_arg_reduction;
    case Access::contraction:
      return lower_contraction;
    case Access::window:
      return lower_window;
    default:
      break;
  }
  switch (op.id) {
    case OpId::cumsum:
      return lower_cumulative;
    case OpId::scatter_add:
      return lower_indexed;
    case OpId::status:
      return lower_status;
    case OpId::sort:
    case OpId::top_k:
      return lower_sort;
    case OpId::concat:
      return body.node(node).operands.size() > most_pulled_parts ? lower_joined : nullptr;
    default:
      return nullptr;
  }
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
    Family lower;
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
    if (Family lower_family = family(body, i))
      stages.push_back({i, lower_family, nullptr});
    else if (second_result[i])
      stages.push_back({i, lower_indexed, nullptr});  // the first bad index of a gather or one_hot
  }
  // Memory first: parameters come before all locals.
  for (Stage& stage : stages) {
    const Node& node = body.node(stage.node);
    if (options.tiles && stage.lower == lower_contraction)
      stage.tiled = plan_tiled_contraction(kernel, stage.node);
    if (stage.tiled) continue;
    for (uint32_t r = 0; r < node.types.size(); ++r)
      if (r > 0 || family(body, stage.node)) kernel.home({stage.node, r});
    if (const int64_t count = sort_scratch(kernel, stage.node); count > 0)
      kernel.set_stage_scratch(stage.node, kernel.scratch("order", ElementType::i32, count));
    if (node.op->traits.access != Access::reduction) continue;
    if (const int64_t count = reduction_scratch(kernel, stage.node); count > 0)
      kernel.set_stage_scratch(stage.node, kernel.scratch("blocks", node.types[0].element, count));
  }
  for (Stage& stage : stages)
    if (stage.tiled)
      stage.tiled->emit();
    else
      stage.lower(kernel, stage.node);

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
