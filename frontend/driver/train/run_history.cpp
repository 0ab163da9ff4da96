#include "frontend/driver/train/run_history.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <limits>

#include "ir/error.h"
#include "ir/shown_text.h"
#include "runtime/data/csv.h"
#include "runtime/training/chart.h"
#include "runtime/training/monitor.h"

namespace gradus {

namespace {

RunHistory read_run(const std::string& folder) {
  RunHistory history{folder, read_run_description(folder), {}, {}};
  const std::string file = folder + "/history.csv";
  if (!file_exists(file)) return history;  // before its first epoch
  const CsvTable table(TextFile(file), ',', true);
  history.names = table.header();
  if (history.names.front() != "epoch")
    fail_program(fmt::format("{}: not the history of a run", file), {}, "its first column is the epoch");
  history.columns.resize(history.names.size());
  for (size_t row = 0; row < table.rows(); ++row)
    for (size_t i = 0; i < history.names.size(); ++i) {
      const std::string text = table.text(row, i);
      double value = 0;  // infinities and nan are written as they are read
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
      if (error != std::errc() || end != text.data() + text.size())
        table.fail(row, i, fmt::format("expected a number, found {}", shown(text)));
      history.columns[i].push_back(value);
    }
  return history;
}

}  // namespace

const std::vector<double>* RunHistory::find(const std::string& name) const {
  const auto found = std::find(names.begin(), names.end(), name);
  return found == names.end() ? nullptr : &columns[static_cast<size_t>(found - names.begin())];
}

std::vector<RunHistory> read_runs(const std::string& folder) {
  if (is_run_folder(folder)) return {read_run(folder)};
  std::vector<std::string> folders;
  std::error_code error;
  for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
    if (is_run_folder(at->path().string())) folders.push_back(at->path().string());
  if (error) fail_environment(fmt::format("{}: cannot read the folder: {}", folder, error.message()));
  if (folders.empty())
    fail_environment(fmt::format("{}: there is no run in this folder", folder), {},
                     "name the folder of a run, or one with several: runs");
  std::sort(folders.begin(), folders.end());
  std::vector<RunHistory> runs;
  for (const std::string& each : folders) runs.push_back(read_run(each));
  return runs;
}

std::vector<std::string> metrics_of(const std::vector<RunHistory>& runs) {
  std::vector<std::string> metrics;
  for (const RunHistory& run : runs)
    for (const std::string& name : run.names)
      if (name != "epoch" && name != "step" &&
          std::find(metrics.begin(), metrics.end(), name) == metrics.end())
        metrics.push_back(name);
  return metrics;
}

std::optional<double> last_value(const RunHistory& run, const std::string& name) {
  const std::vector<double>* values = run.find(name);
  return values && !values->empty() ? std::optional(values->back()) : std::nullopt;
}

void sort_runs(const std::string& metric, std::vector<RunHistory>& runs) {
  const std::vector<std::string> metrics = metrics_of(runs);
  if (std::find(metrics.begin(), metrics.end(), metric) == metrics.end())
    fail_program(fmt::format("no run has a metric '{}'", metric), {},
                 fmt::format("there are {}", fmt::join(metrics, ", ")));
  const double sign = is_maximized(metric, MonitorMode::automatic) ? -1 : 1;
  const auto key = [&](const RunHistory& run) {
    const double value = sign * last_value(run, metric).value_or(NAN);
    return std::isnan(value) ? std::numeric_limits<double>::infinity() : value;
  };
  std::stable_sort(runs.begin(), runs.end(),
                   [&](const RunHistory& a, const RunHistory& b) { return key(a) < key(b); });
}

std::string draw_runs(const std::vector<RunHistory>& runs) {
  // Dark and unlike each other (ColorBrewer's Dark2, and two more); further runs begin again.
  constexpr std::array<const char*, 10> colors = {"#1f5fa8", "#d95f02", "#1b9e77", "#e7298a", "#66a61e",
                                                  "#7570b3", "#e6ab02", "#a6761d", "#666666", "#222222"};
  std::vector<Chart> charts;
  for (size_t i = 0; i < runs.size(); ++i) {
    const RunHistory& run = runs[i];
    const std::vector<double>* epochs = run.find("epoch");
    for (size_t c = 0; c < run.columns.size(); ++c) {
      const std::string& name = run.names[c];
      if (name == "epoch" || name == "step") continue;
      auto chart =
          std::find_if(charts.begin(), charts.end(), [&](const Chart& each) { return each.title == name; });
      if (chart == charts.end()) chart = charts.insert(chart, Chart{name, {}});
      Curve curve{std::filesystem::path(run.folder).filename().string(), colors[i % colors.size()], {}};
      for (size_t e = 0; e < run.columns[c].size(); ++e)
        curve.points.push_back({(*epochs)[e], run.columns[c][e]});
      chart->curves.push_back(std::move(curve));
    }
  }
  return draw_charts(fmt::format("{} run{}", runs.size(), runs.size() == 1 ? "" : "s"), charts);
}

}  // namespace gradus
