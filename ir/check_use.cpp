#include "ir/check_use.h"

#include <fmt/format.h>

#include "ir/text/suggest.h"

namespace gradus {

namespace {

std::string_view kind_of(const AttributeValue& value) {
  constexpr std::string_view names[] = {"true or false",
                                        "an integer",
                                        "a number with a point or exponent",
                                        "a text",
                                        "an element type",
                                        "a list of integers",
                                        "a list of numbers",
                                        "axis pairs such as [1]x[0]"};
  return names[value.index()];
}

std::string found_operands(const Op& op, size_t operands) {
  const std::string found =
      fmt::format("{}: found {} operand{}", op.name, operands, operands == 1 ? "" : "s");
  if (op.max_operands < 0) return fmt::format("{}, expected at least {}", found, op.min_operands);
  if (op.max_operands == op.min_operands) return fmt::format("{}, expected {}", found, op.min_operands);
  return fmt::format("{}, expected {} to {}", found, op.min_operands, op.max_operands);
}

// The records list an attribute once; `value` and `values` of a constant hold integers as well as floats.
bool same_kind(const Op& op, const AttributeValue& value, const AttributeValue& example) {
  if (value.index() == example.index()) return true;
  if (const auto* list = std::get_if<std::vector<int64_t>>(&value); list && list->empty())
    return std::holds_alternative<std::vector<double>>(example);
  if (op.id != OpId::constant) return false;
  const auto scalar = [](const AttributeValue& v) {
    return std::holds_alternative<int64_t>(v) || std::holds_alternative<double>(v);
  };
  const auto list = [](const AttributeValue& v) {
    return std::holds_alternative<std::vector<int64_t>>(v) || std::holds_alternative<std::vector<double>>(v);
  };
  return (scalar(value) && scalar(example)) || (list(value) && list(example));
}

void check_attribute(const Op& op, const Attributes::Entry& entry, std::vector<UseProblem>& problems) {
  std::vector<std::string_view> names;
  const AttributeSpec* of_name = nullptr;
  for (const AttributeSpec& spec : op.attributes) {
    names.push_back(spec.name);
    if (spec.name != entry.first) continue;
    if (same_kind(op, entry.second, spec.example)) return;
    of_name = &spec;
  }
  if (of_name)
    problems.push_back({fmt::format("{}: the attribute '{}' is {}, expected {}", op.name, entry.first,
                                    kind_of(entry.second), kind_of(of_name->example)),
                        fmt::format("for example {}={}", entry.first, to_string(of_name->example))});
  else
    problems.push_back(
        {fmt::format("{} has no attribute '{}'", op.name, entry.first), did_you_mean(entry.first, names)});
}

}  // namespace

std::vector<UseProblem> check_use(const Op& op, size_t operands, const Attributes& attributes,
                                  bool has_body) {
  std::vector<UseProblem> problems;
  const auto count = static_cast<int64_t>(operands);
  if (count < op.min_operands || (op.max_operands >= 0 && count > op.max_operands))
    problems.push_back({found_operands(op, operands), {}});
  for (const Attributes::Entry& entry : attributes) check_attribute(op, entry, problems);
  // A misspelt attribute is missing as well: one message is enough.
  const bool judged = !problems.empty();
  for (const AttributeSpec& spec : op.attributes)
    if (!judged && spec.required && !attributes.has(spec.name))
      problems.push_back(
          {fmt::format("{}: the attribute '{}' is missing ({})", op.name, spec.name, spec.documentation),
           fmt::format("for example {{{}={}}}", spec.name, to_string(spec.example))});
  if (has_body != op.traits.takes_body)
    problems.push_back(
        {has_body ? fmt::format("{} has no body", op.name) : fmt::format("{} needs a body", op.name),
         has_body ? "" : "for example (%a = %0) { %1 = neg %a : f32[2]  yield %1 }"});
  return problems;
}

std::optional<std::vector<Type>> body_input_types(const Op& op, const Attributes& attributes,
                                                  const std::vector<Type>& operands) {
  if (op.id != OpId::scan) return operands;
  const int64_t carries = attributes.integer_or("carries", 0);
  const int64_t sequences = attributes.integer_or("sequences", 0);
  const auto count = static_cast<int64_t>(operands.size());
  if (carries < 0 || sequences < 0 || carries > count || sequences > count - carries) return std::nullopt;
  std::vector<Type> types = {Type(ElementType::i64)};
  for (int64_t i = 0; i < count; ++i) {
    Type type = operands[static_cast<size_t>(i)];
    if (i >= carries && i < carries + sequences) {
      if (type.shape.empty()) return std::nullopt;
      type = Type(type.element, Shape(type.shape.begin() + 1, type.shape.end()));
    }
    types.push_back(std::move(type));
  }
  return types;
}

}  // namespace gradus
