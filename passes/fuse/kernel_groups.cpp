#include "passes/fuse/kernel_groups.h"

#include <algorithm>

#include "ir/op.h"
#include "passes/fuse/acyclic_groups.h"
#include "passes/fuse/kernel_rules.h"

namespace gradus {

namespace {

// Bounds the depth of what lowering pulls, and with it the registers that a kernel needs.
constexpr size_t most_nodes = 256;
// A node that computes nothing is repeated in every reader, with what it reads: longer chains go to memory.
constexpr uint32_t most_views = 16;

}  // namespace

KernelGroups::KernelGroups(const Graph& graph)
    : graph_(graph),
      users_(users(graph)),
      live_(graph.size(), false),
      materialize_(graph.size(), false),
      escapes_(graph.size(), false),
      identity_(graph.size(), false),
      expansion_(graph.size(), 1),
      paths_(graph.size()),
      group_of_(graph.size(), no_group) {
  find_live();
  find_materialized();
  for (uint32_t i = static_cast<uint32_t>(graph_.size()); i-- > 0;)
    if (live_[i]) assign(i);
  add_check_groups();
  merge_into_producers();
  for (KernelGroup& group : groups_) std::sort(group.nodes.begin(), group.nodes.end());
}

bool KernelGroups::repeated(uint32_t i) const {
  return is_free(node(i)) && kind(i) == KernelKind::map && !materialize_[i];
}

void KernelGroups::require(Value value) {
  if (kind(value.node) != KernelKind::source && !is_check(value)) materialize_[value.node] = true;
}

bool KernelGroups::reads(uint32_t user, uint32_t i) const {
  if (!live_[user]) return checked_.count(user) && indices_of(user).node == i;
  const std::vector<Value>& operands = node(user).operands;
  return std::any_of(operands.begin(), operands.end(), [&](Value v) { return v.node == i && !is_check(v); });
}

void KernelGroups::find_live() {
  auto see = [&](Value value) {
    if (is_check(value))
      checked_.insert(value.node);
    else
      live_[value.node] = true;
  };
  for (const Input& input : graph_.inputs()) see(input.value);
  for (const NamedValue& result : graph_.results()) see(result.value);
  for (const Update& update : graph_.updates()) see(update.value);
  if (graph_.status()) see(graph_.status());
  for (uint32_t i = static_cast<uint32_t>(graph_.size()); i-- > 0;)
    if (live_[i])
      for (Value operand : node(i).operands) see(operand);
    else if (checked_.count(i))
      see(indices_of(i));
}

void KernelGroups::escape_through(Value value) {
  if (repeated(value.node))
    for (Value operand : node(value.node).operands) escape_through(operand);
  else
    escape(value);
}

void KernelGroups::find_materialized() {
  std::vector<uint32_t> views(graph_.size(), 0);
  for (uint32_t i = 0; i < graph_.size(); ++i) {
    if (!live_[i] || !is_free(node(i))) continue;
    for (Value operand : node(i).operands) views[i] = std::max(views[i], views[operand.node] + 1);
    if (views[i] <= most_views) continue;
    require({i, 0});
    views[i] = 0;
  }
  for (const NamedValue& result : graph_.results()) escape(result.value);
  for (const Update& update : graph_.updates()) escape(update.value);
  if (graph_.status()) escape(graph_.status());
  for (const uint32_t i : checked_) escape_through(indices_of(i));
  for (uint32_t i = 0; i < graph_.size(); ++i) {
    if (!live_[i]) continue;
    if (kind(i) == KernelKind::alone)
      for (Value operand : node(i).operands) require(operand);
    if (kind(i) == KernelKind::contraction)
      for (Value array : arrays_of_contraction(graph_, i)) require(array);
  }
}

void KernelGroups::escape(Value value) {
  require(value);
  if (value.result == 0) escapes_[value.node] = true;
}

void KernelGroups::consumers(uint32_t i, std::set<size_t>& out) const {
  for (uint32_t user : users_[i]) {
    if (!reads(user, i)) continue;
    if (repeated(user))
      consumers(user, out);
    else if (group_of_[user] != no_group)
      out.insert(group_of_[user]);
  }
}

bool KernelGroups::used_at_identity(uint32_t i) const {
  for (uint32_t user : users_[i]) {
    if (!reads(user, i)) continue;
    if (repeated(user) || node(user).op->family != OpFamily::elementwise || !identity_[user]) return false;
    if (node(user).types[0].shape != node(i).types[0].shape) return false;
  }
  return true;
}

double KernelGroups::expansion(uint32_t i) const {
  double most = 1;
  const auto own = static_cast<double>(std::max<int64_t>(1, element_count(node(i).types[0].shape)));
  for (uint32_t user : users_[i]) {
    if (!reads(user, i)) continue;
    double factor = repeated(user) ? expansion(user) : expansion_[user];
    const KernelKind user_kind = kind(user);
    if (user_kind == KernelKind::map)
      factor *= static_cast<double>(element_count(node(user).types[0].shape)) / own;
    most = std::max(most, factor);
  }
  return most;
}

bool KernelGroups::may_join(uint32_t i, const KernelGroup& group) const {
  if (group.kind == KernelKind::alone || group.nodes.size() >= most_nodes) return false;
  const bool at_identity = used_at_identity(i) && node(i).types[0].shape == group.shape;
  if (materialize_[i] && !at_identity) return false;
  switch (kind(i)) {
    case KernelKind::map:
      return map_may_join(*this, i, group);
    case KernelKind::reduction:
      return at_identity && reduction_may_join(*this, i, group);
    case KernelKind::contraction:
      return at_identity && contraction_may_join(*this, group);
    case KernelKind::rows:
    case KernelKind::alone:
    case KernelKind::source:
      return false;
  }
  return false;
}

void KernelGroups::join(uint32_t i, size_t index) {
  KernelGroup& group = groups_[index];
  group.nodes.push_back(i);
  group_of_[i] = index;
  expansion_[i] = expansion(i);
  identity_[i] = used_at_identity(i) && node(i).types[0].shape == group.shape;
  if (kind(i) == KernelKind::reduction || kind(i) == KernelKind::contraction) {
    group.heroes.push_back(i);
    group.kind = kind(i);
    // What the hero itself reads is pulled at the hero's own indices.
    identity_[i] = true;
  }
}

void KernelGroups::find_paths(uint32_t i) {
  for (uint32_t user : users_[i])
    if (reads(user, i)) paths_.read(graph_, i, user);
}

void KernelGroups::assign(uint32_t i) {
  find_paths(i);
  const KernelKind own = kind(i);
  if (own == KernelKind::source || repeated(i)) return;
  if (own != KernelKind::alone) {
    std::set<size_t> readers;
    consumers(i, readers);
    if (readers.size() == 1 && may_join(i, groups_[*readers.begin()])) {
      join(i, *readers.begin());
      return;
    }
    if (readers.empty() && !escapes_[i]) return;  // only its check is wanted
  }
  paths_.start(i);
  KernelGroup group;
  group.nodes.push_back(i);
  group.kind = own;
  group.shape = node(i).types[0].shape;
  if (own == KernelKind::reduction || own == KernelKind::contraction) group.heroes.push_back(i);
  identity_[i] = own != KernelKind::alone;
  group_of_[i] = groups_.size();
  groups_.push_back(std::move(group));
}

void KernelGroups::add_check_groups() {
  for (uint32_t i : checked_) {
    KernelGroup group;
    group.nodes = {i};
    group.kind = KernelKind::alone;
    group.check_only = true;
    check_group_of_[i] = groups_.size();
    groups_.push_back(std::move(group));
  }
}

size_t KernelGroups::group_of(Value value) const {
  if (value.result == 1)
    if (auto it = check_group_of_.find(value.node); it != check_group_of_.end()) return it->second;
  size_t group = group_of_[value.node];
  while (group != no_group && groups_[group].merged_into != no_group) group = groups_[group].merged_into;
  return group;
}

void KernelGroups::collect_producers(const KernelGroup& group, size_t self, Value value,
                                     std::set<size_t>& out) const {
  const size_t producer = group_of(value);
  if (producer != no_group && producer != self) {
    out.insert(producer);
  } else if (producer == no_group && repeated(value.node)) {
    for (Value operand : node(value.node).operands) collect_producers(group, self, operand, out);
  }
}

std::set<size_t> KernelGroups::producers(size_t self) const {
  std::set<size_t> out;
  const KernelGroup& group = groups_[self];
  if (group.check_only) {
    collect_producers(group, self, indices_of(group.nodes[0]), out);
    return out;
  }
  for (uint32_t i : group.nodes)
    for (Value operand : node(i).operands) collect_producers(group, self, operand, out);
  return out;
}

bool KernelGroups::reads_at_identity(const KernelGroup& reader, size_t producer) const {
  for (uint32_t i : reader.nodes)
    for (Value operand : node(i).operands) {
      if (group_of(operand) == producer) {
        if (operand.result != 0 || !identity_[i] || node(i).op->family != OpFamily::elementwise ||
            graph_.type(operand).shape != groups_[producer].shape)
          return false;
      } else if (group_of(operand) == no_group && repeated(operand.node)) {
        std::set<size_t> through;
        collect_producers(reader, no_group - 1, operand, through);
        if (through.count(producer)) return false;
      }
    }
  return true;
}

void KernelGroups::merge_into_producers() {
  std::vector<std::set<size_t>> inputs(groups_.size());
  for (size_t g = 0; g < groups_.size(); ++g) inputs[g] = producers(g);
  AcyclicGroups dag(std::move(inputs));
  std::set<size_t> waiting;
  for (size_t g = 0; g < groups_.size(); ++g) waiting.insert(g);
  while (!waiting.empty()) {
    const size_t g = *waiting.rbegin();
    waiting.erase(g);
    for (size_t p : dag.inputs(g)) {
      if (!may_merge(g, p) || dag.reaches_around(p, g)) continue;
      dag.merge(g, p);
      merge(g, p);
      waiting.insert(p);
      waiting.insert(dag.outputs(p).begin(), dag.outputs(p).end());
      break;
    }
  }
}

bool KernelGroups::may_merge(size_t g, size_t p) const {
  const KernelGroup& group = groups_[g];
  const KernelGroup& producer = groups_[p];
  if (group.nodes.empty() || producer.kind == KernelKind::alone) return false;
  if (group.nodes.size() + producer.nodes.size() > most_nodes) return false;
  return rows_may_merge(*this, g, p) || map_may_merge(*this, g, p);
}

void KernelGroups::merge(size_t g, size_t p) {
  KernelGroup& group = groups_[g];
  KernelGroup& producer = groups_[p];
  if (!group.heroes.empty() || (!producer.heroes.empty() && producer.shape != group.shape) ||
      producer.kind == KernelKind::rows)
    producer.kind = KernelKind::rows;
  producer.nodes.insert(producer.nodes.end(), group.nodes.begin(), group.nodes.end());
  producer.heroes.insert(producer.heroes.end(), group.heroes.begin(), group.heroes.end());
  group.nodes.clear();
  group.heroes.clear();
  group.merged_into = p;
}

std::vector<Value> KernelGroups::yields(size_t index, size_t other) const {
  const KernelGroup& group = groups_[index];
  if (group.check_only) return {{group.nodes[0], 1}};
  std::vector<uint32_t> nodes = group.nodes;
  if (other != no_group) nodes.insert(nodes.end(), groups_[other].nodes.begin(), groups_[other].nodes.end());
  std::sort(nodes.begin(), nodes.end());
  std::vector<Value> values;
  for (uint32_t i : nodes) {
    if (!escapes(i) && group.kind != KernelKind::alone && !read_outside(i, index, other)) continue;
    const size_t results = group.kind == KernelKind::alone ? node(i).types.size() : 1;
    for (uint32_t r = 0; r < results; ++r) values.push_back({i, r});
  }
  return values;
}

bool KernelGroups::read_outside(uint32_t i, size_t group, size_t other) const {
  for (uint32_t user : users_[i]) {
    if (!reads(user, i)) continue;
    if (repeated(user)) {
      if (read_outside(user, group, other)) return true;
      continue;
    }
    const size_t reader = group_of({user, 0});
    if ((reader != group && (other == no_group || reader != other)) ||
        (check_group_of_.count(user) && indices_of(user).node == i))
      return true;
  }
  return false;
}

}  // namespace gradus
