// plan-buffers: decides where every kernel's results lie.
//
// Attribute `place` of a kernel or scan, and what its loops or steps work in: `scratch` (ir/placement.h). An
// update is in place if nothing reads the old value later, the step's check has run, and the kernel itself
// reads it element by element; otherwise it lies in the workspace and is copied when the step commits.
// Header: `workspace`, and `workspace_lower_bound`, what the largest kernel needs at once, whatever the
// order.
#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "ir/kernel/scratch.h"
#include "ir/op.h"
#include "ir/ops/scan.h"
#include "ir/placement.h"
#include "ir/structure.h"
#include "passes/pass.h"
#include "passes/verify_stage.h"

namespace gradus {

namespace {

int64_t aligned_size(const Type& type) { return Placement::aligned(size_in_bytes(type)); }

// Best fit among the free gaps of one growing region.
class Workspace {
 public:
  int64_t allocate(int64_t size) {
    auto best = gaps_.end();
    for (auto it = gaps_.begin(); it != gaps_.end(); ++it)
      if (it->second >= size && (best == gaps_.end() || it->second < best->second)) best = it;
    if (best == gaps_.end()) {
      // Grow, from the last gap if it touches the end.
      int64_t offset = end_;
      if (!gaps_.empty() && gaps_.rbegin()->first + gaps_.rbegin()->second == end_) {
        offset = gaps_.rbegin()->first;
        gaps_.erase(std::prev(gaps_.end()));
      }
      end_ = offset + size;
      return offset;
    }
    const int64_t offset = best->first;
    const int64_t left = best->second - size;
    gaps_.erase(best);
    if (left > 0) gaps_[offset + size] = left;
    return offset;
  }

  void release(int64_t offset, int64_t size) {
    auto [it, fresh] = gaps_.emplace(offset, size);
    if (auto next = std::next(it); next != gaps_.end() && it->first + it->second == next->first) {
      it->second += next->second;
      gaps_.erase(next);
    }
    if (it == gaps_.begin()) return;
    auto before = std::prev(it);
    if (before->first + before->second != it->first) return;
    before->second += it->second;
    gaps_.erase(it);
  }

  int64_t size() const { return end_; }

 private:
  std::map<int64_t, int64_t> gaps_;  // offset → size
  int64_t end_ = 0;
};

class Planner {
 public:
  explicit Planner(const Graph& graph) : graph_(graph), users_(users(graph)), places_(graph.size()) {}

  Graph run(PassContext& context) {
    for (uint32_t i = 0; i < graph_.size(); ++i)
      if (is_scan(graph_.node(i)))
        bodies_[i] = std::make_shared<const Graph>(plan_buffers(*graph_.node(i).body, context));
    place_results();
    place_updates();
    place_rest();
    Rewriter rewriter(graph_, "plan-buffers", {true, context.node_limit, context.ids});
    for (uint32_t i : rewriter.live()) {
      const Node& node = graph_.node(i);
      if (places_[i].empty()) {
        rewriter.keep(i);
        continue;
      }
      Attributes attributes = node.attributes;
      std::vector<Placement> places;
      for (const std::optional<Placement>& place : places_[i]) places.push_back(place.value());
      attributes.set("place", to_string(places));
      if (const auto scratch = scratch_.find(i); scratch != scratch_.end())
        attributes.set("scratch", to_string(scratch->second));
      if (is_scan(node))
        rewriter.keep_as(i, std::move(attributes), bodies_.at(i));
      else
        rewriter.keep_with(i, std::move(attributes));
    }
    Attributes header = graph_.header();
    header.set("workspace", workspace_.size());
    header.set("workspace_lower_bound", lower_bound_);
    rewriter.builder().set_header(std::move(header));
    return std::move(rewriter).finish();
  }

 private:
  bool is_computed(uint32_t i) const { return !is_input(graph_.node(i)) && !is_constant(graph_.node(i)); }

  std::optional<Placement>& place(Value value) {
    auto& list = places_[value.node];
    if (list.empty()) list.resize(graph_.node(value).types.size());
    return list[value.result];
  }
  bool is_in_workspace(Value value) { return place(value)->kind == Placement::Kind::workspace; }

  void place_results() {
    for (size_t k = 0; k < graph_.results().size(); ++k) {
      const Value value = graph_.results()[k].value;
      if (is_computed(value.node) && !place(value) && graph_.type(value).layout.is_default())
        place(value) = Placement{Placement::Kind::result, static_cast<int64_t>(k)};
    }
  }

