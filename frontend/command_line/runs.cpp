#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "frontend/command_line/command.h"
#include "frontend/driver/train/run_history.h"
#include "ir/shown_text.h"

namespace gradus::command_line {

namespace {

struct Options {
  std::vector<std::string> folders = {"runs"};
  std::string sort;
  std::string svg;
  bool json = false;
};

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
    const std::optional<double> epochs = last_value(run, "epoch");
    rows.push_back({printable(run.folder), printable(run.run.file),
                    printable(fmt::format("{}", fmt::join(run.run.settings, " "))),
                    epochs ? fmt::format("{}", *epochs) : "0"});
    for (const std::string& metric : metrics) {
      const std::optional<double> value = last_value(run, metric);
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
      if (const std::optional<double> value = last_value(run, name)) object["last"][name] = *value;
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
  if (!options.sort.empty()) sort_runs(options.sort, runs);
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
