#include "frontend/driver/analysis/summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace gradus {

namespace {

bool below(const std::string& path, const std::string& scope) {
  return path == scope ||
         (path.starts_with(scope) && (path[scope.size()] == '.' || path[scope.size()] == '['));
}

std::string grouped(int64_t number) {
  std::string digits = std::to_string(number);
  for (size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, ",");
  return digits;
}

std::string types_text(const std::vector<Type>& types) {
  std::string out;
  for (const Type& type : types) out += (out.empty() ? "" : ", ") + to_string(type.shape);
  return out;
}

std::string size_text(int64_t bytes) {
  if (bytes < 1024) return fmt::format("{} bytes", bytes);
  if (bytes < 1024 * 1024) return fmt::format("{:.1f} KiB", static_cast<double>(bytes) / 1024);
  return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / (1024 * 1024));
}

}  // namespace

Summary summarize(const std::string& name, const std::vector<language::LayerRow>& layers,
                  const std::vector<language::StorageRow>& storage) {
  Summary summary;
  summary.name = name;
  for (const language::LayerRow& layer : layers) {
    if (layer.path.empty() && !layer.function) {
      summary.outputs = layer.outputs;
      continue;
    }
    summary.rows.push_back({layer.function ? "" : layer.path, layer.kind, layer.outputs});
  }
  // What the model owns itself stands first.
  std::vector<SummaryRow> own;
  for (const language::StorageRow& row : storage) {
    const int64_t count = element_count(row.type.shape);
    summary.bytes += count * static_cast<int64_t>(size_in_bytes(row.type.element));
    (row.optimizer ? summary.optimizer : row.trainable ? summary.parameters : summary.state) += count;
    if (row.optimizer) continue;
    bool owned = false;
    for (SummaryRow& layer : summary.rows) {
      if (layer.path.empty() || !below(row.path, layer.path)) continue;
      (row.trainable ? layer.parameters : layer.state) += count;
      owned = true;
    }
    if (!owned)
      own.push_back({row.path,
                     row.trainable ? "parameter" : "state",
                     {row.type},
                     row.trainable ? count : 0,
                     row.trainable ? 0 : count});
  }
  summary.rows.insert(summary.rows.begin(), own.begin(), own.end());
  return summary;
}

std::string summary_table(const Summary& summary) {
  std::vector<std::array<std::string, 5>> lines = {{"layer", "kind", "output", "parameters", "state"}};
  for (const SummaryRow& row : summary.rows)
    lines.push_back(
        {row.path, row.kind, types_text(row.outputs), grouped(row.parameters), grouped(row.state)});
  std::array<size_t, 5> width{};
  for (const auto& line : lines)
    for (size_t i = 0; i < line.size(); ++i) width[i] = std::max(width[i], line[i].size());
  std::string out = summary.name;
  if (!summary.outputs.empty()) out += " -> " + types_text(summary.outputs);
  out += "\n";
  for (const auto& line : lines) {
    out += fmt::format("  {:<{}}  {:<{}}  {:<{}}  {:>{}}  {:>{}}\n", line[0], width[0], line[1], width[1],
                       line[2], width[2], line[3], width[3], line[4], width[4]);
    if (&line == lines.data()) {
      size_t rule = 8;
      for (size_t each : width) rule += each;
      out += "  " + std::string(rule, '-') + "\n";
    }
  }
  out +=
      fmt::format("{} parameters, {} numbers of state", grouped(summary.parameters), grouped(summary.state));
  if (summary.optimizer > 0) out += fmt::format(", {} of the optimizer", grouped(summary.optimizer));
  return out + fmt::format("; {}\n", size_text(summary.bytes));
}

}  // namespace gradus
