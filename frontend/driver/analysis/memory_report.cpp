#include "frontend/driver/analysis/memory_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "frontend/driver/analysis/derivative_rule.h"
#include "frontend/driver/analysis/place_text.h"
#include "ir/dependence.h"
#include "ir/kernel/scratch.h"
#include "ir/op.h"
#include "ir/placement.h"
#include "ir/structure.h"

namespace gradus {

namespace {

std::string op_text(const Graph& graph, uint32_t node) {
  const Origin* rule = derivative_rule(graph, node);
  return fmt::format("{}{}", graph.node(node).op->name, rule ? ", gradient of " + rule->name : "");
}

class Report {
 public:
  explicit Report(const Graph& graph) : graph_(graph), number_(graph.size(), 0), users_(users(graph)) {
    for (uint32_t i = 0; i < graph.size(); ++i)
      if (is_computed(i)) number_[i] = ++report_.kernels;
    of_data_.assign(graph.size(), false);
    for (const Input& input : graph.inputs()) of_data_[input.value.node] = input.kind == InputKind::data;
    of_data_ = dependent_on(graph, std::move(of_data_));
  }

  MemoryReport run(int64_t workspace) {
    find_backward();
    for (uint32_t i = 0; i < graph_.size(); ++i)
      if (is_computed(i)) add_buffers(i);
    report_.lower_bound = graph_.header().integer_or("workspace_lower_bound", 0);
    report_.workspace = workspace;
    add_peak();
    add_rest();
    return std::move(report_);
  }

 private:
  bool is_computed(uint32_t i) const { return !is_input(graph_.node(i)) && !is_constant(graph_.node(i)); }

  // For every node of a body, whether it is made for a derivative or from what is.
  std::vector<bool> backward_in(const Node& kernel) const {
    const Graph& body = *kernel.body;
    std::vector<bool> backward(body.size(), false);
    for (size_t k = 0; k < kernel.operands.size() && k < body.inputs().size(); ++k)
      backward[body.inputs()[k].value.node] = backward_.count(kernel.operands[k]) > 0;
    for (uint32_t i = 0; i < body.size(); ++i)
      if (body.node(i).derivative) backward[i] = true;
    // Constants are shared by both graphs.
    return dependent_on(body, std::move(backward), [&](uint32_t i, size_t k) {
      return !is_constant(body.node(body.node(i).operands[k]));
    });
  }

  void find_backward() {
    for (uint32_t i = 0; i < graph_.size(); ++i) {
      const Node& node = graph_.node(i);
      if (!is_computed(i)) continue;
      if (is_kernel(node)) {
        const std::vector<bool> inside = backward_in(node);
        for (uint32_t r = 0; r < node.types.size(); ++r)
          if (inside[node.body->results()[r].value.node]) backward_.insert({i, r});
        continue;
      }
      bool backward = node.derivative;
      for (Value operand : node.operands) backward = backward || backward_.count(operand) > 0;
      for (uint32_t r = 0; backward && r < node.types.size(); ++r) backward_.insert({i, r});
    }
  }

  void add_buffers(uint32_t index) {
    const Node& node = graph_.node(index);
    const std::vector<Placement> places = placements(node);
    add_scratch(index);
    for (uint32_t r = 0; r < node.types.size(); ++r) {
      if (places[r].kind != Placement::Kind::workspace)
        continue;  // a result of the step, or an update in place
      MemoryBuffer buffer;
      describe(buffer, index, r);
      buffer.type = node.types[r];
      buffer.bytes = Placement::aligned(size_in_bytes(node.types[r]));
      buffer.offset = places[r].at;
      buffer.first = number_[index];
      buffer.last = buffer.first;
      for (uint32_t user : users_[index])
        if (reads(graph_.node(user), {index, r})) buffer.last = number_[user];
      if (ends_with_step({index, r})) buffer.last = report_.kernels;
      buffer.forward = backward_.count({index, r}) == 0;
      describe_readers(buffer, {index, r});
      // Constants and copies of weights are made for the backward graph, not saved for it.
      buffer.saved_for_backward = buffer.saved_for_backward && of_data_[index];
      if (buffer.saved_for_backward) {
        ++report_.saved;
        report_.saved_bytes += buffer.bytes;
      }
      report_.buffers.push_back(std::move(buffer));
    }
  }

