#include <fmt/format.h>

#include <iostream>
#include <numeric>

#include "frontend/command_line/trained_program.h"
#include "frontend/driver/train/predict.h"
#include "frontend/driver/train/prediction_file.h"

namespace gradus::command_line {

namespace {

struct Options : TrainedOptions {
  std::string output;
};

bool is_npz(const std::string& path) { return path.ends_with(".npz"); }

void require_output(const std::string& path) {
  if (path.empty() || path == "-" || path.ends_with(".csv") || is_npz(path)) return;
  fail_program(fmt::format("--output is '{}'", path), {},
               "predictions are written to FILE.csv, FILE.npz, or - for a table on standard output");
}

// All rows of new data; of the program's own the test part, or the training part if there is none.
std::vector<int64_t> rows_to_predict(const DataSet& data, bool new_data) {
  if (!new_data) return data.test.empty() ? data.training : data.test;
  std::vector<int64_t> rows(static_cast<size_t>(data.rows()));
  std::iota(rows.begin(), rows.end(), 0);
  return rows;
}

int predict(const Options& options, Sources& sources) {
  require_output(options.output);
  TrainedProgram trained(options, sources);
  TrainingProgram& program = trained.program();
  Predictions predictions;
  predictions.columns_used = columns_used(program.prediction_graph(), program.settings());
  if (predictions.columns_used.empty())
    fail_program(fmt::format("train block '{}' predicts without reading a column", program.settings().name));
  if (trained.has_new_data()) predictions.row_names = trained.read_new_data(predictions.columns_used, true);
  predictions.data = &program.data();
  const std::vector<int64_t> rows = rows_to_predict(program.data(), trained.has_new_data());
  predictions.outputs = run_prediction(program, trained.model().checkpoint, rows);
  write_text(options.output,
             is_npz(options.output) ? predictions_as_npz(predictions) : predictions_as_csv(predictions));
  trained.finish(sources);
  if (!options.output.empty() && options.output != "-")
    std::cerr << fmt::format("wrote predictions of {} rows to {}\n", rows.size(), options.output);
  return success;
}

}  // namespace

Action set_up_predict(CLI::App& app) {
  auto options = std::make_shared<Options>();
  options->add(app);
  app.add_option("-o,--output", options->output,
                 "where predictions go: FILE.csv, FILE.npz, or - for a table on standard output (default)");
  return [options](Sources& sources) { return predict(*options, sources); };
}

}  // namespace gradus::command_line
