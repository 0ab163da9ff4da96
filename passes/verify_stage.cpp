#include "passes/verify_stage.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "ir/kernel/in_place.h"
#include "ir/kernel/scratch.h"
#include "ir/op.h"
#include "ir/placement.h"
#include "ir/structure.h"
#include "ir/text/print.h"

namespace gradus {

namespace {

class StageVerifier {
 public:
  StageVerifier(const Graph& graph, Stage stage, const GraphSpans* spans, std::vector<Diagnostic>& found)
      : graph_(graph), stage_(stage), spans_(spans), found_(found) {}

  void run() {
    const size_t before = found_.size();
    check_header();
    const std::vector<bool> live = live_nodes(graph_);
    for (uint32_t i = 0; i < graph_.size(); ++i) {
      check_node(i);
      if (runs_kernels(graph_.node(i))) body_of(i).run();
    }
    if (stage_ != Stage::kernels || found_.size() > before) return;
    for (uint32_t i = 0; i < graph_.size(); ++i)
      if (live[i] && is_placed(i)) check_places(i);
    if (found_.size() == before) check_overlaps(live);
  }

 private:
  StageVerifier body_of(uint32_t i) {
    const GraphSpans* inner = nullptr;
    if (spans_)
      if (const auto it = spans_->bodies.find(i); it != spans_->bodies.end()) inner = it->second.get();
    return {*graph_.node(i).body, stage_, inner, found_};
  }

  void report(std::string message, SourceSpan span = {}) {
    if (!span.known() && spans_) span = spans_->head;
    found_.push_back({Severity::error, std::move(message), std::move(span), {}, {}});
  }
  void report_at(uint32_t i, const std::string& message) {
    const bool known = spans_ && i < spans_->nodes.size();
    report(fmt::format("{}: {}", print_value(graph_, {i, 0}), message),
           known ? spans_->nodes[i] : SourceSpan{});
  }

  void check_header() {
    if (const AttributeValue* stage = graph_.header().find("stage")) {
      const auto* name = std::get_if<std::string>(stage);
      if (!name || !stage_named(*name)) report(fmt::format("there is no stage {}", to_string(*stage)));
    }
    for (std::string_view name : {"workspace", "workspace_lower_bound"}) {
      const AttributeValue* value = graph_.header().find(name);
      const auto* bytes = value ? std::get_if<int64_t>(value) : nullptr;
      if (value && (!bytes || *bytes < 0 || *bytes > most_bytes))
        report(fmt::format("{} is {}, expected bytes from 0 to 2^48", name, to_string(*value)));
    }
  }

  void check_node(uint32_t i) {
    const Node& node = graph_.node(i);
    if (stage_ != Stage::forward && is_gradient(node))
      report_at(i, fmt::format("a gradient node at stage {}", name(stage_)));
    if (stage_ != Stage::kernels) return;
    if (!is_kernel(node)) return;
    const GraphSpans* inner = nullptr;
    if (spans_)
      if (const auto it = spans_->bodies.find(i); it != spans_->bodies.end()) inner = it->second.get();
    StageVerifier body(*node.body, stage_, inner, found_);
    for (uint32_t k = 0; k < node.body->size(); ++k)
      if (node.body->node(k).body || is_gradient(node.body->node(k)))
        body.report_at(k, fmt::format("a {} in the body of a kernel", node.body->node(k).op->name));
  }

  bool is_placed(uint32_t i) const { return !is_input(graph_.node(i)) && !is_constant(graph_.node(i)); }

  void check_places(uint32_t i) {
    const Node& node = graph_.node(i);
    check_scratch(i);
    const std::vector<Placement> list = placements(node);
    if (list.empty()) return;  // lowering finds places of its own
    if (list.size() != node.types.size())
      return report_at(i, fmt::format("{} places for {} results", list.size(), node.types.size()));
    for (uint32_t r = 0; r < node.types.size(); ++r) {
      switch (list[r].kind) {
        case Placement::Kind::workspace:
          check_workspace(i, list[r].at, size_in_bytes(node.types[r]));
          break;
        case Placement::Kind::result:
          check_result(i, r, list[r].at);
          break;
        case Placement::Kind::input:
          check_update(i, r, list[r].at);
          break;
      }
    }
  }

  void check_scratch(uint32_t i) {
    const std::vector<Placement> list = placements(graph_.node(i), "scratch");
    if (list.empty()) return;
    const std::vector<int64_t> sizes = scratch_bytes(graph_.node(i));
    if (list.size() != sizes.size())
      return report_at(i, fmt::format("{} places of scratch, expected {}", list.size(), sizes.size()));
    for (size_t k = 0; k < list.size(); ++k)
      if (list[k].kind == Placement::Kind::workspace)
        check_workspace(i, list[k].at, sizes[k]);
      else
        report_at(i, fmt::format("its scratch is placed in {}", to_string(list[k])));
  }

  void check_workspace(uint32_t i, int64_t offset, int64_t size) {
    const int64_t workspace = graph_.header().integer_or("workspace", 0);
    if (offset > workspace || size > workspace - offset)
      report_at(i,
                fmt::format("place {} and {} bytes are beyond the workspace of {}", offset, size, workspace));
    else if (offset % Placement::alignment != 0)
      report_at(i, fmt::format("place {} is no multiple of {}", offset, Placement::alignment));
  }

