#include "frontend/driver/result_table.h"

#include <fmt/format.h>

namespace gradus {

namespace {

void format_axis(std::string& out, const Numbers& numbers, size_t axis, size_t& next) {
  const bool integral = !is_float(numbers.type.element);
  if (axis == numbers.type.shape.size()) {
    const double value = numbers.values[next++];
    if (numbers.type.element == ElementType::boolean)
      out += value != 0 ? "true" : "false";
    else
      out += integral ? fmt::format("{}", static_cast<int64_t>(value)) : fmt::format("{:.10g}", value);
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

}  // namespace

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

language::Outcome judge(const language::Expectation& expectation, const ResultTable& table) {
  static const Numbers nothing;
  const Numbers& left = table.at(expectation.left);
  const Numbers& right = expectation.right.empty() ? nothing : table.at(expectation.right);
  return language::judge(expectation, left.values, right.values);
}

}  // namespace gradus
