#include "passes/kernel_groups.h"

#include <algorithm>

#include "ir/row_form.h"
#include "ir/structure.h"
#include "passes/acyclic_groups.h"
#include "passes/kernel_body.h"

namespace gradus {

namespace {

// An epilogue is emitted once per tile variant of its contraction: large ones cost more code than they save.
constexpr size_t most_epilogue_nodes = 12;
constexpr size_t most_epilogue_expensive = 2;
// Bounds the depth of what lowering pulls, and with it the registers that a kernel needs.
constexpr size_t most_nodes = 256;
// A node that computes nothing is repeated in every reader, with what it reads: longer chains go to memory.
constexpr uint32_t most_views = 16;
// Of kernels that work row by row.
constexpr size_t most_row_nodes = 64;
constexpr int64_t shortest_row = 8;
constexpr int64_t most_short_rows = 4096;

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
    if (live_[i]) place(i);
  add_check_groups();
  merge_into_producers();
  for (KernelGroup& group : groups_) std::sort(group.nodes.begin(), group.nodes.end());
}

bool KernelGroups::repeated(uint32_t i) const {
  return is_free(node(i)) && role(i) == KernelRole::map && !materialize_[i];
}

void KernelGroups::require(Value value) {
  if (role(value.node) != KernelRole::source && !is_check(value)) materialize_[value.node] = true;
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
    if (role(i) == KernelRole::alone)
      for (Value operand : node(i).operands) require(operand);
    if (role(i) == KernelRole::contraction)
      for (Value operand : node(i).operands) {
        while (is_reshape(graph_, node(operand.node))) operand = node(operand.node).operands[0];
        require(operand);
      }
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
    const KernelRole user_role = role(user);
    if (user_role == KernelRole::map)
      factor *= static_cast<double>(element_count(node(user).types[0].shape)) / own;
    most = std::max(most, factor);
  }
  return most;
}

bool KernelGroups::epilogue_fits(const KernelGroup& group) const {
  size_t computing = 0, expensive = 0;
  for (uint32_t i : group.nodes) {
    computing += !is_free(node(i));
    expensive += is_expensive(node(i));
  }
  return computing <= most_epilogue_nodes && expensive <= most_epilogue_expensive;
}

bool KernelGroups::same_reduction_class(uint32_t a, uint32_t b) const {
  const Node& x = node(a);
  const Node& y = node(b);
  auto axes = [](const Node& n) {
    return n.attributes.has("axes") ? n.attributes.integers("axes")
                                    : std::vector<int64_t>{n.attributes.integer("axis")};
  };
  return graph_.type(x.operands[0]).shape == graph_.type(y.operands[0]).shape && axes(x) == axes(y);
}

bool KernelGroups::is_row_lookup(uint32_t i) const {
  if (node(i).op->id != OpId::gather) return false;
  const int64_t batch = node(i).attributes.integer_or("batch", 0);
  const Value table = node(i).operands[0];
  return batch > 0 && batch == graph_.type(node(i).operands[1]).rank() &&
         batch + 1 == graph_.type(table).rank() && role(table.node) == KernelRole::map;
}

bool KernelGroups::may_join(uint32_t i, const KernelGroup& group) const {
  if (group.role == KernelRole::alone || group.nodes.size() >= most_nodes) return false;
  const bool at_identity = used_at_identity(i) && node(i).types[0].shape == group.shape;
  if (materialize_[i] && !at_identity) return false;
  if (role(i) == KernelRole::map) {
    // What is looked up in a row belongs to the kernel that computes the row.
    if (is_row_lookup(i) && !group.heroes.empty()) return false;
    if (materialize_[i] && node(i).op->family != OpFamily::elementwise) return false;
    if (is_computed(node(i)) && paths_.too_many(i)) return false;
    return !is_expensive(node(i)) || expansion(i) <= 1;
  }
  if (!at_identity) return false;
  if (role(i) == KernelRole::reduction)
    return group.heroes.empty() ||
           (group.role == KernelRole::reduction && same_reduction_class(i, group.heroes[0]));
  return group.heroes.empty() && epilogue_fits(group);
}

