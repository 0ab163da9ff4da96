#include "frontend/driver/train/train.h"

#include <fmt/format.h>

#include <iostream>

#include "frontend/driver/train/actions.h"
#include "frontend/driver/train/folds.h"
#include "frontend/driver/train/load_values.h"
#include "frontend/driver/train/program_metrics.h"
#include "frontend/driver/train/reports.h"
#include "frontend/driver/train/run_identity.h"
#include "frontend/driver/train/running_averages.h"
#include "frontend/driver/train/train_numerics.h"
#include "frontend/driver/train/training_health.h"
#include "runtime/data/vocabulary.h"
#include "runtime/training/interrupt.h"
#include "runtime/training/progress.h"

namespace gradus {

ParameterSet initial_parameters(TrainingProgram& program) {
  const std::vector<language::StorageRow>& storage = program.graphs().storage;
  std::vector<Tensor> values = program.initial_values(program.settings().seed);
  ParameterSet parameters;
  for (size_t i = 0; i < storage.size(); ++i)
    parameters.add(storage[i].path, storage[i].trainable ? ArgumentKind::parameter : ArgumentKind::state,
                   std::move(values[i]));
  load_initial_values(program.graphs(), parameters);
  return parameters;
}

namespace {

// Which `when` blocks the next step executes.
class Conditions {
 public:
  explicit Conditions(Executable& executable) : executable_(executable), results_(executable.make_results()) {
    for (const Argument& input : executable.description().inputs) inputs_.emplace_back(input.type);
  }

  uint64_t now(const TrainingState& state) {
    const auto& inputs = executable_.description().inputs;
    for (size_t i = 0; i < inputs.size(); ++i) {
      const double value =
          inputs[i].name == "epoch" ? static_cast<double>(state.epoch) : state.input(inputs[i].name);
      inputs_[i] = converted(Tensor::scalar(value), inputs[i].type.element, inputs[i].name);
    }
    std::vector<Tensor> none;
    executable_.run(std::span<const Tensor>(inputs_), none, results_, 0, state.step + 1);
    uint64_t bits = 0;
    for (size_t i = 0; i < results_.size(); ++i)
      if (results_[i].number(0) != 0) bits |= uint64_t{1} << i;
    return bits;
  }

 private:
  Executable& executable_;
  std::vector<Tensor> inputs_, results_;
};

class BegunCallback : public Callback {
 public:
  explicit BegunCallback(std::function<void()> begun) : begun_(std::move(begun)) {}
  void train_begin(TrainingState&) override { begun_(); }

 private:
  std::function<void()> begun_;
};

// One training from the start, or from where it was stopped.
class Training {
 public:
  Training(TrainingProgram& program, const TrainRunOptions& options)
      : program_(program),
        options_(options),
        parameters_(initial_parameters(program)),
        reports_(program, parameters_, options.folder, options.checkpoint) {
    const language::TrainSettings& settings = program.settings();
    training_.batch = settings.batch;
    training_.epochs = settings.epochs;
    training_.seed = settings.seed;
    training_.shuffle = settings.shuffle;
    training_.drop_last = settings.drop_last;
    for (const auto& [name, value] : settings.inputs) training_.inputs[name] = value;
    training_.rates = program.graphs().rates;
    training_.metrics = metrics_of(program);
    if (!options.initialize.empty()) initialize_from(options.initialize, program.graphs(), parameters_);
    if (options.checkpoint.empty()) return;
    const CheckpointInfo info = load_checkpoint(options.checkpoint, parameters_);
    if (info.epoch >= settings.epochs)
      fail_program(
          fmt::format("{}: its parameters have had {} epochs, and the program asks for {} in all: there is "
                      "nothing to train",
                      options.checkpoint, info.epoch, settings.epochs),
          {},
          fmt::format("--set epochs={} trains one more; --initialize {} starts anew from its parameters",
                      info.epoch + 1, options.checkpoint));
    training_.epochs_done = info.epoch;
    training_.steps_done = info.step;
  }

