#include "ir/verify.h"

#include <fmt/format.h>

#include <map>
#include <set>

#include "ir/check_layout.h"
#include "ir/check_use.h"
#include "ir/op.h"
#include "ir/ops/scan.h"
#include "ir/structure.h"
#include "ir/text/print.h"

namespace gradus {

namespace {

bool same_but_layout(const Type& a, const Type& b) { return a.element == b.element && a.shape == b.shape; }

std::string list(const std::vector<Type>& types) {
  std::string out;
  for (const Type& type : types) out += (out.empty() ? "" : ", ") + to_string(type);
  return out.empty() ? "nothing" : out;
}

class Verifier {
 public:
  // Of the body of node `index` of the parent's graph, if there is a parent.
  Verifier(const Graph& graph, const GraphSpans* spans, std::vector<Diagnostic>& found,
           const Verifier* parent = nullptr, uint32_t index = 0)
      : graph_(graph), spans_(spans), found_(found), parent_(parent), index_(index) {}

  void run() {
    check_inputs();
    for (uint32_t i = 0; i < graph_.size(); ++i) check_node(i);
    check_results();
    check_updates();
    check_status();
  }

 private:
  bool exists(Value value) const {
    return value.node < graph_.size() && value.result < graph_.node(value).types.size();
  }

  std::string line(uint32_t index) const {
    const std::string text = print_node(graph_, index);
    const size_t end = text.find('\n');
    return end == std::string::npos ? text : text.substr(0, end) + " …";
  }

  std::string where() const {
    return parent_ ? fmt::format("{}in the body of {}: ", parent_->where(),
                                 print_value(parent_->graph_, {index_, 0}))
                   : std::string();
  }

  void report(std::string message, std::string hint = {}) {
    found_.push_back({Severity::error,
                      where() + std::move(message),
                      spans_ ? spans_->head : SourceSpan{},
                      {},
                      std::move(hint)});
  }

  void report_at(uint32_t index, std::string message, std::string hint = {}) {
    report(fmt::format("{}: {}", print_value(graph_, {index, 0}), message), std::move(hint));
    if (spans_ && index < spans_->nodes.size()) {
      found_.back().span = spans_->nodes[index];
      return;
    }
    const uint32_t first = index == 0 ? 0 : index - 1;
    for (uint32_t i = first; i < graph_.size() && i <= index + 1; ++i)
      found_.back().notes.push_back({fmt::format("{} {}", i == index ? ">" : " ", line(i)), {}});
  }

  void check_inputs() {
    std::set<std::string> names;
    std::set<InputKind> kinds;
    for (size_t i = 0; i < graph_.inputs().size(); ++i) {
      const Input& input = graph_.inputs()[i];
      if (!names.insert(input.name).second) report(fmt::format("two inputs are named '{}'", input.name));
      if (!exists(input.value) || !is_input(graph_.node(input.value))) {
        report(fmt::format("input '{}' is not a node of op input", input.name));
        continue;
      }
      const AttributeValue* index = graph_.node(input.value).attributes.find("index");
      if (!index || *index != AttributeValue(static_cast<int64_t>(i)))
        report_at(input.value.node,
                  fmt::format("input '{}' stands at position {}, but says another index", input.name, i));
      if (input.kind != InputKind::seed && input.kind != InputKind::step) continue;
      if (!same_but_layout(graph_.type(input.value), Type(ElementType::i64)))
        report_at(input.value.node,
                  fmt::format("'{}' is {}, expected i64[]", input.name, to_string(graph_.type(input.value))));
      if (!kinds.insert(input.kind).second)
        report_at(input.value.node, fmt::format("'{}' is another {}", input.name, keyword(input.kind)));
    }
  }

