// fuse: groups nodes into kernels, so that intermediate values stay in registers.
//
// Walks from users to producers. A map node joins the kernel that alone reads it; a reduction or contraction
// joins the elementwise kernel that reads it element by element, which so becomes its epilogue; nodes that
// compute nothing (shape ops, constants) are repeated wherever they are read. A second walk merges an
// elementwise kernel into its producer of the same shape where that makes no cycle. Everything else is a
// kernel by itself.
//
// Does not change any value: what a kernel computes is the composition of its nodes. Does not fuse several
// reductions of a row, nor anything into the operands of contractions beyond reshapes.
#include <algorithm>
#include <map>
#include <set>

#include "ir/build.h"
#include "ir/op.h"
#include "ir/ops/body.h"
#include "passes/fusion.h"
#include "passes/pass.h"

namespace gradus {

namespace {

constexpr size_t no_group = ~size_t{0};
// An epilogue is emitted once per tile variant of its contraction: large ones cost more code than they save.
constexpr size_t most_epilogue_nodes = 12;
constexpr size_t most_epilogue_expensive = 2;

struct Group {
  std::vector<uint32_t> nodes;   // descending while grouping
  std::vector<uint32_t> heroes;  // reductions of one class, or one contraction
  Shape shape;                   // of its results
  KernelRole role = KernelRole::map;
  bool check_only = false;  // yields result 1 of its gather or one_hot
  size_t merged_into = no_group;
};

class Fusion {
 public:
  explicit Fusion(const Graph& graph)
      : graph_(graph),
        users_(users(graph)),
        live_(live_nodes(graph)),
        materialize_(graph.size(), false),
        escapes_(graph.size(), false),
        identity_(graph.size(), false),
        expansion_(graph.size(), 1),
        group_of_(graph.size(), no_group) {}

  Graph run(PassContext& context) {
    find_checked();
    find_materialized();
    for (uint32_t i = static_cast<uint32_t>(graph_.size()); i-- > 0;)
      if (live_[i]) place(i);
    add_check_groups();
    merge_into_producers();
    return emit(context);
  }

 private:
  const Node& node(uint32_t i) const { return graph_.node(i); }
  KernelRole role(uint32_t i) const { return kernel_role(node(i)); }
  bool repeated(uint32_t i) const {
    return is_free(node(i)) && role(i) == KernelRole::map && !materialize_[i];
  }

  // Result 1 of a lookup is its check, a kernel of its own.
  bool is_check(Value value) const { return value.result == 1 && role(value.node) == KernelRole::map; }

  void require(Value value) {
    if (role(value.node) != KernelRole::source && !is_check(value)) materialize_[value.node] = true;
  }

  bool reads(uint32_t user, uint32_t i) const {
    if (!live_[user]) return false;
    const std::vector<Value>& operands = node(user).operands;
    return std::any_of(operands.begin(), operands.end(),
                       [&](Value v) { return v.node == i && !is_check(v); });
  }

  void find_checked() {
    auto see = [&](Value value) {
      if (is_check(value)) checked_.insert(value.node);
    };
    for (uint32_t i = 0; i < graph_.size(); ++i)
      if (live_[i])
        for (Value operand : node(i).operands) see(operand);
    for (const NamedValue& result : graph_.results()) see(result.value);
  }

  // The indices of a gather or one_hot: all that its check reads.
  Value indices_of(uint32_t i) const { return node(i).operands.back(); }

  // What a check reads has a kernel even where nothing else reads it.
  void escape_through(Value value) {
    if (repeated(value.node))
      for (Value operand : node(value.node).operands) escape_through(operand);
    else
      escape(value);
  }

  // Values that must lie in memory: results, and what contractions and lone ops read.
  void find_materialized() {
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
          while (node(operand.node).op->name == "reshape") operand = node(operand.node).operands[0];
          require(operand);
        }
    }
  }

  void escape(Value value) {
    require(value);
    if (value.result == 0) escapes_[value.node] = true;
  }

  // Kernels that read node i, seen through repeated nodes.
  void consumers(uint32_t i, std::set<size_t>& out) const {
    for (uint32_t user : users_[i]) {
      if (!reads(user, i)) continue;
      if (repeated(user))
        consumers(user, out);
      else if (group_of_[user] != no_group)
        out.insert(group_of_[user]);
    }
  }