  TrainingReport run(std::vector<std::string>& files) {
    const language::TrainSettings& settings = program_.settings();
    std::vector<std::unique_ptr<Callback>> callbacks = callbacks_of(settings, folder_options());
    // Before the folder: what an epoch says is said before the checkpoint says that the epoch is over.
    const ReportCallback* said = nullptr;
    if (!program_.reports().empty()) {
      auto report = std::make_unique<ReportCallback>(program_, reports_);
      said = report.get();
      callbacks.push_back(std::move(report));
    }
    if (!options_.folder.empty()) callbacks.push_back(open_folder(files));
    if (!options_.quiet)
      callbacks.push_back(std::make_unique<ProgressBar>(std::cerr, ProgressOptions::of_terminal()));
    TrainingHealth* health = nullptr;
    if (options_.gradient_norms) {
      auto watch = watch_health(files);
      health = watch.get();
      callbacks.push_back(std::move(watch));
    }
    if (options_.begun) callbacks.push_back(std::make_unique<BegunCallback>(options_.begun));
    for (const auto& callback : callbacks) training_.callbacks.push_back(callback.get());
    training_.interrupted = options_.interrupted;
    Steps steps{training_steps(TrainingProgram::every_when), evaluation_steps()};
    std::optional<Conditions> conditions;
    if (program_.graphs().conditions) {
      conditions.emplace(program_.conditions());
      steps.kind = [&conditions](const TrainingState& state) { return conditions->now(state); };
      steps.train_kind = [this](uint64_t when) { return training_steps(when); };
    }
    try {
      TrainingReport report = train(steps, program_.data(), parameters_, training_);
      if (health) symptoms_ = health->report();
      if (said && said->failure()) throw saved_error(*said->failure());
      return report;
    } catch (const Error& error) {
      throw health ? health->with_report(error) : error;
    }
  }
  const std::vector<Diagnostic>& symptoms() const { return symptoms_; }

  // Values that were loaded may be averages of other steps.
  std::vector<Diagnostic> warnings(const TrainingReport& report) const {
    if (!options_.initialize.empty() || !program_.graphs().loads.empty() || report.step == 0) return {};
    const int64_t steps_per_epoch = std::max<int64_t>(report.step / std::max<int64_t>(report.epoch, 1), 1);
    const int64_t behind = report.epoch - std::min(report.final_epoch, report.epoch);
    return warn_of_young_averages(program_.graphs(), report.step - behind * steps_per_epoch);
  }

  // `finally { … }`, with the parameters that are left.
  std::vector<OutcomeLine> finish(const TrainingReport& report) {
    std::vector<OutcomeLine> outcomes;
    Reports::Now now{report.epoch, report.step, training_.inputs, {}};
    now.metrics = [&report](const std::string& name) { return report.value(name); };
    for (size_t i = 0; i < program_.reports().size(); ++i)
      if (program_.reports()[i].moment == language::Report::Moment::end)
        for (OutcomeLine& outcome : reports_.run(i, now)) outcomes.push_back(std::move(outcome));
    return outcomes;
  }

 private:
  // An error between steps, with what is left of the run.
  Error saved_error(const Error& error) const {
    std::vector<Diagnostic> diagnostics = error.diagnostics();
    if (!options_.folder.empty())
      diagnostics.back().notes.push_back(
          {fmt::format("the parameters are saved; `gradus train --resume {}` goes on behind this",
                       options_.folder),
           {}});
    return {error.kind(), std::move(diagnostics)};
  }

  StepFunction training_steps(uint64_t when) {
    const auto step = [this, when](int64_t rows) {
      return CheckedStep{program_.training_graph(rows, when), program_.graphs(rows, when).training.checks};
    };
    return {[this, when](int64_t rows) -> Executable& { return program_.training(rows, when); },
            describe_checks(program_, parameters_, options_.checkpoint, step)};
  }

  StepFunction evaluation_steps() {
    const auto step = [this](int64_t rows) { return checked_step(program_.graphs(rows).evaluation); };
    return {[this](int64_t rows) -> Executable& { return program_.evaluation(rows); },
            describe_checks(program_, parameters_, options_.checkpoint, step)};
  }