void KernelGroups::join(uint32_t i, size_t index) {
  KernelGroup& group = groups_[index];
  group.nodes.push_back(i);
  group_of_[i] = index;
  expansion_[i] = expansion(i);
  identity_[i] = used_at_identity(i) && node(i).types[0].shape == group.shape;
  if (role(i) == KernelRole::reduction || role(i) == KernelRole::contraction) {
    group.heroes.push_back(i);
    group.role = role(i);
    // What the hero itself reads is pulled at the hero's own indices.
    identity_[i] = true;
  }
}

void KernelGroups::find_paths(uint32_t i) {
  for (uint32_t user : users_[i])
    if (reads(user, i)) paths_.read(graph_, i, user);
}

void KernelGroups::place(uint32_t i) {
  find_paths(i);
  const KernelRole own = role(i);
  if (own == KernelRole::source || repeated(i)) return;
  if (own != KernelRole::alone) {
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
  group.role = own;
  group.shape = node(i).types[0].shape;
  if (own == KernelRole::reduction || own == KernelRole::contraction) group.heroes.push_back(i);
  identity_[i] = own != KernelRole::alone;
  group_of_[i] = groups_.size();
  groups_.push_back(std::move(group));
}

void KernelGroups::add_check_groups() {
  for (uint32_t i : checked_) {
    KernelGroup group;
    group.nodes = {i};
    group.role = KernelRole::alone;
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
  if (group.nodes.empty() || producer.role == KernelRole::alone) return false;
  if (group.nodes.size() + producer.nodes.size() > most_nodes) return false;
  if (may_merge_rows(g, p)) return true;
  if (group.role != KernelRole::map || producer.role == KernelRole::rows || producer.shape != group.shape ||
      !reads_at_identity(group, p))
    return false;
  if (producer.heroes.empty()) return true;
  KernelGroup together = producer;
  together.nodes.insert(together.nodes.end(), group.nodes.begin(), group.nodes.end());
  return epilogue_fits(together);
}

bool KernelGroups::fits_rows(const KernelGroup& group, const Node& reduction) const {
  if (group.role != KernelRole::map && group.role != KernelRole::reduction && group.role != KernelRole::rows)
    return false;
  const Shape& whole = graph_.type(reduction.operands[0]).shape;
  for (uint32_t hero : group.heroes) {
    const Node& other = node(hero);
    if (!is_plain_reduction(*other.op) || graph_.type(other.operands[0]).shape != whole ||
        other.attributes.integers("axes") != reduction.attributes.integers("axes"))
      return false;
  }
  const int64_t count = element_count(group.shape);
  return !group.heroes.empty() || count == element_count(whole) ||
         count == element_count(reduction.types[0].shape);
}

bool KernelGroups::may_merge_rows(size_t g, size_t p) const {
  const KernelGroup& group = groups_[g];
  const KernelGroup& producer = groups_[p];
  const std::vector<uint32_t>& heroes = group.heroes.empty() ? producer.heroes : group.heroes;
  if (heroes.empty()) return false;
  const Node& reduction = node(heroes[0]);
  if (!is_plain_reduction(*reduction.op) || !fits_rows(group, reduction) || !fits_rows(producer, reduction))
    return false;
  // Short rows leave most lanes idle, which only small kernels do not mind.
  const int64_t elements = element_count(graph_.type(reduction.operands[0]).shape);
  const int64_t rows = element_count(reduction.types[0].shape);
  if (rows == 0 || (elements / rows < shortest_row && elements > most_short_rows)) return false;
  if (group.nodes.size() + producer.nodes.size() > most_row_nodes) return false;
  KernelBody body(*this, g, nullptr, p);
  for (Value value : yields(g, p)) body.yield(value);
  const Graph together = std::move(body).finish();
  return !has_too_many_copies(together) && row_form(together).has_value();
}

void KernelGroups::merge(size_t g, size_t p) {
  KernelGroup& group = groups_[g];
  KernelGroup& producer = groups_[p];
  if (!group.heroes.empty() || (!producer.heroes.empty() && producer.shape != group.shape) ||
      producer.role == KernelRole::rows)
    producer.role = KernelRole::rows;
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
    if (!escapes(i) && group.role != KernelRole::alone && !read_outside(i, index, other)) continue;
    const size_t results = group.role == KernelRole::alone ? node(i).types.size() : 1;
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
