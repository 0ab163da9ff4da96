#include "frontend/driver/run/outcome.h"

#include <fmt/format.h>

#include <cmath>
#include "ir/shown_text.h"

namespace gradus {

Numbers numbers_of(const Tensor& tensor) {
  Numbers numbers{tensor.type(), {}};
  for (int64_t i = 0; i < tensor.size(); ++i)
    if (tensor.element() == ElementType::i64)
      numbers.values.emplace_back(tensor.values<int64_t>()[static_cast<size_t>(i)]);
    else
      numbers.values.emplace_back(tensor.number(i));
  return numbers;
}

std::string format_number(const language::Number& number, ElementType element, int digits) {
  const auto show = [&](auto x) {
    if (element == ElementType::boolean) return std::string(x != 0 ? "true" : "false");
    if (!is_float(element)) return fmt::format("{}", static_cast<int64_t>(x));
    const auto real = static_cast<double>(x);
    return std::isnan(real) ? "nan" : fmt::format("{:.{}g}", real, digits);
  };
  return std::visit(show, number);
}

namespace {

void format_axis(std::string& out, const Numbers& numbers, size_t axis, size_t& next) {
  if (axis == numbers.type.shape.size()) {
    out += format_number(numbers.values[next++], numbers.type.element);
    return;
  }
  out += '[';
  for (int64_t i = 0; i < numbers.type.shape[axis]; ++i) {
    if (i) out += ", ";
    format_axis(out, numbers, axis + 1, next);
  }
  out += ']';
}

std::string format_numbers(const Numbers& numbers) {
  std::string out;
  size_t next = 0;
  format_axis(out, numbers, 0, next);
  return out;
}

std::string format_print(const language::PrintLine& line, const ResultTable& table) {
  std::string out;
  for (const language::PrintItem& item : line.items) {
    if (!out.empty()) out += "  ";
    if (item.literal) {
      out += item.text;
      continue;
    }
    out += item.text + " = ";
    if (item.list) out += '[';
    for (size_t i = 0; i < item.results.size(); ++i)
      out += (i ? ", " : "") + format_numbers(table.at(item.results[i]));
    if (item.list) out += ']';
  }
  return out;
}

}  // namespace

OutcomeLine outcome_line(const std::variant<language::Expectation, language::PrintLine>& statement,
                         const ResultTable& table,
                         const std::function<std::vector<double>(const std::string& result)>& bounds) {
  if (const auto* line = std::get_if<language::PrintLine>(&statement))
    return {line->span, false, true, format_print(*line, table), {}};
  const auto& expectation = std::get<language::Expectation>(statement);
  static const Numbers nothing;
  const Numbers& left = table.at(expectation.left);
  const Numbers& right = expectation.right.empty() ? nothing : table.at(expectation.right);
  language::Outcome judged = language::judge(expectation, left.values, right.values);
  if (!judged.holds && expectation.rounding > 0 && bounds)
    judged = language::judge(expectation, left.values, right.values, bounds(expectation.left));
  return {expectation.span, true, judged.holds, expectation.text, judged.message};
}

}  // namespace gradus