  // Every use of i in its only consumer is element by element.
  bool used_at_identity(uint32_t i) const {
    for (uint32_t user : users_[i]) {
      if (!reads(user, i)) continue;
      if (repeated(user) || node(user).op->family != OpFamily::elementwise || !identity_[user]) return false;
      if (node(user).types[0].shape != node(i).types[0].shape) return false;
    }
    return true;
  }

  // How many times an element of i is computed when its users pull it.
  double expansion(uint32_t i) const {
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

  bool epilogue_fits(const Group& group) const {
    size_t computing = 0, expensive = 0;
    for (uint32_t i : group.nodes) {
      computing += !is_free(node(i));
      expensive += is_expensive(node(i));
    }
    return computing <= most_epilogue_nodes && expensive <= most_epilogue_expensive;
  }

  bool same_reduction_class(uint32_t a, uint32_t b) const {
    const Node& x = node(a);
    const Node& y = node(b);
    auto axes = [](const Node& n) {
      return n.attributes.has("axes") ? n.attributes.integers("axes")
                                      : std::vector<int64_t>{n.attributes.integer("axis")};
    };
    return graph_.type(x.operands[0]).shape == graph_.type(y.operands[0]).shape && axes(x) == axes(y);
  }

  bool may_join(uint32_t i, const Group& group) const {
    if (group.role == KernelRole::alone) return false;
    const bool at_identity = used_at_identity(i) && node(i).types[0].shape == group.shape;
    if (materialize_[i] && !at_identity) return false;
    if (role(i) == KernelRole::map) {
      if (materialize_[i] && node(i).op->family != OpFamily::elementwise) return false;
      return !is_expensive(node(i)) || expansion(i) <= 1;
    }
    if (!at_identity) return false;
    if (role(i) == KernelRole::reduction)
      return group.heroes.empty() ||
             (group.role == KernelRole::reduction && same_reduction_class(i, group.heroes[0]));
    return group.heroes.empty() && epilogue_fits(group);
  }

  void join(uint32_t i, size_t index) {
    Group& group = groups_[index];
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

  void place(uint32_t i) {
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
    Group group;
    group.nodes.push_back(i);
    group.role = own;
    group.shape = node(i).types[0].shape;
    if (own == KernelRole::reduction || own == KernelRole::contraction) group.heroes.push_back(i);
    identity_[i] = own != KernelRole::alone;
    group_of_[i] = groups_.size();
    groups_.push_back(std::move(group));
  }

  // The check of a gather or one_hot is a kernel of its own; the lookup is pulled into its users.
  void add_check_groups() {
    for (uint32_t i : checked_) {
      Group group;
      group.nodes = {i};
      group.role = KernelRole::alone;
      group.check_only = true;
      check_group_of_[i] = groups_.size();
      groups_.push_back(std::move(group));
    }
  }

  size_t group_of(Value value) const {
    if (value.result == 1)
      if (auto it = check_group_of_.find(value.node); it != check_group_of_.end()) return it->second;
    size_t group = group_of_[value.node];
    while (group != no_group && groups_[group].merged_into != no_group) group = groups_[group].merged_into;
    return group;
  }

  // Groups whose results `group` reads.
  void collect_producers(const Group& group, size_t self, Value value, std::set<size_t>& out) const {
    const size_t producer = group_of(value);
    if (producer != no_group && producer != self) {
      out.insert(producer);
    } else if (producer == no_group && repeated(value.node)) {
      for (Value operand : node(value.node).operands) collect_producers(group, self, operand, out);
    }
  }
  std::set<size_t> producers(size_t self) const {
    std::set<size_t> out;
    const Group& group = groups_[self];
    if (group.check_only) {
      collect_producers(group, self, indices_of(group.nodes[0]), out);
      return out;
    }
    for (uint32_t i : group.nodes)
      for (Value operand : node(i).operands) collect_producers(group, self, operand, out);
    return out;
  }

  bool reads_at_identity(const Group& reader, size_t producer) const {
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

  // Whether `from` reaches `to` by a path longer than one edge.
  bool reaches_around(size_t from, size_t to, const std::vector<std::set<size_t>>& inputs) const {
    std::vector<size_t> stack;
    std::set<size_t> seen;
    for (size_t producer : inputs[to])
      if (producer != from) stack.push_back(producer);
    while (!stack.empty()) {
      const size_t group = stack.back();
      stack.pop_back();
      if (group == from) return true;
      if (!seen.insert(group).second) continue;
      for (size_t producer : inputs[group]) stack.push_back(producer);
    }
    return false;
  }

  // A merged kernel reads more than before, so that it may merge again: rounds until nothing changes.
  void merge_into_producers() {
    std::vector<std::set<size_t>> inputs(groups_.size());
    for (size_t g = 0; g < groups_.size(); ++g) inputs[g] = producers(g);
    bool changed = true;
    while (changed) {
      changed = false;
      for (size_t g = groups_.size(); g-- > 0;)
        for (size_t p : std::set<size_t>(inputs[g]))
          if (may_merge(g, p, inputs)) {
            merge(g, p, inputs);
            changed = true;
            break;
          }
    }
  }

  bool may_merge(size_t g, size_t p, const std::vector<std::set<size_t>>& inputs) const {
    const Group& group = groups_[g];
    const Group& producer = groups_[p];
    if (group.role != KernelRole::map || group.nodes.empty()) return false;
    if (producer.role == KernelRole::alone || producer.shape != group.shape || !reads_at_identity(group, p))
      return false;
    if (!producer.heroes.empty()) {
      Group together = producer;
      together.nodes.insert(together.nodes.end(), group.nodes.begin(), group.nodes.end());
      if (!epilogue_fits(together)) return false;
    }
    return !reaches_around(p, g, inputs);
  }

  void merge(size_t g, size_t p, std::vector<std::set<size_t>>& inputs) {
    Group& group = groups_[g];
    groups_[p].nodes.insert(groups_[p].nodes.end(), group.nodes.begin(), group.nodes.end());
    group.nodes.clear();
    group.merged_into = p;
    for (size_t q : inputs[g])
      if (q != p) inputs[p].insert(q);
    inputs[g].clear();
    for (auto& list : inputs)
      if (list.erase(g)) list.insert(p);
  }

  // Whether a kernel other than `group` reads the value of node i.
  bool read_outside(uint32_t i, size_t group) const {
    for (uint32_t user : users_[i]) {
      if (!reads(user, i)) continue;
      if (repeated(user)
              ? read_outside(user, group)
              : group_of({user, 0}) != group || (check_group_of_.count(user) && indices_of(user).node == i))
        return true;
    }
    return false;
  }

  Graph emit(PassContext& context);
  void emit_group(size_t index, Rewriter& rewriter, std::vector<int>& state);

  const Graph& graph_;
  std::vector<std::vector<uint32_t>> users_;
  std::vector<bool> live_;
  std::set<uint32_t> checked_;
  std::vector<bool> materialize_;
  std::vector<bool> escapes_;
  std::vector<bool> identity_;
  std::vector<double> expansion_;
  std::vector<size_t> group_of_;
  std::map<uint32_t, size_t> check_group_of_;
  std::vector<Group> groups_;
  std::map<Value, Value> mapped_;  // old value to new

  friend class KernelBody;
};

std::string_view role_name(KernelRole role) {
  switch (role) {
    case KernelRole::map:
      return "map";
    case KernelRole::reduction:
      return "reduction";
    case KernelRole::contraction:
      return "contraction";
    case KernelRole::alone:
    case KernelRole::source:
      return "alone";
  }
  return "";
}

// Copies the nodes of a group into a closed body; what comes from outside becomes an input.
class KernelBody {
 public:
  KernelBody(const Fusion& fusion, size_t group) : fusion_(fusion), group_(group), builder_("kernel") {}

  Value clone(Value value) {
    if (auto it = cloned_.find(value); it != cloned_.end()) return it->second;
    const Node& node = fusion_.node(value.node);
    const bool check = fusion_.groups_[group_].check_only && value.node == fusion_.groups_[group_].nodes[0];
    const bool inside = check || fusion_.group_of(value) == group_ ||
                        (fusion_.group_of(value) == no_group && fusion_.repeated(value.node));
    if (!inside) {
      const Value input =
          builder_.input("a" + std::to_string(operands_.size()), InputKind::data, fusion_.graph_.type(value));
      operands_.push_back(value);
      return cloned_[value] = input;
    }
    std::vector<Value> operands;
    for (Value operand : node.operands)  // a check reads the indices and only the shape of the rest
      operands.push_back(check && operand != fusion_.indices_of(value.node)
                             ? build::constant(builder_, fusion_.graph_.type(operand), 0)
                             : clone(operand));
    const Value made = builder_.add(*node.op, std::move(operands), node.attributes, node.body);
    for (uint32_t r = 0; r < node.types.size(); ++r) cloned_[{value.node, r}] = {made.node, r};
    return cloned_[value];
  }

  void yield(Value value) { builder_.add_result("", clone(value)); }
  const std::vector<Value>& operands() const { return operands_; }
  std::shared_ptr<const Graph> finish() && {
    return std::make_shared<const Graph>(std::move(builder_).finish());
  }

 private:
  const Fusion& fusion_;
  size_t group_;
  GraphBuilder builder_;
  std::map<Value, Value> cloned_;
  std::vector<Value> operands_;
};

void Fusion::emit_group(size_t index, Rewriter& rewriter, std::vector<int>& state) {
  if (state[index]) return;
  state[index] = 1;
  for (size_t producer : producers(index)) emit_group(producer, rewriter, state);
  Group& group = groups_[index];
  std::sort(group.nodes.begin(), group.nodes.end());

  std::vector<Value> yields;
  for (uint32_t i : group.nodes) {
    if (group.check_only) {
      yields.push_back({i, 1});
      continue;
    }
    if (!escapes_[i] && group.role != KernelRole::alone && !read_outside(i, index)) continue;
    const uint32_t results =
        group.role == KernelRole::alone ? static_cast<uint32_t>(node(i).types.size()) : 1;
    for (uint32_t r = 0; r < results; ++r) yields.push_back({i, r});
  }

  Origins origins;
  for (uint32_t i : group.nodes)
    origins.insert(origins.end(), graph_.origins(i).begin(), graph_.origins(i).end());
  GraphBuilder& builder = rewriter.builder();
  const OriginScope scope(builder, origins);
  auto look_up = [&](Value value) {
    return rewriter.mapped(value) ? rewriter.map(value) : mapped_.at(value);
  };

  Value made;
  if (group.nodes.size() == 1 && node(group.nodes[0]).op->name == "scan") {
    const Node& scan = node(group.nodes[0]);
    PassContext inner;
    std::vector<Value> operands;
    for (Value operand : scan.operands) operands.push_back(look_up(operand));
    builder.prefer_id(scan.id);
    made = builder.add(*scan.op, std::move(operands), scan.attributes,
                       std::make_shared<const Graph>(fuse(*scan.body, inner)));
  } else {
    KernelBody body(*this, index);
    for (Value value : yields) body.yield(value);
    std::vector<Value> operands;
    for (Value value : body.operands()) operands.push_back(look_up(value));
    made = builder.add("kernel", std::move(operands), {{"role", std::string(role_name(group.role))}},
                       std::move(body).finish());
  }
  for (uint32_t k = 0; k < yields.size(); ++k) mapped_[yields[k]] = {made.node, k};
}

Graph Fusion::emit(PassContext& context) {
  Rewriter rewriter(graph_, "fuse", {true, context.node_limit});
  for (uint32_t i : rewriter.live())
    if (role(i) == KernelRole::source) rewriter.keep(i);
  std::vector<int> state(groups_.size(), 0);
  for (uint32_t i : rewriter.live())
    for (uint32_t r = 0; r < node(i).types.size(); ++r)
      if (const size_t group = group_of({i, r}); group != no_group) emit_group(group, rewriter, state);
  for (uint32_t i : rewriter.live()) {
    std::vector<Value> values;
    for (uint32_t r = 0; r < node(i).types.size(); ++r) {
      auto it = mapped_.find({i, r});
      values.push_back(it == mapped_.end() ? Value{} : it->second);
    }
    if (role(i) != KernelRole::source) rewriter.replace(i, std::move(values));
  }
  return std::move(rewriter).finish();
}

bool has_call(const Graph& graph) {
  for (uint32_t i = 0; i < graph.size(); ++i)
    if (graph.node(i).op->name == "call") return true;
  return false;
}

Graph inline_calls(const Graph& graph) {
  Rewriter rewriter(graph, "fuse");
  for (uint32_t i : rewriter.live()) {
    const Node& node = graph.node(i);
    if (node.op->name != "call") {
      rewriter.keep(i);
      continue;
    }
    rewriter.at(i);
    rewriter.replace(i, ops::inline_body(rewriter.builder(), *node.body, rewriter.map(node.operands)));
  }
  return std::move(rewriter).finish();
}

}  // namespace

Graph fuse(const Graph& graph, PassContext& context) {
  if (has_call(graph)) return fuse(inline_calls(graph), context);
  return Fusion(graph).run(context);
}

}  // namespace gradus
