#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <numeric>

#include "frontend/command_line/metric_table.h"
#include "frontend/command_line/trained_program.h"
#include "frontend/driver/train/predict.h"
#include "frontend/driver/train/program_metrics.h"

namespace gradus::command_line {

namespace {

struct Options : TrainedOptions {
  bool json = false;
};

struct Part {
  std::string name;
  std::vector<int64_t> rows;
};

// New data are one part.
std::vector<Part> parts_of(const DataSet& data, bool new_data) {
  if (new_data) {
    Part all{"data", std::vector<int64_t>(static_cast<size_t>(data.rows()))};
    std::iota(all.rows.begin(), all.rows.end(), 0);
    return {all};
  }
  std::vector<Part> parts = {{"train", data.training}, {"validation", data.validation}, {"test", data.test}};
  std::erase_if(parts, [](const Part& part) { return part.rows.empty(); });
  return parts;
}

// NaN and infinities are no numbers of JSON: null.
std::string as_json(const std::vector<std::string>& metrics, const std::vector<Part>& parts,
                    const std::vector<MetricColumn>& columns) {
  nlohmann::ordered_json object = nlohmann::ordered_json::object();
  for (size_t p = 0; p < parts.size(); ++p) {
    nlohmann::ordered_json& part = object[parts[p].name];
    part["rows"] = parts[p].rows.size();
    for (size_t i = 0; i < metrics.size(); ++i) part[metrics[i]] = *columns[p].values[i];
  }
  return object.dump(2) + "\n";
}

int evaluate(const Options& options, Sources& sources) {
  TrainedProgram trained(options, sources);
  TrainingProgram& program = trained.program();
  if (trained.has_new_data())
    trained.read_new_data(columns_used(program.graphs().evaluation, program.settings()), false);
  const Metrics metrics = metrics_of(program);
  const std::vector<Part> parts = parts_of(program.data(), trained.has_new_data());
  std::vector<MetricColumn> columns;
  for (const Part& part : parts) {
    const std::vector<double> values =
        run_evaluation(program, trained.model().checkpoint, metrics, part.rows);
    columns.push_back({part.name, {values.begin(), values.end()}});
  }
  const std::vector<std::string>& names = program.graphs().metrics;
  fmt::print("{}", options.json ? as_json(names, parts, columns) : metric_table(names, columns));
  trained.finish(sources);
  return success;
}

}  // namespace

Action set_up_evaluate(CLI::App& app) {
  auto options = std::make_shared<Options>();
  options->add(app);
  app.add_flag("--json", options->json, "print JSON: by part of the data the number of rows and each metric");
  return [options](Sources& sources) { return evaluate(*options, sources); };
}

}  // namespace gradus::command_line
