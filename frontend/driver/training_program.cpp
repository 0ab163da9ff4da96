#include "frontend/driver/training_program.h"

#include <fmt/format.h>

#include "frontend/driver/numerics.h"
#include "frontend/driver/train_numerics.h"

namespace gradus {

TrainingProgram::TrainingProgram(language::Unit unit, TrainingRequest request, Compiler& compiler)
    : unit_(std::move(unit)), request_(std::move(request)), compiler_(compiler) {
  language::TrainOptions options;
  options.overrides = request_.overrides;
  options.precision = request_.precision;
  settings_ = language::elaborate_settings(unit_, request_.name, options);
  data_ = open_data(settings_, request_.data_file, request_.precision);
}

const language::TrainProgram& TrainingProgram::graphs(int64_t rows) {
  if (rows == 0) rows = settings_.batch;
  if (auto it = programs_.find(rows); it != programs_.end()) return it->second;
  language::TrainOptions options;
  options.overrides = request_.overrides;
  options.precision = request_.precision;
  options.columns = columns_of(data_, settings_);
  options.batch = rows;
  options.memoize = request_.memoize;
  const Stopwatch watch;
  language::TrainProgram program = language::elaborate_train(unit_, request_.name, options);
  compiler_.instrument().add_timing("elaborate", watch.milliseconds());
  if (!programs_.empty()) require_same_storage(programs_.begin()->second, program);
  return programs_.emplace(rows, std::move(program)).first->second;
}

Executable& TrainingProgram::compiled(std::map<int64_t, std::shared_ptr<Executable>>& cache, int64_t rows,
                                      const Graph& graph) {
  std::shared_ptr<Executable>& executable = cache[rows];
  const bool checked = compiler_.options().check_numerics && &cache != &prediction_;
  if (!executable)
    executable =
        compiler_.compile(checked ? with_numeric_checks(compiler_, graph, infinite_inputs(graph)) : graph);
  return *executable;
}

std::vector<bool> TrainingProgram::infinite_inputs(const Graph& graph) {
  const Graph& initialization = graphs().initialization.graph;
  const std::vector<bool> infinite = infinite_results(initialization);
  std::vector<bool> result(graph.inputs().size(), false);
  for (size_t i = 0; i < result.size(); ++i)
    for (size_t r = 0; r < infinite.size(); ++r)
      if (graph.inputs()[i].kind == InputKind::state &&
          initialization.results()[r].name == graph.inputs()[i].name)
        result[i] = infinite[r];
  return result;
}

Executable& TrainingProgram::training(int64_t rows) {
  return compiled(training_, rows, training_graph(rows));
}

const Observation& TrainingProgram::observation(int64_t rows) {
  if (const auto found = observations_.find(rows); found != observations_.end()) return found->second;
  return observations_.emplace(rows, observe(graphs(rows).training.graph, rows)).first->second;
}

const Graph& TrainingProgram::training_graph(int64_t rows) {
  return observed_ ? observation(rows).graph : graphs(rows).training.graph;
}

Executable& TrainingProgram::evaluation(int64_t rows) {
  return compiled(evaluation_, rows, graphs(rows).evaluation.graph);
}

Executable& TrainingProgram::prediction(int64_t rows) {
  const language::TrainProgram& program = graphs(rows);
  if (!program.prediction)
    fail_program(fmt::format("train block '{}' has no model to predict with", request_.name), {},
                 "`train NAME of MODEL { … }` names one");
  return compiled(prediction_, rows, program.prediction->graph);
}

TrainingProgram::ReportStep TrainingProgram::report(const language::MetricBlock& block, int64_t rows) {
  language::TrainOptions options;
  options.overrides = request_.overrides;
  options.precision = request_.precision;
  options.columns = columns_of(data_, settings_);
  options.batch = rows;
  options.memoize = request_.memoize;
  ReportStep result{language::elaborate_report(unit_, request_.name, options, block), nullptr};
  if (!result.report.statements.empty()) result.executable = compiler_.compile(result.report.step.graph);
  return result;
}

std::vector<Tensor> TrainingProgram::initial_values(int64_t seed) {
  const Graph& graph = graphs().initialization.graph;
  const std::shared_ptr<Executable> executable =
      compiler_.compile(compiler_.options().check_numerics ? with_numeric_checks(compiler_, graph) : graph);
  std::vector<Tensor> results = executable->make_results();
  std::vector<Tensor> none;
  const gradus_status status = executable->run(std::span<const Tensor>(), none, results, seed, 0);
  if (status.check >= 0) fail_initial_values(compiler_, graph, status.check, seed);
  return results;
}

}  // namespace gradus
