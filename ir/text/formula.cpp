#include "ir/text/formula.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>

#include "ir/op.h"
#include "ir/ops/scan.h"
#include "ir/text/expression_writer.h"
#include "ir/text/lexer.h"

namespace gradus {

namespace {

// A longer formula of a value gets a name, even if it is used once.
constexpr size_t longest_inline = 160;
// A shared value as short as this is repeated rather than named.
constexpr size_t shortest_named = 5;

// What a value is written as. An operator matches the axes of its operands from the last one, and stretches
// axes of 1, so a broadcast that an operator does by itself is left to it: the text then has fewer axes than
// the value.
struct Shown {
  Formula formula;
  Shape shape;  // of what the text says
  // Of a reshape: what it reshapes, so that a chain of them is written as one.
  std::optional<Formula> reshaped;
  Shape reshaped_shape;
};

bool is_mark(const Node& node) { return node.op->id == OpId::mark; }
bool is_broadcast(const Node& node) { return node.op->id == OpId::broadcast; }
bool is_operator(const Node& node) {
  return node.op->family == OpFamily::elementwise && node.types.size() == 1;
}

// The shape of an operator's result.
Shape matched(const Shape& a, const Shape& b) {
  Shape shape = a.size() >= b.size() ? a : b;
  for (size_t i = 1; i <= std::min(a.size(), b.size()); ++i) {
    const int64_t extent = a[a.size() - i];
    shape[shape.size() - i] = extent == 1 ? b[b.size() - i] : extent;
  }
  return shape;
}

Shown reshape(const Shown& shown, const Shape& shape) {
  const Formula& inner = shown.reshaped ? *shown.reshaped : shown.formula;
  const Shape& from = shown.reshaped ? shown.reshaped_shape : shown.shape;
  if (from == shape) return {inner, shape, {}, {}};
  return {Formula::call(fmt::format("reshape({}, {})", inner.text(), to_string(shape))), shape, inner, from};
}

Shown whole(const Shown& shown, const Shape& shape) {
  if (shown.shape == shape) return shown;
  return {
      Formula::call(fmt::format("broadcast({}, {})", shown.formula.text(), to_string(shape))), shape, {}, {}};
}

// The operand's text where operators match its axes rightly; otherwise its axes are put into their places.
Shown broadcast(const Node& node, const Shown& operand, const Shape& from) {
  if (operand.shape.empty()) return operand;
  const std::vector<int64_t>& dims = node.attributes.integers("dims");
  const int64_t rank = node.types[0].rank();
  const int64_t offset = rank - static_cast<int64_t>(dims.size());
  bool trailing = true;
  for (size_t i = 0; i < dims.size(); ++i) trailing = trailing && dims[i] == offset + static_cast<int64_t>(i);
  if (trailing) return operand;
  Shape places(static_cast<size_t>(rank - dims.front()), 1);
  for (size_t i = 0; i < dims.size(); ++i) places[static_cast<size_t>(dims[i] - dims.front())] = from[i];
  return reshape(whole(operand, from), places);
}

class FormulaPrinter {
 public:
  FormulaPrinter(const Graph& graph, FormulaOptions options, std::string indent)
      : graph_(graph), options_(options), indent_(std::move(indent)) {
    for (const Input& input : graph.inputs()) taken_.insert(input.name);
    for (const NamedValue& result : graph.results()) taken_.insert(result.name);
    count_uses();
  }

  std::string run() {
    name_results();
    for (uint32_t i = 0; i < graph_.size(); ++i)
      if (live_[i] && !is_mark(graph_.node(i))) write(i);
    for (const NamedValue& result : graph_.results()) {
      if (shown_.count(result.name)) continue;
      const std::string text = whole_text(result.value);
      out_ += result.name.empty() ? fmt::format("{}{}\n", indent_, text)
                                  : fmt::format("{}{} = {}\n", indent_, result.name, text);
    }
    for (const Update& update : graph_.updates())
      out_ +=
          fmt::format("{}{} := {}\n", indent_, graph_.inputs()[update.input].name, whole_text(update.value));
    if (graph_.status()) out_ += fmt::format("{}status = {}\n", indent_, whole_text(graph_.status()));
    return std::move(out_);
  }

 private:
  Value resolve(Value value) const {
    while (is_mark(graph_.node(value))) value = graph_.node(value).operands[0];
    return value;
  }

  void count_uses() {
    live_ = live_nodes(graph_);
    uses_.resize(graph_.size());
    for (const Update& update : graph_.updates()) ++uses_[resolve(update.value).node];
    // A broadcast has no line of its own: who uses it uses its operand. Users come after what they use.
    for (uint32_t i = graph_.size(); i-- > 0;)
      if (live_[i] && !is_mark(graph_.node(i)))
        for (Value operand : graph_.node(i).operands)
          uses_[resolve(operand).node] += is_broadcast(graph_.node(i)) ? uses_[i] : 1;
  }

  // A result that others use is known by its own name.
  void name_results() {
    for (const NamedValue& result : graph_.results()) {
      const Value value = resolve(result.value);
      const Node& node = graph_.node(value);
      const bool plain =
          node.op->id == OpId::input || node.op->id == OpId::constant || node.types.size() != 1;
      if (!plain && !result.name.empty() && uses_[value.node] > 0 && !options_.expand)
        names_.emplace(value.node, result.name);
    }
  }

