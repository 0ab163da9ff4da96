#include "frontend/driver/train/training_program.h"

#include <fmt/format.h>

#include <algorithm>

#include "frontend/driver/analysis/numerics.h"
#include "frontend/driver/train/train_numerics.h"

namespace gradus {

TrainingProgram::TrainingProgram(language::Unit unit, TrainingRequest request, Compiler& compiler)
    : unit_(std::move(unit)), request_(std::move(request)), compiler_(compiler) {
  language::TrainOptions options;
  options.overrides = request_.overrides;
  options.precision = request_.precision;
  settings_ = language::elaborate_settings(unit_, request_.name, options);
  if (request_.new_data)
    data_.preparation = request_.preparation.value();
  else
    data_ = open(0);
}

DataSet TrainingProgram::open(int64_t fold) const {
  return open_data(settings_, {request_.data_file, request_.precision, fold, request_.preparation});
}

void TrainingProgram::select_fold(int64_t fold) { data_ = open(fold); }

language::TrainOptions TrainingProgram::options(int64_t rows) const {
  language::TrainOptions options;
  options.overrides = request_.overrides;
  options.precision = request_.precision;
  options.columns = columns_of(data_.preparation, settings_);
  options.batch = rows;
  options.memoize = request_.memoize;
  return options;
}

const language::TrainProgram& TrainingProgram::graphs(int64_t rows, uint64_t when) {
  if (rows == 0) rows = settings_.batch;
  if (auto it = programs_.find({rows, when}); it != programs_.end()) return it->second;
  language::TrainOptions options = this->options(rows);
  if (when != every_when)
    for (uint64_t bit = 0; bit < 64; ++bit) options.when.push_back((when >> bit & 1) != 0);
  const Stopwatch watch;
  language::TrainProgram program = language::elaborate_train(unit_, request_.name, options);
  compiler_.instrument().add_timing("elaborate", watch.milliseconds());
  if (!programs_.empty()) require_same_storage(programs_.begin()->second, program);
  return programs_.emplace(std::pair(rows, when), std::move(program)).first->second;
}

Executable& TrainingProgram::compiled(Executables& cache, int64_t rows, const Graph& graph, uint64_t kind) {
  std::shared_ptr<Executable>& executable = cache[{rows, kind}];
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

Executable& TrainingProgram::training(int64_t rows, uint64_t when) {
  return compiled(training_, rows, training_graph(rows, when), when);
}

const Observation& TrainingProgram::observation(int64_t rows) {
  if (const auto found = observations_.find(rows); found != observations_.end()) return found->second;
  return observations_.emplace(rows, observe(graphs(rows).training.graph, rows)).first->second;
}

const Graph& TrainingProgram::training_graph(int64_t rows, uint64_t when) {
  return observed_ ? observation(rows).graph : graphs(rows, when).training.graph;
}

std::span<const int64_t> TrainingProgram::report_rows() const {
  const std::span<const int64_t> part = data_.validation.empty() ? data_.training : data_.validation;
  return part.first(std::min(part.size(), static_cast<size_t>(settings_.batch)));
}

const std::vector<language::Report>& TrainingProgram::reports() {
  const auto rows = static_cast<int64_t>(report_rows().size());
  if (const auto found = reports_by_rows_.find(rows); found != reports_by_rows_.end()) return found->second;
  const Stopwatch watch;
  std::vector<language::Report> reports = language::elaborate_reports(unit_, request_.name, options(rows));
  compiler_.instrument().add_timing("elaborate", watch.milliseconds());
  return reports_by_rows_.emplace(rows, std::move(reports)).first->second;
}

Executable& TrainingProgram::report(size_t index) {
  return compiled(reports_, static_cast<int64_t>(report_rows().size()), reports()[index].graph->graph, index);
}

Executable& TrainingProgram::conditions() { return compiled(conditions_, 0, graphs().conditions->graph); }

Executable& TrainingProgram::set_metrics() { return compiled(set_metrics_, 0, graphs().set_metrics->graph); }

Executable& TrainingProgram::evaluation(int64_t rows) {
  return compiled(evaluation_, rows, graphs(rows).evaluation.graph);
}

const language::StepGraph& TrainingProgram::prediction_graph(int64_t rows) {
  const language::TrainProgram& program = graphs(rows);
  if (!program.prediction)
    fail_program(fmt::format("train block '{}' has no model to predict with", request_.name), {},
                 "`train NAME of MODEL { … }` names one");
  return *program.prediction;
}

Executable& TrainingProgram::prediction(int64_t rows) {
  return compiled(prediction_, rows, prediction_graph(rows).graph);
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
