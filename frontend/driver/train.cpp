#include "frontend/driver/train.h"

#include <fmt/format.h>

#include <iostream>

#include "frontend/driver/epoch_report.h"
#include "frontend/driver/run_identity.h"
#include "frontend/driver/train_numerics.h"
#include "frontend/driver/training_health.h"
#include "runtime/data/vocabulary.h"
#include "runtime/training/early_stopping.h"
#include "runtime/training/interrupt.h"
#include "runtime/training/progress.h"

namespace gradus {

namespace {

using language::Setting;
using language::SettingCall;

double number(const SettingCall::Argument& argument) {
  if (const auto* value = std::get_if<int64_t>(&argument.value.value)) return static_cast<double>(*value);
  if (const auto* value = std::get_if<double>(&argument.value.value)) return *value;
  fail_program(fmt::format("early_stopping: '{}' must be a number", argument.name), argument.span);
}

int64_t whole(const SettingCall::Argument& argument) {
  const auto* value = std::get_if<int64_t>(&argument.value.value);
  if (!value || *value < 0)
    fail_program(fmt::format("early_stopping: '{}' must be a whole number, 0 or more", argument.name),
                 argument.span);
  return *value;
}

bool truth(const SettingCall::Argument& argument) {
  if (const bool* value = std::get_if<bool>(&argument.value.value)) return *value;
  if (const auto* value = std::get_if<int64_t>(&argument.value.value)) return *value != 0;
  fail_program(fmt::format("early_stopping: '{}' must be true or false", argument.name), argument.span);
}

std::string word(const SettingCall::Argument& argument) {
  if (const auto* value = std::get_if<language::Word>(&argument.value.value)) return value->text;
  if (const auto* value = std::get_if<std::string>(&argument.value.value)) return *value;
  if (const auto* call = std::get_if<std::shared_ptr<const SettingCall>>(&argument.value.value))
    return (*call)->name;
  fail_program(fmt::format("early_stopping: '{}' must be a name", argument.name), argument.span);
}

EarlyStoppingOptions early_stopping_options(const SettingCall& call) {
  EarlyStoppingOptions options;
  for (const SettingCall::Argument& argument : call.arguments) {
    const bool none = std::holds_alternative<std::monostate>(argument.value.value);
    if (argument.name == "monitor" || (argument.name.empty() && &argument == &call.arguments[0])) {
      options.monitor = word(argument);
    } else if (argument.name == "min_delta") {
      options.min_delta = number(argument);
    } else if (argument.name == "patience") {
      options.patience = whole(argument);
    } else if (argument.name == "verbose") {
      options.verbose = truth(argument);
    } else if (argument.name == "mode") {
      options.mode = early_stopping_mode(word(argument));
    } else if (argument.name == "baseline") {
      if (!none) options.baseline = number(argument);
    } else if (argument.name == "restore_best_weights") {
      options.restore_best_weights = truth(argument);
    } else if (argument.name == "start_from_epoch") {
      options.start_from_epoch = whole(argument);
    } else {
      fail_program(fmt::format("early_stopping has no argument '{}'", argument.name), argument.span,
                   "it takes monitor, min_delta, patience, verbose, mode, baseline, restore_best_weights, "
                   "start_from_epoch");
    }
  }
  return options;
}

DescribeCheck check_descriptions(const language::StepGraph& graph) {
  return [&graph](const CheckFailure& failure) {
    Diagnostic diagnostic;
    diagnostic.message = fmt::format("check {} failed", failure.check);
    for (const language::Check& check : graph.checks) {
      if (check.number != failure.check) continue;
      diagnostic.message = check.description;
      diagnostic.span = check.span;
    }
    diagnostic.message += fmt::format(" (element {} of the batch", failure.element);
    const auto rows = static_cast<int64_t>(failure.rows.size());
    if (rows > 0 && failure.element >= 0 && failure.element < rows)
      diagnostic.message += fmt::format(", data row {}", failure.rows[static_cast<size_t>(failure.element)]);
    diagnostic.message += ")";
    return diagnostic;
  };
}

}  // namespace

ParameterSet initial_parameters(TrainingProgram& program) {
  const std::vector<language::StorageRow>& storage = program.graphs().storage;
  std::vector<Tensor> values = program.initial_values(program.settings().seed);
  ParameterSet parameters;
  for (size_t i = 0; i < storage.size(); ++i)
    parameters.add(storage[i].path, storage[i].trainable ? ArgumentKind::parameter : ArgumentKind::state,
                   std::move(values[i]));
  return parameters;
}

TrainRun run_training(TrainingProgram& program, const TrainRunOptions& options) {
  const language::TrainSettings& settings = program.settings();
  ParameterSet parameters = initial_parameters(program);

  TrainingOptions training;
  training.batch = settings.batch;
  training.epochs = settings.epochs;
  training.seed = settings.seed;
  training.shuffle = settings.shuffle;
  training.drop_last = settings.drop_last;
  for (const std::string& metric : program.graphs().metrics) {
    const auto ratio = program.graphs().ratios.find(metric);
    const bool summed = ratio != program.graphs().ratios.end();
    training.metrics.push_back({metric, summed ? ratio->second.first : "", summed ? ratio->second.second : "",
                                training.metrics.empty()});
  }
  training.describe_check = describe_numerics(program, parameters, options.checkpoint,
                                              check_descriptions(program.graphs().training));
  if (!options.checkpoint.empty()) {
    const CheckpointInfo info = load_checkpoint(options.checkpoint, parameters);
    training.epochs_done = info.epoch;
    training.steps_done = info.step;
  }

  std::vector<std::unique_ptr<Callback>> callbacks;
  for (const SettingCall& action : settings.actions) {
    if (action.name != "early_stopping")
      fail_program(fmt::format("there is no action '{}'", action.name), action.span,
                   "there is early_stopping(…)");
    callbacks.push_back(std::make_unique<EarlyStopping>(early_stopping_options(action)));
  }
  TrainRun run;
  if (!options.folder.empty()) {
    auto folder = std::make_unique<RunFolder>(
        RunFolderOptions{options.folder, settings.name, options.interval, run_identity(program)});
    run.files = {folder->checkpoint_file(), folder->history_file()};
    // Killed before its first checkpoint, a run starts again.
    if (options.resume && file_exists(folder->resume_file()))
      training.resume = load_training(folder->resume_file(), parameters, run_identity(program));
    callbacks.push_back(std::move(folder));
    if (const std::string json = vocabularies_as_json(program.data()); !json.empty()) {
      run.files.push_back(options.folder + "/vocabulary.json");
      const ByteView pieces[] = {std::as_bytes(std::span(json))};
      write_file_atomically(run.files.back(), pieces);
    }
  }
  if (!options.quiet)
    callbacks.push_back(std::make_unique<ProgressBar>(std::cerr, ProgressOptions::of_terminal()));
  for (const language::MetricBlock& block : settings.every_epoch)
    callbacks.push_back(std::make_unique<EpochReport>(program, block));
  TrainingHealth* health = nullptr;
  if (options.gradient_norms) {
    program.observe_training();
    auto watch = std::make_unique<TrainingHealth>(program.observation(settings.batch), options.folder);
    health = watch.get();
    for (const std::string& file : health->files()) run.files.push_back(file);
    training.observe = [health](const BoundStep& step) { health->observe(step); };
    callbacks.push_back(std::move(watch));
  }
  for (const auto& callback : callbacks) training.callbacks.push_back(callback.get());

  const InterruptGuard interrupt;
  training.interrupted = [&interrupt] { return interrupt.requested(); };
  const Steps steps{[&program](int64_t rows) -> Executable& { return program.training(rows); },
                    [&program](int64_t rows) -> Executable& { return program.evaluation(rows); }};
  try {
    run.report = train(steps, program.data(), parameters, training);
  } catch (const Error& error) {
    throw health ? health->with_report(error) : error;
  }
  if (health) run.symptoms = health->report();
  run.interrupt_code = interrupt.exit_code();
  if (!run.report.interrupted)
    for (const language::MetricBlock& block : settings.finally)
      for (OutcomeLine& line : BlockReport(program, block)
                                   .lines(parameters, run.report.step, run.report.epoch,
                                          [&](const std::string& name) { return run.report.value(name); }))
        run.outcomes.push_back(std::move(line));
  return run;
}

std::vector<NamedTensor> run_prediction(TrainingProgram& program, const std::string& checkpoint,
                                        std::span<const int64_t> rows) {
  ParameterSet parameters = initial_parameters(program);
  load_checkpoint(checkpoint, parameters, true);
  InputSource source(program.data());
  BoundSteps steps([&program](int64_t count) -> Executable& { return program.prediction(count); }, source,
                   parameters);
  RunOptions options;
  options.batch = program.settings().batch;
  options.seed = program.settings().seed;
  return predict(steps, rows, options);
}

}  // namespace gradus