  void check_result(uint32_t i, uint32_t r, int64_t k) {
    if (!graph_.node(i).types[r].layout.is_default())
      return report_at(i, "it is placed in a result, which lies row-major");
    const auto& results = graph_.results();
    if (k >= static_cast<int64_t>(results.size()))
      report_at(i, fmt::format("it is placed as result {} of {}", k, results.size()));
    else if (results[static_cast<size_t>(k)].value != Value{i, r})
      report_at(i, fmt::format("it is placed as result {}, which is {}", k,
                               print_value(graph_, results[static_cast<size_t>(k)].value)));
  }

  void check_update(uint32_t i, uint32_t r, int64_t k) {
    if (!graph_.node(i).types[r].layout.is_default())
      return report_at(i, "it is placed in an input, which lies row-major");
    const auto& updates = graph_.updates();
    const Value value{i, r};
    const auto update = std::find_if(updates.begin(), updates.end(), [&](const Update& u) {
      return static_cast<int64_t>(u.input) == k && u.value == value;
    });
    if (update == updates.end())
      return report_at(i, fmt::format("it is placed in input {}, which it does not update", k));
    const Input& input = graph_.inputs()[update->input];
    const auto problem = [&](std::string_view why) {
      report_at(i, fmt::format("it is placed in '{}', but {}", input.name, why));
    };
    if (graph_.status() && graph_.status().node >= i)
      return problem("the step's check is not looked at before");
    for (const NamedValue& result : graph_.results())
      if (result.value == input.value) return problem("the old value is a result");
    for (const Update& other : updates)
      if (other.value == input.value) return problem("the old value updates another input");
    bool reads = false;
    for (uint32_t user = 0; user < graph_.size(); ++user) {
      const auto& operands = graph_.node(user).operands;
      if (std::find(operands.begin(), operands.end(), input.value) == operands.end()) continue;
      if (user > i) return problem("the old value is read later");
      reads = reads || user == i;
    }
    if (!is_kernel(graph_.node(i)) || (reads && !may_overwrite(graph_.node(i), r, input.value)))
      problem("the kernel still reads the old value where it has been overwritten");
  }

  // No place in the workspace takes a new value while another one there is still read.
  void check_overlaps(const std::vector<bool>& live) {
    const auto end = static_cast<uint32_t>(graph_.size());
    std::vector<std::vector<uint32_t>> last_reader(graph_.size());  // by node and result
    for (uint32_t i = 0; i < graph_.size(); ++i) {
      last_reader[i].assign(graph_.node(i).types.size(), i);
      for (Value operand : graph_.node(i).operands) last_reader[operand.node][operand.result] = i;
    }
    const auto read_at_end = [&](Value value) { last_reader[value.node][value.result] = end; };
    for (const NamedValue& result : graph_.results()) read_at_end(result.value);
    for (const Update& update : graph_.updates()) read_at_end(update.value);
    if (graph_.status()) read_at_end(graph_.status());

    struct Held {
      int64_t end;
      Value value;
    };
    std::map<int64_t, Held> held;  // by first byte
    std::vector<std::vector<int64_t>> dying(graph_.size() + 1);
    const auto hold = [&](uint32_t i, uint32_t r, const Placement& place, int64_t size, uint32_t last) {
      if (place.kind != Placement::Kind::workspace || size == 0) return;
      const auto next = held.upper_bound(place.at + size - 1);
      if (next != held.begin() && std::prev(next)->second.end > place.at)
        return report_at(i, fmt::format("its place {} is that of {}, which is still read", place.at,
                                        print_value(graph_, std::prev(next)->second.value)));
      held[place.at] = {place.at + size, {i, r}};
      dying[last].push_back(place.at);
    };
    for (uint32_t i = 0; i < graph_.size(); ++i) {
      const Node& node = graph_.node(i);
      if (live[i] && is_placed(i)) {
        const std::vector<Placement> list = placements(node), scratch = placements(node, "scratch");
        for (uint32_t r = 0; r < list.size(); ++r)
          hold(i, r, list[r], size_in_bytes(node.types[r]), last_reader[i][r]);
        const std::vector<int64_t> sizes = scratch.empty() ? std::vector<int64_t>{} : scratch_bytes(node);
        for (size_t k = 0; k < sizes.size(); ++k) hold(i, 0, scratch[k], sizes[k], i);
      }
      for (int64_t offset : dying[i]) held.erase(offset);
    }
  }

  static constexpr int64_t most_bytes = int64_t{1} << 48;

  const Graph& graph_;
  Stage stage_;
  const GraphSpans* spans_;
  std::vector<Diagnostic>& found_;
};

}  // namespace

Stage stage_of(const Graph& graph) {
  const AttributeValue* stage = graph.header().find("stage");
  const auto* text = stage ? std::get_if<std::string>(stage) : nullptr;
  return text ? stage_named(*text).value_or(Stage::forward) : Stage::forward;
}

std::vector<Diagnostic> verify_stage(const Graph& graph, Stage stage, const GraphSpans* spans) {
  std::vector<Diagnostic> found;
  StageVerifier(graph, stage, spans, found).run();
  return found;
}

}  // namespace gradus
