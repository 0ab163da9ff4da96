// The graphs of a train block: one elaboration each, over the same text.
#include <fmt/format.h>

#include <algorithm>

#include "frontend/language/elaborate/minimize.h"

namespace gradus::language {

Elaborator::~Elaborator() = default;

StepGraph Elaborator::finish_step() {
  if (options_.mode == Mode::training)
    for (const auto& storage : storages_)
      if (storage->touched)
        root_->builder.add_update(input_index_.at(storage->path), storage->versions.back());
  combine_status();
  StepGraph step;
  step.checks = checks_;
  step.graph = std::move(root_->builder).finish();
  return step;
}

std::vector<StorageRow> Elaborator::storage_rows() const {
  std::vector<StorageRow> rows;
  for (const auto& storage : storages_)
    rows.push_back({storage->path, storage->type, storage->trainable, storage->optimizer, storage->span});
  return rows;
}

StepGraph Elaborator::finish_initialization(const std::vector<StorageRow>& rows) {
  for (const StorageRow& row : rows) initial_->builder.add_result(row.path, initial_values_.at(row.path));
  StepGraph step;
  step.graph = std::move(initial_->builder).finish();
  return step;
}

namespace {

const Symbol& train_named(const UnitImplementation& unit, const std::string& name) {
  std::vector<std::string> names;
  for (const Symbol& symbol : unit.trains) {
    if (symbol.train()->name.text == name) return symbol;
    names.push_back(symbol.train()->name.text);
  }
  const std::string near = closest(name, names);
  std::string all;
  for (const std::string& each : names) all += (all.empty() ? "there are: " : ", ") + each;
  fail_program(fmt::format("there is no train block `{}`", name), {},
               near.empty() ? all : fmt::format("did you mean `{}`?", near));
}

Elaborator::Options options_for(Mode mode, const std::string& name, const TrainOptions& options) {
  Elaborator::Options result;
  result.mode = mode;
  result.precision = options.precision;
  result.memoize = options.memoize;
  result.name = name;
  result.overrides = options.overrides;
  result.columns = options.columns;
  result.batch = options.batch;
  result.when = options.when;
  result.observer = options.observer;
  return result;
}

std::string describe(const StorageRow& row) {
  return fmt::format("{} {} {}", row.trainable ? "parameter" : "state", row.path, to_string(row.type));
}

// The rows that evaluation must share with training: those of the model, not of the optimizers.
void require_same_rows(const std::vector<StorageRow>& a, const std::vector<StorageRow>& b,
                       const std::string& what) {
  const auto model = [](const std::vector<StorageRow>& rows) {
    std::vector<StorageRow> kept;
    for (const StorageRow& row : rows)
      if (!row.optimizer) kept.push_back(row);
    return kept;
  };
  const std::vector<StorageRow> left = model(a);
  const std::vector<StorageRow> right = model(b);
  const auto same = [](const StorageRow& x, const StorageRow& y) {
    return x.path == y.path && x.type == y.type && x.trainable == y.trainable;
  };
  for (const StorageRow& row : left) {
    const auto other =
        std::find_if(right.begin(), right.end(), [&](const StorageRow& r) { return r.path == row.path; });
    if (other == right.end() || !same(row, *other))
      fail_program(fmt::format("{} have different parameters: {} {}", what, describe(row),
                               other == right.end() ? "is missing in one" : "against " + describe(*other)),
                   row.span, "parameters must not depend on `training`, `batch` or the data");
  }
  for (const StorageRow& row : right)
    if (std::none_of(left.begin(), left.end(), [&](const StorageRow& r) { return r.path == row.path; }))
      fail_program(fmt::format("{} have different parameters: {} is missing in one", what, describe(row)),
                   row.span, "parameters must not depend on `training`, `batch` or the data");
}

void append_new(std::vector<Diagnostic>& to, std::vector<Diagnostic> from) {
  for (Diagnostic& warning : from)
    if (std::none_of(to.begin(), to.end(), [&](const Diagnostic& d) {
          return d.message == warning.message && d.span == warning.span;
        }))
      to.push_back(std::move(warning));
}

}  // namespace

void require_same_storage(const TrainProgram& a, const TrainProgram& b) {
  require_same_rows(a.storage, b.storage, "two batch sizes");
}

TrainSettings elaborate_settings(const Unit& unit, const std::string& name, const TrainOptions& options) {
  const Symbol& train = train_named(unit.implementation(), name);
  Elaborator::Options without_rows = options_for(Mode::settings, name, options);
  without_rows.batch.reset();
  Elaborator elaborator(unit.implementation(), std::move(without_rows));
  elaborator.run_train(train);
  return std::move(elaborator.settings);
}

TrainProgram elaborate_train(const Unit& unit, const std::string& name, const TrainOptions& given) {
  const UnitImplementation& implementation = unit.implementation();
  const Symbol& train = train_named(implementation, name);
  TrainProgram program;
  program.settings = elaborate_settings(unit, name, given);
  TrainOptions options = given;
  if (!options.batch) options.batch = program.settings.batch;
  if (*options.batch < 1) fail_program(fmt::format("a batch of {} rows", *options.batch));

  Elaborator training(implementation, options_for(Mode::training, name, options));
  training.run_train(train);
  program.storage = training.storage_rows();
  program.layers = training.layers;
  program.metrics = training.metric_names;
  program.totals = training.totals;
  if (!program.totals.empty()) program.set_metrics = training.finish_totals();
  program.rates = training.rate_names;
  program.calls = training.calls;
  program.loads = training.loads;
  if (training.when_count() > 0) program.conditions = training.finish_conditions();
  program.training = training.finish_step();
  program.initialization = training.finish_initialization(program.storage);
  program.warnings = std::move(training.warnings);

  Elaborator evaluation(implementation, options_for(Mode::evaluation, name, options));
  evaluation.run_train(train);
  require_same_rows(program.storage, evaluation.storage_rows(), "training and evaluation");
  if (evaluation.metric_names != program.metrics)
    fail_program("training and evaluation have different metrics", train.train()->name.span,
                 "a metric must not depend on `training`");
  program.evaluation = evaluation.finish_step();
  append_new(program.warnings, std::move(evaluation.warnings));

  if (!evaluation.model_results.empty()) {
    Elaborator prediction(implementation, options_for(Mode::evaluation, name, options));
    prediction.run_train(train);
    program.prediction = prediction.finish_prediction();
  }
  return program;
}

std::vector<Report> elaborate_reports(const Unit& unit, const std::string& name,
                                      const TrainOptions& options) {
  const UnitImplementation& implementation = unit.implementation();
  const Symbol& train = train_named(implementation, name);
  const std::vector<Statement>& statements = train.train()->body.statements;
  if (std::none_of(statements.begin(), statements.end(),
                   [](const Statement& s) { return s.as<Every>() || s.as<Finally>(); }))
    return {};
  Elaborator block(implementation, options_for(Mode::evaluation, name, options));
  block.run_train(train);
  std::vector<Report> reports = block.reports;
  for (size_t i = 0; i < reports.size(); ++i) {
    if (!block.needs_graph(i)) continue;
    Elaborator::Options report_options = options_for(Mode::evaluation, name, options);
    report_options.report = i;
    Elaborator report(implementation, std::move(report_options));
    report.run_train(train);
    reports[i] = report.reports[i];
    reports[i].graph = report.finish_report();
  }
  return reports;
}

}  // namespace gradus::language