  void check_node(uint32_t index) {
    const Node& node = graph_.node(index);
    const auto [it, made] = ids_.emplace(node.id, index);
    if (!made) report_at(index, fmt::format("the stable id {} is taken by an earlier node", node.id));
    if (node.id >= graph_.next_id()) report_at(index, "the stable id is not below the graph's next id");
    for (const Type& type : node.types)
      if (std::string problem = layout_problem(type); !problem.empty()) report_at(index, std::move(problem));
    if (is_input(node)) return check_input_node(index);
    if (is_constant(node) && !node.types[0].layout.is_default())
      report_at(index, "a constant lies row-major", "`relayout` lays it out otherwise");

    for (Value operand : node.operands)
      if (!exists(operand) || operand.node >= index)
        return report_at(index,
                         fmt::format("operand {} does not come before it", print_value(graph_, operand)));
    const auto problems = check_use(*node.op, node.operands.size(), node.attributes, node.body != nullptr);
    for (const UseProblem& problem : problems) report_at(index, problem.message, problem.hint);
    if (!problems.empty()) return;
    if (node.body) check_body(index);
    check_types(index);
    check_mark_or_gradient(index);
  }

  void check_input_node(uint32_t index) {
    const Node& node = graph_.node(index);
    const AttributeValue* attribute = node.attributes.find("index");
    const auto* position = attribute ? std::get_if<int64_t>(attribute) : nullptr;
    const bool listed = position && *position >= 0 &&
                        static_cast<size_t>(*position) < graph_.inputs().size() &&
                        graph_.inputs()[static_cast<size_t>(*position)].value == Value{index, 0};
    if (!listed) report_at(index, "an input that the graph does not list");
    if (!node.operands.empty() || node.body || node.types.size() != 1)
      return report_at(index, "an input has one result and no operands");
    if (!parent_ && !node.types[0].layout.is_default())
      report_at(index, "what a program is given lies row-major", "`relayout` lays it out otherwise");
  }

  void check_types(uint32_t index) {
    const Node& node = graph_.node(index);
    OpUse use{*node.op, {}, node.attributes, node.body.get()};
    for (Value operand : node.operands) use.operands.push_back(graph_.type(operand));
    try {
      const std::vector<Type> types = node.op->infer(use);
      if (!std::equal(types.begin(), types.end(), node.types.begin(), node.types.end(), same_but_layout))
        report_at(index,
                  fmt::format("the type is {}, but shape inference gives {}", list(node.types), list(types)));
      else
        check_result_layouts(index, types);
    } catch (const ShapeError& error) {
      report_at(index, error.what(), error.hint);
    }
  }

  // A kernel loads its operands as they lie; the steps of a scan take slices of carries and sequences.
  void check_body_layouts(uint32_t index, const std::vector<Type>& operands,
                          const std::vector<Type>& inputs) {
    const Node& node = graph_.node(index);
    size_t sliced_inputs = 0;
    if (is_scan(node)) {
      const ops::ScanLayout layout(node);
      sliced_inputs = ops::ScanLayout::body_input_of(layout.operand_of_capture(0));
    }
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (is_kernel(node) && inputs[i].layout != operands[i].layout)
        report_at(index, fmt::format("the body takes {}, but the operand is {}", to_string(inputs[i]),
                                     to_string(operands[i])));
      if (i < sliced_inputs && !inputs[i].layout.is_default())
        report_at(index, fmt::format("the body takes {}, but carries and elements of sequences lie row-major",
                                     to_string(inputs[i])));
    }
  }

  // A kernel stores its results as its body says; the kernels of a scan or call write theirs row-major.
  void check_result_layouts(uint32_t index, const std::vector<Type>& of_body) {
    const Node& node = graph_.node(index);
    for (size_t r = 0; r < node.types.size(); ++r) {
      if (is_kernel(node) && node.types[r].layout != of_body[r].layout)
        report_at(index, fmt::format("result {} is {}, but the body yields {}", r, to_string(node.types[r]),
                                     to_string(of_body[r])));
      if (runs_kernels(node) && !node.types[r].layout.is_default())
        report_at(index,
                  fmt::format("result {} is {}, but what a {} makes lies row-major", r,
                              to_string(node.types[r]), node.op->name),
                  "`relayout` lays it out otherwise");
    }
  }