  void place_updates() {
    std::set<Value> wanted;  // at the end of the step
    for (const NamedValue& result : graph_.results()) wanted.insert(result.value);
    for (const Update& update : graph_.updates()) wanted.insert(update.value);
    for (const Update& update : graph_.updates()) {
      const Value value = update.value;
      const Value old_value = graph_.inputs()[update.input].value;
      if (!is_computed(value.node) || place(value) || !graph_.type(value).layout.is_default()) continue;
      if (graph_.status() && graph_.status().node > value.node) continue;
      const auto& readers = users_[old_value.node];
      const bool read_later = !readers.empty() && readers.back() > value.node;
      const bool reads_itself = std::binary_search(readers.begin(), readers.end(), value.node);
      if (read_later || wanted.count(old_value) > 0 ||
          (reads_itself && !may_update_in_place(graph_, value.node, old_value)))
        continue;
      if (!is_kernel(graph_.node(value))) continue;
      place(value) = Placement{Placement::Kind::input, static_cast<int64_t>(update.input)};
    }
  }

  void place_rest() {
    std::vector<uint32_t> last_reader(graph_.size(), 0);
    for (uint32_t i = 0; i < graph_.size(); ++i) {
      last_reader[i] = users_[i].empty() ? i : users_[i].back();
      if (is_computed(i)) place({i, 0});
    }
    const auto end = static_cast<uint32_t>(graph_.size());
    for (const NamedValue& result : graph_.results()) last_reader[result.value.node] = end;
    for (const Update& update : graph_.updates()) last_reader[update.value.node] = end;
    if (graph_.status()) last_reader[graph_.status().node] = end;

    std::vector<std::vector<uint32_t>> dying(graph_.size() + 1);
    for (uint32_t i = 0; i < graph_.size(); ++i)
      if (is_computed(i)) dying[last_reader[i]].push_back(i);
    for (uint32_t i = 0; i < graph_.size(); ++i) {
      if (is_computed(i)) {
        for (uint32_t r = 0; r < graph_.node(i).types.size(); ++r)
          if (std::optional<Placement>& where = place({i, r}); !where)
            where = Placement{Placement::Kind::workspace,
                              workspace_.allocate(aligned_size(graph_.node(i).types[r]))};
        const std::vector<int64_t> scratch = scratch_of(i);
        place_scratch(i, scratch);
        note_lower_bound(i, scratch);
      }
      for (uint32_t dead : dying[i])
        for (uint32_t r = 0; r < graph_.node(dead).types.size(); ++r)
          if (is_in_workspace({dead, r}))
            workspace_.release(place({dead, r})->at, aligned_size(graph_.node(dead).types[r]));
    }
  }

  std::vector<int64_t> scratch_of(uint32_t i) const {
    const Node& node = graph_.node(i);
    return is_scan(node) ? ops::scratch_bytes(node, *bodies_.at(i)) : scratch_bytes(node);
  }

  // It is free again as soon as the node is done.
  void place_scratch(uint32_t i, const std::vector<int64_t>& sizes) {
    for (const int64_t bytes : sizes)
      scratch_[i].push_back({Placement::Kind::workspace, workspace_.allocate(Placement::aligned(bytes))});
    for (size_t k = 0; k < sizes.size(); ++k)
      workspace_.release(scratch_[i][k].at, Placement::aligned(sizes[k]));
  }

  void note_lower_bound(uint32_t i, const std::vector<int64_t>& scratch) {
    int64_t bytes = 0;
    for (const int64_t piece : scratch) bytes += Placement::aligned(piece);
    for (uint32_t r = 0; r < graph_.node(i).types.size(); ++r)
      if (is_in_workspace({i, r})) bytes += aligned_size(graph_.node(i).types[r]);
    std::vector<Value> operands = graph_.node(i).operands;
    std::sort(operands.begin(), operands.end());
    operands.erase(std::unique(operands.begin(), operands.end()), operands.end());
    for (Value operand : operands)
      if (is_computed(operand.node) && is_in_workspace(operand)) bytes += aligned_size(graph_.type(operand));
    lower_bound_ = std::max(lower_bound_, bytes);
  }

  const Graph& graph_;
  std::vector<std::vector<uint32_t>> users_;
  std::vector<std::vector<std::optional<Placement>>> places_;
  std::map<uint32_t, std::shared_ptr<const Graph>> bodies_;  // of scans, planned
  std::map<uint32_t, std::vector<Placement>> scratch_;
  Workspace workspace_;
  int64_t lower_bound_ = 0;
};

}  // namespace

Graph plan_buffers(const Graph& graph, PassContext& context) { return Planner(graph).run(context); }

}  // namespace gradus