  // What the steps of a scan or the loops of a kernel work in.
  void add_scratch(uint32_t index) {
    const Node& node = graph_.node(index);
    const std::vector<Placement> places = placements(node, "scratch");
    const std::vector<int64_t> sizes = scratch_bytes(node);
    for (size_t k = 0; k < places.size(); ++k) {
      MemoryBuffer buffer;
      describe(buffer, index, 0);
      buffer.type = Type(ElementType::u8, {sizes[k]});
      buffer.bytes = Placement::aligned(sizes[k]);
      buffer.offset = places[k].at;
      buffer.first = buffer.last = number_[index];
      buffer.forward = backward_.count({index, 0}) == 0;
      buffer.reader = is_scan(node) ? "its steps" : is_call(node) ? "its kernels" : "its loops";
      report_.buffers.push_back(std::move(buffer));
    }
  }

  static bool reads(const Node& node, Value value) {
    return std::find(node.operands.begin(), node.operands.end(), value) != node.operands.end();
  }

  // Read when the step commits.
  bool ends_with_step(Value value) const {
    for (const Update& update : graph_.updates())
      if (update.value == value) return true;
    for (const NamedValue& result : graph_.results())
      if (result.value == value) return true;
    return graph_.status() == value;
  }

  void describe(MemoryBuffer& buffer, uint32_t index, uint32_t result) const {
    const Node& kernel = graph_.node(index);
    const bool fused = is_kernel(kernel);
    const Graph& graph = fused ? *kernel.body : graph_;
    const uint32_t node = fused ? kernel.body->results()[result].value.node : index;
    buffer.value = fmt::format("%{}", graph.node(node).id);
    buffer.op = op_text(graph, node);
    buffer.span = place_of(graph.origins(node));
    if (const Origin* source = find_source(graph.origins(node))) buffer.scope = source->chain.front().scope;
  }

  void describe_readers(MemoryBuffer& buffer, Value value) const {
    for (uint32_t user : users_[value.node]) {
      const Node& kernel = graph_.node(user);
      if (!is_kernel(kernel)) {
        if (reads(kernel, value)) note_reader(buffer, graph_, user);
        continue;
      }
      for (size_t k = 0; k < kernel.operands.size(); ++k)
        if (kernel.operands[k] == value)
          note_readers_in(buffer, *kernel.body, kernel.body->inputs()[k].value);
    }
    if (buffer.reader.empty()) buffer.reader = ends_with_step(value) ? "end of the step" : "nothing";
  }

  // Looks through reshapes and the like, which kernels repeat wherever they read.
  void note_readers_in(MemoryBuffer& buffer, const Graph& body, Value value) const {
    for (uint32_t i = 0; i < body.size(); ++i) {
      const Node& node = body.node(i);
      if (!reads(node, value)) continue;
      note_reader(buffer, body, i);
      if (node.op->family == OpFamily::shape) note_readers_in(buffer, body, {i, 0});
    }
  }

  void note_reader(MemoryBuffer& buffer, const Graph& graph, uint32_t node) const {
    if (buffer.forward && graph.node(node).derivative) buffer.saved_for_backward = true;
    buffer.reader = op_text(graph, node);
    buffer.reader_span = place_of(graph.origins(node));
  }

  void add_peak() {
    for (int64_t kernel = 1; kernel <= report_.kernels; ++kernel) {
      int64_t bytes = 0;
      for (const MemoryBuffer& buffer : report_.buffers)
        if (buffer.first <= kernel && kernel <= buffer.last) bytes += buffer.bytes;
      if (bytes <= report_.peak) continue;
      report_.peak = bytes;
      report_.peak_kernel = kernel;
    }
  }

