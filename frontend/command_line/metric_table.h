// Metrics as a table: a row each, a column for each part of the data.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace gradus::command_line {

struct MetricColumn {
  std::string name;
  std::vector<std::optional<double>> values;  // by metric
};

std::string metric_table(const std::vector<std::string>& metrics, const std::vector<MetricColumn>& columns);

}  // namespace gradus::command_line
