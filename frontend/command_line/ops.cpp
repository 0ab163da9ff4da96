#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "frontend/command_line/command.h"
#include "ir/op.h"

namespace gradus::command_line {

namespace {

std::string_view family_name(OpFamily family) {
  switch (family) {
    case OpFamily::elementwise:
      return "elementwise";
    case OpFamily::shape:
      return "shape";
    case OpFamily::reduction:
      return "reduction";
    case OpFamily::contraction:
      return "contraction";
    case OpFamily::window:
      return "window";
    case OpFamily::indexed:
      return "indexed";
    case OpFamily::random:
      return "random";
    case OpFamily::control:
      return "control";
  }
  return "";
}

std::string gradient_text(const Op& op) {
  struct Describe {
    std::string operator()(const NotDifferentiable& rule) const { return "none: " + rule.reason; }
    std::string operator()(const PiecewiseConstant&) const { return "zero (piecewise constant)"; }
    std::string operator()(const Partials&) const { return "partial derivatives"; }
    std::string operator()(const Transpose&) const { return "transposed map"; }
    std::string operator()(const Adjoint&) const { return "adjoint rule"; }
  };
  return std::visit(Describe{}, op.differentiation);
}

std::string operand_text(const Op& op) {
  if (op.max_operands < 0) return fmt::format("{} or more", op.min_operands);
  if (op.min_operands == op.max_operands) return fmt::format("{}", op.min_operands);
  return fmt::format("{} to {}", op.min_operands, op.max_operands);
}

std::string document(const Op& op) {
  std::string out = fmt::format("{} ({})\n  {}\n", op.name, family_name(op.family), op.summary);
  if (!op.formula.empty()) out += fmt::format("  formula     {}\n", op.formula);
  out += fmt::format("  operands    {}\n", operand_text(op));
  for (const AttributeSpec& spec : op.attributes)
    out += fmt::format("  {{{}{}}}  {} (for example {})\n", spec.name, spec.required ? "" : "?",
                       spec.documentation, to_string(spec.example));
  return out + fmt::format("  derivative  {}\n", gradient_text(op));
}

nlohmann::json to_json(const Op& op) {
  nlohmann::json attributes = nlohmann::json::array();
  for (const AttributeSpec& spec : op.attributes)
    attributes.push_back(
        {{"name", spec.name}, {"required", spec.required}, {"documentation", spec.documentation}});
  return {{"name", op.name},
          {"family", family_name(op.family)},
          {"summary", op.summary},
          {"formula", op.formula},
          {"operands", operand_text(op)},
          {"attributes", attributes},
          {"derivative", gradient_text(op)}};
}

// The page docs/ops.md: one table a family.
std::string page() {
  std::string out =
      "# Primitive operations\n\n"
      "Written by `gradus ops --markdown`. Everything that a graph holds is one of these; `gradus ops NAME` "
      "tells\n"
      "more about one. [language.md](language.md#built-in-functions) has the functions that make them.\n";
  std::vector<std::string_view> families;
  for (const Op* op : all_ops())
    if (std::find(families.begin(), families.end(), family_name(op->family)) == families.end())
      families.push_back(family_name(op->family));
  const auto cell = [](std::string text) {
    for (size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) text.insert(at, "\\");
    return text;
  };
  for (std::string_view family : families) {
    out += fmt::format(
        "\n## {}\n\n| op | meaning | operands | attributes | derivative |\n| --- | --- | --- | --- | --- |\n",
        family);
    for (const Op* op : all_ops()) {
      if (family_name(op->family) != family) continue;
      std::string attributes;
      for (const AttributeSpec& spec : op->attributes)
        attributes += fmt::format("{}`{}`{}: {}", attributes.empty() ? "" : "<br>", spec.name,
                                  spec.required ? "" : " (optional)", spec.documentation);
      const std::string meaning =
          op->formula.empty() ? op->summary : fmt::format("{}<br>{}", op->summary, op->formula);
      out += fmt::format("| `{}` | {} | {} | {} | {} |\n", op->name, cell(meaning), operand_text(*op),
                         cell(attributes), cell(gradient_text(*op)));
    }
  }
  return out;
}

}  // namespace

Action set_up_ops(CLI::App& app) {
  struct Options {
    std::string name;
    bool json = false;
    bool markdown = false;
  };
  auto options = std::make_shared<Options>();
  app.add_option("NAME", options->name, "one operation, documented in full");
  app.add_flag("--json", options->json, "as JSON");
  app.add_flag("--markdown", options->markdown, "all of them as the page docs/ops.md");
  return [options, &app](Sources&) {
    if (options->markdown) {
      refuse(app, {"NAME", "--json"}, "--markdown, the page of all");
      write_text("-", page());
      return success;
    }
    std::vector<const Op*> chosen;
    for (const Op* op : all_ops())
      if (options->name.empty() || op->name == options->name) chosen.push_back(op);
    if (chosen.empty())
      fail_program(fmt::format("there is no op '{}'", options->name), {}, "`gradus ops` lists them all");
    if (options->json) {
      nlohmann::json list = nlohmann::json::array();
      for (const Op* op : chosen) list.push_back(to_json(*op));
      write_text("-", json_text(list));
      return success;
    }
    std::string out;
    for (const Op* op : chosen) {
      if (!options->name.empty())
        out += document(*op);
      else
        out += fmt::format("{:<20} {:<12} {}\n", op->name, family_name(op->family), op->summary);
    }
    write_text("-", out);
    return success;
  };
}

}  // namespace gradus::command_line
