#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "frontend/command_line/command.h"
#include "frontend/driver/train/run_history.h"
#include "ir/shown_text.h"
#include "runtime/training/monitor.h"

namespace gradus::command_line {

namespace {

struct Options {
  std::vector<std::string> folders = {"runs"};
  std::string sort;
  std::string svg;
  bool json = false;
};

// The metrics of all runs, in the order in which they come.
std::vector<std::string> metrics_of(const std::vector<RunHistory>& runs) {
  std::vector<std::string> metrics;
  for (const RunHistory& run : runs)
    for (const std::string& name : run.names)
      if (name != "epoch" && name != "step" &&
          std::find(metrics.begin(), metrics.end(), name) == metrics.end())
        metrics.push_back(name);
  return metrics;
}

std::optional<double> last(const RunHistory& run, const std::string& name) {
  const std::vector<double>* values = run.find(name);
  return values && !values->empty() ? std::optional(values->back()) : std::nullopt;
}

// The best first; what has no number last.
void sort_by(const std::string& metric, std::vector<RunHistory>& runs) {
  const std::vector<std::string> metrics = metrics_of(runs);
  if (std::find(metrics.begin(), metrics.end(), metric) == metrics.end())
    fail_program(fmt::format("no run has a metric '{}'", metric), {},
                 fmt::format("there are {}", fmt::join(metrics, ", ")));
  const double sign = is_maximized(metric, MonitorMode::automatic) ? -1 : 1;
  const auto key = [&](const RunHistory& run) {
    const double value = sign * last(run, metric).value_or(NAN);
    return std::isnan(value) ? std::numeric_limits<double>::infinity() : value;
  };
  std::stable_sort(runs.begin(), runs.end(),
                   [&](const RunHistory& a, const RunHistory& b) { return key(a) < key(b); });
}

// Columns as wide as what stands in them; texts to the left, numbers to the right.
std::string aligned(const std::vector<std::vector<std::string>>& rows, size_t texts) {
  std::vector<size_t> widths(rows.front().size(), 0);
  for (const auto& row : rows)
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i)
      line +=
          i < texts ? fmt::format("{:<{}}  ", row[i], widths[i]) : fmt::format("{:>{}}  ", row[i], widths[i]);
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

std::string table(const std::vector<RunHistory>& runs) {
  const std::vector<std::string> metrics = metrics_of(runs);
  std::vector<std::vector<std::string>> rows = {{"run", "program", "settings", "epochs"}};
  rows.front().insert(rows.front().end(), metrics.begin(), metrics.end());
  for (const RunHistory& run : runs) {
    const std::optional<double> epochs = last(run, "epoch");
    rows.push_back({printable(run.folder), printable(run.run.file),
                    printable(fmt::format("{}", fmt::join(run.run.settings, " "))),
                    epochs ? fmt::format("{}", *epochs) : "0"});
    for (const std::string& metric : metrics) {
      const std::optional<double> value = last(run, metric);
      rows.back().push_back(value ? fmt::format("{:.6g}", unsigned_nan(*value)) : "-");
    }
  }
  return aligned(rows, 3);
}

std::string as_json(const std::vector<RunHistory>& runs) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const RunHistory& run : runs) {
    nlohmann::ordered_json object{
        {"folder", run.folder}, {"program", run.run.file}, {"settings", run.run.settings}};
    for (const std::string& name : run.names)
      if (const std::optional<double> value = last(run, name)) object["last"][name] = *value;
    list.push_back(std::move(object));
  }
  return list.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

int list_runs(const Options& options) {
  std::vector<RunHistory> runs;
  std::set<std::string> seen;
  for (const std::string& folder : options.folders)
    for (RunHistory& run : read_runs(folder))
      if (seen.insert(run.folder).second) runs.push_back(std::move(run));
  if (!options.sort.empty()) sort_by(options.sort, runs);
  fmt::print("{}", options.json ? as_json(runs) : table(runs));
  if (!options.svg.empty()) write_text(options.svg, draw_runs(runs));
  return success;
}

}  // namespace

Action set_up_runs(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("FOLDER", options->folders, "folders of runs, or with runs in them (default: runs)");
  app.add_option("--sort", options->sort,
                 "the best first by this metric, in its last epoch: validation.loss");
  app.add_option("--svg", options->svg, "draw the curves of all runs over each other, a chart a metric");
  app.add_flag("--json", options->json, "print JSON");
  return [options](Sources&) { return list_runs(*options); };
}

}  // namespace gradus::command_line