  std::string name_of(uint32_t index) {
    if (const auto it = names_.find(index); it != names_.end()) return it->second;
    std::string name = fmt::format("t{}", graph_.node(index).id);
    while (!taken_.insert(name).second) name += '_';
    return names_.emplace(index, std::move(name)).first->second;
  }

  const Shape& shape_of(Value value) const { return graph_.type(value).shape; }

  const Shown& of(Value value) {
    const Value resolved = resolve(value);
    const auto it = shown_values_.find(resolved);
    return it != shown_values_.end()
               ? it->second
               : shown_values_.emplace(resolved, Shown{Formula::name("?"), shape_of(resolved), {}, {}})
                     .first->second;
  }

  // With every axis that the value has.
  std::string whole_text(Value value) { return whole(of(value), shape_of(value)).formula.text(); }

  void write(uint32_t index) {
    const Node& node = graph_.node(index);
    if (node.op->id == OpId::input) {
      const auto& input = graph_.inputs()[static_cast<size_t>(node.attributes.integer("index"))];
      shown_values_[{index, 0}] = {Formula::name(input.name), node.types[0].shape, {}, {}};
      return;
    }
    if (node.body) return write_body(index);
    Shown shown = shown_of(node);
    const size_t length = shown.formula.text().size();
    if (options_.expand && length > options_.size_limit)
      fail_program(fmt::format("written out, the formula of %{} has more than {} characters", node.id,
                               options_.size_limit),
                   {}, "without --expand, values that are used more than once get a name");
    const bool result = names_.count(index);
    if (result) shown = whole(shown, node.types[0].shape);
    const bool several = node.types.size() > 1;
    const bool shared = uses_[index] > 1 && length >= shortest_named && !is_broadcast(node);
    const bool named = result || shared || length > longest_inline;
    if (several || (!options_.expand && named && node.op->id != OpId::constant))
      define(index, shown);
    else
      shown_values_[{index, 0}] = std::move(shown);
  }

  void define(uint32_t index, const Shown& shown) {
    const std::string name = name_of(index);
    out_ += fmt::format("{}{} = {}\n", indent_, name, shown.formula.text());
    set_names(index, name);
    shown_values_[{index, 0}].shape = shown.shape;
  }

  void set_names(uint32_t index, const std::string& name) {
    for (const NamedValue& result : graph_.results())
      if (result.name == name && resolve(result.value) == Value{index, 0}) shown_.insert(name);
    const std::vector<Type>& types = graph_.node(index).types;
    for (uint32_t r = 0; r < types.size(); ++r)
      shown_values_[{index, r}] = {
          Formula::name(r == 0 ? name : fmt::format("{}#{}", name, r)), types[r].shape, {}, {}};
  }

  void write_body(uint32_t index) {
    const Node& node = graph_.node(index);
    const auto& inputs = node.body->inputs();
    const bool scan = node.op->id == OpId::scan;
    const size_t implicit = scan ? ops::ScanLayout::body_input_of(0) : 0;  // the index has no operand
    const ops::ScanLayout layout = scan ? ops::ScanLayout(node) : ops::ScanLayout();
    std::string bindings;
    for (size_t i = 0; i < inputs.size(); ++i) {
      const bool bound = i >= implicit && i - implicit < node.operands.size();
      const size_t operand = i - implicit;
      bindings += i ? ", " : "";
      if (bound && layout.is_carry(operand)) bindings += "carry ";
      bindings += inputs[i].name;
      if (bound)
        bindings += (layout.is_sequence(operand) ? " in " : " = ") + whole_text(node.operands[operand]);
    }
    const std::string name = name_of(index);
    std::string heading(node.op->name);
    if (scan) {
      heading += fmt::format(" of {} steps{}", layout.length, layout.reverse ? " from the last" : "");
      if (!layout.histories.empty()) heading += fmt::format(", histories {}", to_string(layout.histories));
    }
    out_ += fmt::format("{}{} = {} ({}):\n", indent_, name, heading, bindings);
    out_ += FormulaPrinter(*node.body, options_, indent_ + "    ").run();
    set_names(index, name);
  }

  Shown shown_of(const Node& node) {
    if (is_broadcast(node)) return broadcast(node, of(node.operands[0]), shape_of(node.operands[0]));
    if (node.op->id == OpId::reshape)
      return reshape(whole(of(node.operands[0]), shape_of(node.operands[0])), node.types[0].shape);
    std::vector<Formula> operands;
    Shape shape;
    for (Value operand : node.operands) {
      const Shown& shown = of(operand);
      operands.push_back(is_operator(node) ? shown.formula : whole(shown, shape_of(operand)).formula);
      shape = matched(shape, shown.shape);
    }
    const bool number = node.op->id == OpId::constant && node.attributes.has("value");
    return {write_node(graph_, node, std::move(operands)),
            number               ? Shape{}
            : is_operator(node)  ? shape
            : node.types.empty() ? Shape{}
                                 : node.types[0].shape,
            {},
            {}};
  }

  const Graph& graph_;
  FormulaOptions options_;
  std::string indent_;
  std::string out_;
  std::vector<bool> live_;
  std::vector<int64_t> uses_;
  std::map<Value, Shown> shown_values_;
  std::map<uint32_t, std::string> names_;
  std::set<std::string> taken_;
  std::set<std::string> shown_;
};

}  // namespace

std::string to_formula(const Graph& graph, FormulaOptions options) {
  return FormulaPrinter(graph, options, "").run();
}

}  // namespace gradus