  void check_body(uint32_t index) {
    const Node& node = graph_.node(index);
    std::vector<Type> operands, inputs;
    for (Value operand : node.operands) operands.push_back(graph_.type(operand));
    for (const Input& input : node.body->inputs()) inputs.push_back(node.body->type(input.value));
    const auto expected = body_input_types(*node.op, node.attributes, operands);
    if (!expected ||
        !std::equal(expected->begin(), expected->end(), inputs.begin(), inputs.end(), same_but_layout))
      report_at(index, fmt::format("the body takes {}, expected {}", list(inputs),
                                   expected ? list(*expected) : "carries, sequences and captures"));
    if (expected) check_body_layouts(index, operands, inputs);
    const GraphSpans* spans = nullptr;
    if (spans_)
      if (const auto it = spans_->bodies.find(index); it != spans_->bodies.end()) spans = it->second.get();
    Verifier(*node.body, spans, found_, this, index).run();
  }

  void check_mark_or_gradient(uint32_t index) {
    const Node& node = graph_.node(index);
    if (is_mark(node) && !marks_.insert(node.attributes.integer_or("id", 0)).second)
      report_at(index, "another mark has the same id", "every assignment of a lesson has a mark of its own");
    if (!is_gradient(node)) return;
    for (Value operand : node.operands)
      if (!is_float(graph_.type(operand).element))
        report_at(index, fmt::format("{} is {}, and gradients are of floating-point values",
                                     print_value(graph_, operand), to_string(graph_.type(operand))));
  }

  void check_results() {
    std::set<std::string> names;
    for (size_t i = 0; i < graph_.results().size(); ++i) {
      const NamedValue& result = graph_.results()[i];
      if (!exists(result.value)) report(fmt::format("result {} does not exist", i));
      if (!result.name.empty() && !names.insert(result.name).second)
        report(fmt::format("two results are named '{}'", result.name));
    }
  }

  void check_updates() {
    if (parent_ && !graph_.updates().empty()) report("a body cannot update anything");
    std::set<uint32_t> updated;
    for (const Update& update : graph_.updates()) {
      if (update.input >= graph_.inputs().size() || !exists(update.value)) {
        report("an update of an input or by a value that does not exist");
        continue;
      }
      const Input& input = graph_.inputs()[update.input];
      if (!updated.insert(update.input).second) report(fmt::format("'{}' is updated twice", input.name));
      if (input.kind != InputKind::parameter && input.kind != InputKind::state &&
          input.kind != InputKind::variable)
        report(fmt::format("'{}' is updated, but only parameters, state and variables can be", input.name));
      if (!same_but_layout(graph_.type(update.value), graph_.type(input.value)))
        report_at(update.value.node,
                  fmt::format("the update of '{}' is {}, but the input is {}", input.name,
                              to_string(graph_.type(update.value)), to_string(graph_.type(input.value))));
    }
  }

  void check_status() {
    const Value status = graph_.status();
    if (!status) return;
    if (parent_) report("a body has no status");
    if (!exists(status)) return report("the status does not exist");
    if (graph_.type(status) != Type(ElementType::i64, {2}))
      report_at(status.node,
                fmt::format("the status is {}, expected i64[2]", to_string(graph_.type(status))));
  }

  const Graph& graph_;
  const GraphSpans* spans_;
  std::vector<Diagnostic>& found_;
  const Verifier* parent_;
  uint32_t index_;
  std::map<uint32_t, uint32_t> ids_;
  std::set<int64_t> marks_;
};

}  // namespace

std::vector<Diagnostic> verify(const Graph& graph, const GraphSpans* spans) {
  std::vector<Diagnostic> found;
  Verifier(graph, spans, found).run();
  return found;
}

void verify_or_fail(const Graph& graph, std::string_view where) {
  std::vector<Diagnostic> found = verify(graph);
  if (found.empty()) return;
  for (Diagnostic& diagnostic : found)
    diagnostic.message = fmt::format("internal: invalid graph ({}): {}", where, diagnostic.message);
  found.back().hint = "this is a bug in Gradus; --print-after-all shows the graph before and after each pass";
  throw Error(ErrorKind::internal, std::move(found));
}

}  // namespace gradus
