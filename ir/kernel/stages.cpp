#include "ir/kernel/stages.h"

#include <algorithm>
#include <limits>

#include "ir/ops/convolution.h"
#include "ir/structure.h"

namespace gradus {

namespace {

constexpr size_t none = std::numeric_limits<size_t>::max();

// Pulled, what is read by cases is a chain of choices among all of its operands in every reader.
constexpr size_t most_pulled_cases = 16;

bool has_many_cases(const Graph& body, const Node& node) {
  if (node.operands.size() <= most_pulled_cases) return false;
  const std::vector<AccessMap> maps = node_access(body, node).operands;
  return std::count_if(maps.begin(), maps.end(), is_read_by_cases) > std::ptrdiff_t{most_pulled_cases};
}

// A contraction over nothing: every chain is its beginning, +0.
bool contracts_nothing(const Graph& body, const Node& node) {
  const auto is_empty = [](const Type& type) { return element_count(type.shape) == 0; };
  return is_empty(node.types[0]) || std::any_of(node.operands.begin(), node.operands.end(),
                                                [&](Value v) { return is_empty(body.type(v)); });
}

// The kind of the loops that a node needs; nothing if it is computed where it is read.
std::optional<StageKind> kind_of(const Graph& body, const Node& node) {
  switch (node.op->traits.access) {
    case Access::outside:
    case Access::generated:
    case Access::elementwise:
    case Access::view:
      return std::nullopt;
    case Access::computed_view:
      if (has_many_cases(body, node)) return StageKind::map;
      return std::nullopt;
    case Access::reduction:
      return StageKind::reduction;
    case Access::search:
    case Access::window:
    case Access::running:
      return StageKind::outputs;
    case Access::contraction:
      return contracts_nothing(body, node) ? StageKind::serial : StageKind::contraction;
    case Access::scatter:
      return StageKind::scatter;
    case Access::ordering:
      return StageKind::sort;
    case Access::opaque:
      return StageKind::serial;
  }
  return std::nullopt;
}

}  // namespace

bool is_table(const Node& node) { return is_constant(node) && node.attributes.has("values"); }

bool is_by_rows(const Schedule& schedule) {
  return schedule.size() == 1 && std::holds_alternative<RowsSchedule>(schedule[0]);
}

KernelStages::KernelStages(const Graph& body)
    : body_(body), table_(body.size(), false), stage_of_(body.size(), none) {
  const std::vector<bool> live = live_nodes(body);
  std::vector<bool> second(body.size(), false);  // whether a second result is read
  for (uint32_t i = 0; i < body.size(); ++i)
    for (Value operand : body.node(i).operands)
      if (live[i] && operand.result > 0) second[operand.node] = true;
  for (const NamedValue& result : body.results())
    if (result.value.result > 0) second[result.value.node] = true;
  for (uint32_t i = 0; i < body.size(); ++i) {
    if (!live[i]) continue;
    const Node& node = body.node(i);
    table_[i] = is_table(node);
    const std::optional<StageKind> kind = kind_of(body, node);
    if (!kind && !second[i]) continue;
    stage_of_[i] = stages_.size();
    stages_.push_back({kind.value_or(StageKind::serial), i, !kind});
  }
}

bool KernelStages::is_placed(Value value, size_t stage) const {
  const size_t own = stage_of_[value.node];
  if (own != none) return own < stage && !(stages_[own].check && value.result == 0);
  return is_input(body_.node(value)) || table_[value.node];
}

Epilogue KernelStages::epilogue(size_t stage) const {
  return {body_, {stages_[stage].node, 0}, [this, stage](Value value) { return is_placed(value, stage); }};
}

bool KernelStages::has_epilogue(size_t stage, const Schedule& schedule) const {
  if (stages_[stage].kind != StageKind::contraction || stage >= schedule.size()) return false;
  const auto* tile = std::get_if<TileSchedule>(&schedule[stage]);
  return tile && tile->tile.size() == 2;
}

std::vector<size_t> KernelStages::map_results(const Schedule& schedule) const {
  std::vector<bool> done(body_.results().size(), false);
  for (size_t stage = 0; stage < stages_.size(); ++stage) {
    if (has_epilogue(stage, schedule)) {
      const Epilogue own = epilogue(stage);
      for (const size_t r : own.fused()) done[r] = true;
    }
    // What a stage stores is the first result that it is.
    for (uint32_t result = 0; result < body_.node(stages_[stage].node).types.size(); ++result) {
      const Value value{stages_[stage].node, result};
      if (!is_placed(value, stages_.size()) || !body_.type(value).layout.is_default()) continue;
      for (size_t r = 0; r < done.size(); ++r)
        if (body_.results()[r].value == value) {
          done[r] = true;
          break;
        }
    }
  }
  std::vector<size_t> left;
  for (size_t r = 0; r < done.size(); ++r)
    if (!done[r]) left.push_back(r);
  return left;
}

std::vector<std::vector<size_t>> KernelStages::map_loops(const Schedule& schedule) const {
  const auto type_of = [&](size_t r) -> const Type& { return body_.type(body_.results()[r].value); };
  std::vector<std::vector<size_t>> loops;
  for (const size_t r : map_results(schedule)) {
    const auto shares = [&](const std::vector<size_t>& loop) {
      return type_of(r).layout.is_default() && type_of(loop[0]).layout.is_default() &&
             element_count(type_of(r).shape) == element_count(type_of(loop[0]).shape);
    };
    const auto shared = std::find_if(loops.begin(), loops.end(), shares);
    if (shared == loops.end())
      loops.push_back({r});
    else
      shared->push_back(r);
  }
  return loops;
}

}  // namespace gradus
