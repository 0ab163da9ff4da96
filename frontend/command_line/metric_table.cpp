#include "frontend/command_line/metric_table.h"

#include <fmt/format.h>

#include "ir/shown_text.h"

namespace gradus::command_line {

std::string metric_table(const std::vector<std::string>& metrics, const std::vector<MetricColumn>& columns) {
  std::string out = fmt::format("{:<16}", "");
  for (const MetricColumn& column : columns) out += fmt::format("{:>14}", column.name);
  out += '\n';
  for (size_t i = 0; i < metrics.size(); ++i) {
    out += fmt::format("{:<16}", metrics[i]);
    for (const MetricColumn& column : columns)
      out += column.values[i] ? fmt::format("{:>14.6g}", unsigned_nan(*column.values[i]))
                              : fmt::format("{:>14}", "-");
    out += '\n';
  }
  return out;
}

}  // namespace gradus::command_line