  std::unique_ptr<TrainingHealth> watch_health(std::vector<std::string>& files) {
    if (program_.graphs().conditions)
      fail_program("--gradient-norms watches steps that are all alike; this program has `when` blocks");
    program_.observe_training();
    auto watch =
        std::make_unique<TrainingHealth>(program_.observation(program_.settings().batch), options_.folder);
    for (const std::string& file : watch->files()) files.push_back(file);
    training_.observe = [health = watch.get()](const BoundStep& step) { health->observe(step); };
    return watch;
  }

  RunFolderOptions folder_options() const {
    return {options_.folder,
            program_.settings().name,
            to_json(program_.data().preparation),
            options_.interval,
            {},
            {},
            {}};
  }

  std::unique_ptr<Callback> open_folder(std::vector<std::string>& files) {
    const RunIdentity identity = run_identity(program_);
    RunFolderOptions options = folder_options();
    options.identity = identity;
    monitor_best(program_.settings(), options);
    auto folder = std::make_unique<RunFolder>(options);
    files.insert(files.end(), {folder->checkpoint_file(), folder->history_file()});
    // Killed before its first checkpoint, a run starts again.
    if (options_.resume && file_exists(folder->resume_file()))
      training_.resume = load_training(folder->resume_file(), parameters_, identity);
    if (const std::string json = vocabularies_as_json(program_.data()); !json.empty()) {
      files.push_back(options_.folder + "/vocabulary.json");
      const ByteView pieces[] = {std::as_bytes(std::span(json))};
      write_file_atomically(files.back(), pieces);
    }
    return folder;
  }

  TrainingProgram& program_;
  const TrainRunOptions& options_;
  ParameterSet parameters_;
  Reports reports_;
  TrainingOptions training_;
  std::vector<Diagnostic> symptoms_;
};

// Every fold trained from the start, each in a folder of its own; resumed, those that are done say so again.
TrainingReport run_folds(TrainingProgram& program, const TrainRunOptions& options, int64_t folds,
                         TrainRun& run) {
  const auto folder_of = [&](int64_t fold) { return fmt::format("{}/fold-{}", options.folder, fold + 1); };
  // What an earlier run in the folder left of later folds is not this run's.
  if (!options.folder.empty() && !options.resume)
    for (int64_t fold = 0; fold < folds; ++fold) remove_file(folder_of(fold) + "/resume.safetensors");
  std::vector<TrainingReport> reports;
  for (int64_t fold = 0; fold < folds; ++fold) {
    program.select_fold(fold);
    TrainRunOptions fold_options = options;
    if (!options.folder.empty()) fold_options.folder = folder_of(fold);
    std::vector<std::string> fold_files;
    if (!options.quiet) std::cerr << fmt::format("fold {} of {}\n", fold + 1, folds);
    Training training(program, fold_options);
    reports.push_back(training.run(fold_files));
    if (reports.back().interrupted) return std::move(reports.back());
    // Once: with the means, and the parameters of the last fold.
    if (fold + 1 == folds) {
      run.warnings = training.warnings(reports.back());
      run.outcomes = training.finish(mean_report(reports));
    }
  }
  if (!options.folder.empty()) run.files.push_back(write_folds(options.folder, reports));
  return mean_report(reports);
}

}  // namespace

TrainRun run_training(TrainingProgram& program, const TrainRunOptions& given) {
  TrainRun run;
  TrainRunOptions options = given;
  InterruptGuard interrupt;
  options.interrupted = [&interrupt] {
    interrupt.arm();  // a step is done
    return interrupt.requested();
  };
  if (const int64_t folds = fold_count(program.settings())) {
    run.report = run_folds(program, options, folds, run);
  } else {
    Training training(program, options);
    run.report = training.run(run.files);
    interrupt.disarm();  // what follows is no step
    run.symptoms = training.symptoms();
    if (!run.report.interrupted) {
      run.warnings = training.warnings(run.report);
      run.outcomes = training.finish(run.report);
    }
  }
  run.interrupt_code = interrupt.exit_code();
  return run;
}

}  // namespace gradus
