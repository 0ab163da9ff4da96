#include "ir/text/print.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "ir/check_use.h"
#include "ir/op.h"
#include "ir/text/lexer.h"

namespace gradus {

namespace {

constexpr size_t widest_line = 110;

std::string attributes_text(const Attributes& attributes, bool bare_words) {
  std::string out;
  for (const auto& [name, value] : attributes) {
    const auto* word = std::get_if<std::string>(&value);
    // A word that reads as something else than a text needs its quotes.
    const bool bare = bare_words && word && text::is_word(*word) && *word != "true" && *word != "false" &&
                      *word != "inf" && *word != "nan" && !element_type_named(*word);
    out += fmt::format("{}{}={}", out.empty() ? "" : ", ", text::spell_word(name),
                       bare ? *word : to_string(value));
  }
  return out.empty() ? out : "{" + out + "}";
}

class Printer {
 public:
  Printer(const Graph& graph, PrintOptions options) : graph_(graph), options_(options) {
    for (const Input& input : graph.inputs()) input_of_.emplace(input.value.node, &input);
  }

  std::string graph() const {
    std::string out = "graph " + text::spell_at_name(graph_.name()) + " ";
    const std::string header = attributes_text(graph_.header(), true);
    if (!header.empty()) out += header + " ";
    std::vector<std::string> inputs;
    for (const Input& input : graph_.inputs()) inputs.push_back(this->input(input));
    out += list(inputs, out.size()) + " {\n";
    out += statements("  ", "return");
    return out + "}\n";
  }

  std::string node(uint32_t index, const std::string& indent) const {
    const Node& node = graph_.node(index);
    std::string out = fmt::format("%{}", node.id);
    if (node.types.size() != 1) out += fmt::format(":{}", node.types.size());
    out += fmt::format(" = {}", node.op->name);
    if (!node.body)
      for (size_t i = 0; i < node.operands.size(); ++i) out += (i ? ", " : " ") + value(node.operands[i]);
    const std::string attributes = attributes_text(node.attributes, false);
    if (!attributes.empty()) out += " " + attributes;
    if (node.body) out += " " + body(node, indent, out.size());
    out += " : ";
    for (size_t i = 0; i < node.types.size(); ++i) out += (i ? ", " : "") + to_string(node.types[i]);
    if (node.derivative) out += " derivative";
    return out + origins(index);
  }

  std::string value(Value value) const {
    if (value.node >= graph_.size()) return "%?";
    const auto input = input_of_.find(value.node);
    const std::string name = input != input_of_.end() ? text::spell_value_name(input->second->name)
                                                      : fmt::format("%{}", graph_.node(value).id);
    return value.result == 0 ? name : fmt::format("{}#{}", name, value.result);
  }

 private:
  // The printer shows invalid graphs as well: the verifier quotes them.
  bool exists(Value value) const {
    return value.node < graph_.size() && value.result < graph_.node(value).types.size();
  }

  std::string origins(uint32_t index) const {
    std::string out;
    if (options_.origins)
      for (const Origin& origin : graph_.origins(index))
        out += (out.empty() ? "  " : " ") + to_string(origin);
    return out;
  }

  std::string input(const Input& input) const {
    std::string out(keyword(input.kind));
    if (!out.empty()) out += ' ';
    return out + text::spell_value_name(input.name) + ": " + to_string(graph_.type(input.value)) +
           origins(input.value.node);
  }

  // In parentheses; on lines of their own if they are long.
  static std::string list(const std::vector<std::string>& items, size_t before,
                          const std::string& indent = "") {
    size_t length = before;
    for (const std::string& item : items) length += item.size() + 2;
    const bool broken = length > widest_line;
    std::string out = "(";
    for (size_t i = 0; i < items.size(); ++i) {
      if (broken) out += (i ? ",\n" : "\n") + indent + "    ";
      if (!broken && i) out += ", ";
      out += items[i];
    }
    return out + ")";
  }

  std::string body(const Node& node, const std::string& indent, size_t before) const {
    const Printer inner(*node.body, options_);
    std::vector<Type> operands;
    for (Value operand : node.operands) operands.push_back(exists(operand) ? graph_.type(operand) : Type());
    const auto types = body_input_types(*node.op, node.attributes, operands);
    const auto& inputs = node.body->inputs();
    const size_t implicit = node.op->id == OpId::scan ? 1 : 0;  // the index has no operand
    std::vector<std::string> bindings;
    for (size_t i = 0; i < inputs.size(); ++i) {
      std::string binding(keyword(inputs[i].kind));
      if (!binding.empty()) binding += ' ';
      binding += text::spell_value_name(inputs[i].name);
      const Type& type = node.body->type(inputs[i].value);
      if (!types || i >= types->size() || type != (*types)[i]) binding += ": " + to_string(type);
      binding += inner.origins(inputs[i].value.node);
      if (i >= implicit && i - implicit < node.operands.size())
        binding += " = " + value(node.operands[i - implicit]);
      bindings.push_back(std::move(binding));
    }
    const std::string header = attributes_text(node.body->header(), true);
    return list(bindings, indent.size() + before, indent) + (header.empty() ? "" : " " + header) + " {\n" +
           inner.statements(indent + "  ", "yield") + indent + "}";
  }

  std::string statements(const std::string& indent, std::string_view last) const {
    std::string out;
    for (uint32_t i = 0; i < graph_.size(); ++i)
      if (!input_of_.count(i)) out += indent + node(i, indent) + "\n";
    std::string ending = results();
    out += fmt::format("{}{}{}{}\n", indent, last, ending.empty() ? "" : " ", ending);
    return out;
  }

  std::string results() const {
    std::vector<std::string> items;
    for (const NamedValue& result : graph_.results())
      items.push_back((result.name.empty() ? "" : text::spell_word(result.name) + " = ") +
                      value(result.value));
    std::string_view prefix = "updates ";
    for (const Update& update : graph_.updates()) {
      const std::string name = update.input < graph_.inputs().size()
                                   ? text::spell_value_name(graph_.inputs()[update.input].name)
                                   : "%?";
      items.push_back(fmt::format("{}{} = {}", prefix, name, value(update.value)));
      prefix = "";
    }
    if (graph_.status()) items.push_back("status " + value(graph_.status()));
    return fmt::format("{}", fmt::join(items, ", "));
  }

  const Graph& graph_;
  PrintOptions options_;
  std::unordered_map<uint32_t, const Input*> input_of_;
};

}  // namespace

std::string print(const Graph& graph, PrintOptions options) { return Printer(graph, options).graph(); }

std::string print_node(const Graph& graph, uint32_t index, PrintOptions options) {
  return Printer(graph, options).node(index, "");
}

std::string print_value(const Graph& graph, Value value) { return Printer(graph, {}).value(value); }

}  // namespace gradus