  void add_rest() {
    for (const Input& input : graph_.inputs()) {
      const int64_t bytes = size_in_bytes(graph_.type(input.value));
      (input.kind == InputKind::parameter ? report_.parameters
       : input.kind == InputKind::state   ? report_.state
                                          : report_.inputs) += bytes;
    }
    for (const NamedValue& result : graph_.results())
      report_.results += size_in_bytes(graph_.type(result.value));
  }

  const Graph& graph_;
  std::vector<int64_t> number_;
  std::vector<std::vector<uint32_t>> users_;
  std::vector<bool> of_data_;  // what is computed from the inputs of a step
  std::set<Value> backward_;
  MemoryReport report_;
};

}  // namespace

MemoryReport explain_memory(Compiler& compiler, const Graph& graph) {
  const Graph kernels = compiler.bring_to(Stage::kernels, graph);
  return Report(kernels).run(compiler.to_loops(kernels).workspace_bytes());
}

std::string format_memory(const MemoryReport& report) {
  std::vector<std::array<std::string, 6>> rows = {
      {"bytes", "kernels", "value", "type", "made by", "last read by"}};
  for (const MemoryBuffer& buffer : report.buffers) {
    const bool at_peak = buffer.first <= report.peak_kernel && report.peak_kernel <= buffer.last;
    rows.push_back(
        {fmt::format("{}{}", buffer.bytes, at_peak ? "*" : " "),
         fmt::format("{}-{}", buffer.first, buffer.last), buffer.value, to_string(buffer.type),
         with_place(buffer.op, buffer.span),
         (buffer.saved_for_backward ? "saved: " : "") + with_place(buffer.reader, buffer.reader_span)});
  }
  std::array<size_t, 6> widths = {12, 0, 0, 0, 0, 0};
  for (const auto& row : rows)
    for (size_t c = 0; c + 1 < row.size(); ++c) widths[c] = std::max(widths[c], row[c].size());
  std::string out;
  for (const auto& row : rows)
    out += fmt::format("{:>{}} {:>{}}  {:<{}}  {:<{}}  {:<{}}  {}\n", row[0], widths[0], row[1], widths[1],
                       row[2], widths[2], row[3], widths[3], row[4], widths[4], row[5]);
  const auto line = [&](int64_t bytes, const std::string& what) {
    out += fmt::format("{:>12} {}\n", bytes, what);
  };
  out += '\n';
  line(report.workspace, fmt::format("workspace of {} kernels, in bytes", report.kernels));
  line(report.peak, fmt::format("live at once, at kernel {} (* above)", report.peak_kernel));
  line(report.lower_bound, "lower bound: no order of the kernels needs less");
  line(report.saved_bytes,
       fmt::format("{} forward values saved for the backward graph (saved: above)", report.saved));
  line(report.parameters, "parameters");
  line(report.state, "state");
  line(report.inputs, "inputs of a step");
  line(report.results, "results of a step");
  return out;
}

nlohmann::json memory_json(const MemoryReport& report) {
  nlohmann::json buffers = nlohmann::json::array();
  for (const MemoryBuffer& buffer : report.buffers)
    buffers.push_back({{"value", buffer.value},
                       {"type", to_string(buffer.type)},
                       {"op", buffer.op},
                       {"scope", buffer.scope},
                       {"place", place_json(buffer.span)},
                       {"bytes", buffer.bytes},
                       {"offset", buffer.offset},
                       {"first_kernel", buffer.first},
                       {"last_kernel", buffer.last},
                       {"forward", buffer.forward},
                       {"saved_for_backward", buffer.saved_for_backward},
                       {"last_reader", buffer.reader},
                       {"last_reader_place", place_json(buffer.reader_span)}});
  return {{"kernels", report.kernels},
          {"workspace", report.workspace},
          {"peak", report.peak},
          {"peak_kernel", report.peak_kernel},
          {"lower_bound", report.lower_bound},
          {"saved_for_backward", report.saved_bytes},
          {"parameters", report.parameters},
          {"state", report.state},
          {"inputs", report.inputs},
          {"results", report.results},
          {"buffers", std::move(buffers)}};
}

}  // namespace gradus
