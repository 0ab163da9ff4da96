#include "ir/text/formula.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "ir/op.h"
#include "ir/text/expression_writer.h"
#include "ir/text/lexer.h"

namespace gradus {

namespace {

// A longer formula of a value gets a name, even if it is used once.
constexpr size_t longest_inline = 160;
// A shared value as short as this is repeated rather than named.
constexpr size_t shortest_named = 5;

bool is_transparent(const Node& node) { return node.op->name == "broadcast" || node.op->name == "mark"; }

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
      if (live_[i] && !is_transparent(graph_.node(i))) write(i);
    for (const NamedValue& result : graph_.results()) {
      if (shown_.count(result.name)) continue;
      const std::string text = of(result.value).text();
      out_ += result.name.empty() ? fmt::format("{}{}\n", indent_, text)
                                  : fmt::format("{}{} = {}\n", indent_, result.name, text);
    }
    for (const Update& update : graph_.updates())
      out_ +=
          fmt::format("{}{} := {}\n", indent_, graph_.inputs()[update.input].name, of(update.value).text());
    if (graph_.status()) out_ += fmt::format("{}status = {}\n", indent_, of(graph_.status()).text());
    return std::move(out_);
  }

 private:
  Value resolve(Value value) const {
    while (is_transparent(graph_.node(value))) value = graph_.node(value).operands[0];
    return value;
  }

  void count_uses() {
    live_ = live_nodes(graph_);
    uses_.resize(graph_.size());
    for (uint32_t i = 0; i < graph_.size(); ++i)
      if (live_[i] && !is_transparent(graph_.node(i)))
        for (Value operand : graph_.node(i).operands) ++uses_[resolve(operand).node];
    for (const Update& update : graph_.updates()) ++uses_[resolve(update.value).node];
  }

  // A result that others use is known by its own name.
  void name_results() {
    for (const NamedValue& result : graph_.results()) {
      const Value value = resolve(result.value);
      const Node& node = graph_.node(value);
      const bool plain = node.op->name == "input" || node.op->name == "constant" || node.types.size() != 1;
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

  const Formula& of(Value value) {
    const Value resolved = resolve(value);
    const auto it = formulas_.find(resolved);
    return it != formulas_.end() ? it->second : formulas_.emplace(resolved, Formula::name("?")).first->second;
  }

  void write(uint32_t index) {
    const Node& node = graph_.node(index);
    if (node.op->name == "input") {
      const auto& input = graph_.inputs()[static_cast<size_t>(node.attributes.integer("index"))];
      formulas_[{index, 0}] = Formula::name(input.name);
      return;
    }
    if (node.body) return write_body(index);
    Formula formula = formula_of(node);
    const size_t length = formula.text().size();
    if (options_.expand && length > options_.size_limit)
      fail_program(fmt::format("written out, the formula of %{} has more than {} characters", node.id,
                               options_.size_limit),
                   {}, "without --expand, values that are used more than once get a name");
    const bool several = node.types.size() > 1;
    const bool shared = uses_[index] > 1 && length >= shortest_named;
    const bool named = names_.count(index) || shared || length > longest_inline;
    if (several || (!options_.expand && named && node.op->name != "constant"))
      define(index, formula.text());
    else
      formulas_[{index, 0}] = std::move(formula);
  }

  void define(uint32_t index, const std::string& text) {
    const std::string name = name_of(index);
    out_ += fmt::format("{}{} = {}\n", indent_, name, text);
    for (const NamedValue& result : graph_.results())
      if (result.name == name && resolve(result.value).node == index) shown_.insert(name);
    set_names(index, name);
  }

  void set_names(uint32_t index, const std::string& name) {
    for (uint32_t r = 0; r < graph_.node(index).types.size(); ++r)
      formulas_[{index, r}] = Formula::name(r == 0 ? name : fmt::format("{}#{}", name, r));
  }

  void write_body(uint32_t index) {
    const Node& node = graph_.node(index);
    std::vector<Formula> arguments;
    const size_t implicit = node.op->name == "scan" ? 1 : 0;
    const auto& inputs = node.body->inputs();
    std::string bindings;
    for (size_t i = 0; i < inputs.size(); ++i) {
      bindings += (i ? ", " : "") + inputs[i].name;
      if (i >= implicit && i - implicit < node.operands.size())
        bindings += " = " + of(node.operands[i - implicit]).text();
    }
    const std::string name = name_of(index);
    std::string heading = node.op->name;
    if (implicit)
      heading += fmt::format(" of {} steps{}", node.attributes.integer("length"),
                             node.attributes.flag("reverse") ? " from the last" : "");
    out_ += fmt::format("{}{} = {} ({}):\n", indent_, name, heading, bindings);
    out_ += FormulaPrinter(*node.body, options_, indent_ + "    ").run();
    set_names(index, name);
  }

  Formula formula_of(const Node& node) {
    std::vector<Formula> operands;
    for (Value operand : node.operands) operands.push_back(of(operand));
    return write_node(graph_, node, std::move(operands));
  }

  const Graph& graph_;
  FormulaOptions options_;
  std::string indent_;
  std::string out_;
  std::vector<bool> live_;
  std::vector<int64_t> uses_;
  std::map<Value, Formula> formulas_;
  std::map<uint32_t, std::string> names_;
  std::set<std::string> taken_;
  std::set<std::string> shown_;
};

}  // namespace

std::string to_formula(const Graph& graph, FormulaOptions options) {
  return FormulaPrinter(graph, options, "").run();
}

}  // namespace gradus
