#include <fmt/format.h>
#include <fmt/ranges.h>

#include <iostream>

#include "frontend/command_line/command.h"
#include "frontend/driver/analysis/memory_report.h"
#include "frontend/driver/train/run_description.h"
#include "frontend/driver/train/train.h"
#include "ir/shown_text.h"
#include "runtime/data/file.h"
#include "runtime/data/numpy.h"

namespace gradus::command_line {

namespace {

struct Options {
  std::string file;
  std::string only;
  std::string data;
  std::string output;
  std::string checkpoint;
  std::string initialize;
  std::string predictions;
  std::string precision;
  std::string resume;
  std::string checkpoint_every = "30s";
  std::vector<std::string> settings;
  bool quiet = false;
  bool check_numerics = false;
  bool explain_memory = false;
  bool gradient_norms = false;
  CompileFlags compile;
};

// One row a metric, one column a part of the data.
std::string results_table(const TrainingReport& report, const std::vector<std::string>& metrics) {
  constexpr std::array<std::string_view, 3> parts = {"train", "validation", "test"};
  auto value = [&](std::string_view part, const std::string& metric) {
    return report.value(fmt::format("{}.{}", part, metric));
  };
  std::string out = fmt::format("{:<16}", "");
  std::vector<std::string_view> present;
  for (std::string_view part : parts)
    if (value(part, metrics.front())) present.push_back(part);
  for (std::string_view part : present) out += fmt::format("{:>14}", part);
  out += '\n';
  for (const std::string& metric : metrics) {
    out += fmt::format("{:<16}", metric);
    for (std::string_view part : present) {
      const std::optional<double> number = value(part, metric);
      out += number ? fmt::format("{:>14.6g}", unsigned_nan(*number)) : fmt::format("{:>14}", "-");
    }
    out += '\n';
  }
  return out;
}

int64_t count_trainable(const std::vector<language::StorageRow>& storage) {
  int64_t count = 0;
  for (const language::StorageRow& row : storage)
    if (row.trainable) count += element_count(row.type.shape);
  return count;
}

std::optional<Preparation> preparation_of(const std::string& checkpoint) {
  const CheckpointInfo info = read_checkpoint_info(checkpoint);
  if (info.preparation.empty()) return std::nullopt;
  return preparation_from_json(info.preparation, fmt::format("{}: preparation", checkpoint));
}

int predict_from_checkpoint(TrainingProgram& program, const Options& options) {
  const DataSet& data = program.data();
  const std::vector<int64_t>& rows = data.test.empty() ? data.training : data.test;
  write_npz(options.predictions, run_prediction(program, options.checkpoint, rows));
  fmt::print("predictions for {} {} rows: {}\n", rows.size(), data.test.empty() ? "training" : "test",
             printable(options.predictions));
  return success;
}

// What a run was started with, so that it can be resumed by naming its folder.
RunDescription describe_run(const Options& options) {
  return {options.file,       options.only,       options.data,    options.precision,
          options.checkpoint, options.initialize, options.settings};
}

std::vector<std::string> but_epochs(std::vector<std::string> settings) {
  std::erase_if(settings, [](const std::string& setting) { return setting.starts_with("epochs="); });
  return settings;
}

// The settings of the run, which may be lengthened: --set epochs=… takes the place of its number of epochs.
void take_over_settings(Options& options, const RunDescription& run) {
  std::vector<std::string>& given = options.settings;
  const std::vector<std::string> before = but_epochs(run.settings);
  if (given.empty())
    given = run.settings;
  else if (but_epochs(given).empty())
    given.insert(given.begin(), before.begin(), before.end());
  if (but_epochs(given) != before)
    fail_program(fmt::format("the run in {} was started with other settings (--set): {}", options.resume,
                             run.settings.empty() ? "none" : fmt::format("{}", fmt::join(run.settings, " "))),
                 {}, "leave --set away but for epochs=…, or start another run with --output");
}

// --resume FOLDER alone resumes the run with the options it was started with; what is given must be the same.
void take_over(Options& options) {
  if (!options.output.empty() || !options.predictions.empty())
    fail_program("--resume goes on in the folder of the run: it does not go with --output or --predictions");
  options.output = options.resume;
  const RunDescription run = read_run_description(options.resume);
  const auto take = [&](std::string& given, const std::string& before, const char* what) {
    if (given.empty()) given = before;
    if (given == before) return;
    fail_program(fmt::format("{} is '{}', but the run in {} was started with '{}'", what, given,
                             options.resume, before),
                 {}, "leave the option away, or start another run with --output");
  };
  if (options.file != "-") take(options.file, run.file, "the model text");
  take(options.only, run.only, "--only");
  take(options.data, run.data, "--data");
  take(options.precision, run.precision, "--precision");
  take(options.checkpoint, run.checkpoint, "--checkpoint");
  take(options.initialize, run.initialize, "--initialize");
  take_over_settings(options, run);
}

int train_block(TrainingProgram& program, const Options& options, Sources& sources) {
  const language::TrainSettings& settings = program.settings();
  const DataSet& data = program.data();
  TrainRunOptions run_options;
  run_options.folder = options.output.empty() ? "runs/" + settings.name : options.output;
  run_options.resume = !options.resume.empty();
  run_options.interval = parse_checkpoint_interval(options.checkpoint_every);
  run_options.checkpoint = options.checkpoint;
  run_options.initialize = options.initialize;
  run_options.quiet = options.quiet;
  run_options.gradient_norms = options.gradient_norms;
  if (!options.quiet)
    std::cerr << fmt::format(
        "{}: {} parameters; {} training, {} validation, {} test rows; batch {}, seed {}\n", settings.name,
        count_trainable(program.graphs().storage), data.training.size(), data.validation.size(),
        data.test.size(), settings.batch, settings.seed);
  const FolderLock lock(run_options.folder);
  const auto describe = [&] { write_run_description(run_options.folder, describe_run(options)); };
  if (run_options.resume)
    run_options.begun = describe;
  else
    describe();
  if (options.explain_memory)
    fmt::print("{}\n", format_memory(explain_memory(program.compiler(), program.graphs().training.graph)));
  const TrainRun run = run_training(program, run_options);
  for (const std::string& message : run.report.messages) std::cerr << printable_message(message) << '\n';
  fmt::print("{} epochs, {} steps in {:.1f} s\n{}", run.report.epoch, run.report.step, run.report.seconds,
             results_table(run.report, program.graphs().metrics));
  for (const std::string& file : run.files) fmt::print("wrote {}\n", printable(file));

  if (!run.warnings.empty()) std::fflush(stdout);
  sources.report(run.warnings);
  if (options.gradient_norms) {
    std::fflush(stdout);
    sources.report(run.symptoms);
    if (run.symptoms.empty()) fmt::print("gradients, weights and activations show no symptom\n");
  }
  int code = success;
  for (const OutcomeLine& outcome : run.outcomes) {
    if (!outcome.expectation) {
      fmt::print("{}\n", outcome.text);
    } else if (!outcome.holds) {
      std::fflush(stdout);
      Diagnostic diagnostic;
      diagnostic.message = "the expectation does not hold: " + outcome.text;
      diagnostic.span = outcome.span;
      sources.report(diagnostic);
      code = does_not_hold;
    }
  }
  return run.interrupt_code != 0 ? run.interrupt_code : code;
}

}  // namespace

Action set_up_train(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("FILE", options->file, "model text (.gradus), or - for standard input");
  app.add_option("--only", options->only, "the train block, if the file has several");
  app.add_option("--set", options->settings, "override a setting: --set epochs=5 --set batch=32")
      ->allow_extra_args(false);
  app.add_option("--data", options->data, "NPZ file that replaces the program's data, columns by name");
  app.add_option("-o,--output", options->output, "folder for checkpoint and history (default: runs/NAME)");
  app.add_option("--checkpoint", options->checkpoint,
                 "go on behind this checkpoint, optimizers too: `epochs` counts those that it has had");
  app.add_option("--initialize", options->initialize,
                 "take the initial values of the model from this checkpoint (fine-tuning): nothing else, the "
                 "run begins with epoch 1");
  app.add_option("--resume", options->resume,
                 "go on with the run in this folder where it was stopped or killed, bit for bit; "
                 "FILE and options are those it was started with; --set epochs=… lengthens it");
  app.add_option("--checkpoint-every", options->checkpoint_every,
                 "how often to write what --resume needs: 500 (steps) or 30s (seconds)")
      ->capture_default_str();
  app.add_option(
      "--predictions", options->predictions,
      "do not train: write the model's outputs for the test rows to this NPZ file (needs --checkpoint)");
  app.add_option("--precision", options->precision, "f32 (default) or f64")->check(one_of({"f32", "f64"}));
  app.add_flag("--check-numerics", options->check_numerics,
               "stop at the first value that is not finite, and say where it comes from (slower)");
  app.add_flag("--explain-memory", options->explain_memory,
               "before training: what lies in the workspace of a step when, and who needs it");
  app.add_flag(
      "--gradient-norms", options->gradient_norms,
      "write gradients.csv and activations.csv into the run's folder, an entry an epoch and parameter or "
      "layer, and name what is wrong: vanishing, exploding, dead units, …");
  app.add_flag("-q,--quiet", options->quiet, "no progress");
  options->compile.add_target(app);
  options->compile.add_threads(app);
  options->compile.add_passes(app);

  return [options, &app](Sources& sources) {
    if (!options->predictions.empty())
      refuse(app,
             {"--resume", "--output", "--initialize", "--checkpoint-every", "--gradient-norms",
              "--explain-memory", "--quiet"},
             "--predictions, which trains nothing");
    options->compile.require_passes(passes_between(Stage::forward, Stage::kernels));
    if (!options->checkpoint.empty() && !options->initialize.empty())
      fail_program(
          "--checkpoint and --initialize do not go together", {},
          "--checkpoint goes on behind the epochs of a checkpoint, with its optimizers; --initialize "
          "takes the model's parameters and begins anew");
    if (!options->resume.empty()) take_over(*options);
    if (options->precision.empty()) options->precision = "f32";
    if (options->file.empty())
      fail_program("there is no model text to train", {},
                   "gradus train FILE, or gradus train --resume FOLDER");
    const std::string text = sources.read(options->file);
    const language::Unit unit = language::load_unit(options->file, text, sources.reader());
    sources.add_unit(unit);
    const Block block = choose_block(unit, options->only, options->file, sources);
    if (!block.is_train)
      fail_program(fmt::format("'{}' is a program, which does not train", block.name), {},
                   fmt::format("`gradus run {}` runs it", options->file));
    if (!options->predictions.empty() && options->checkpoint.empty())
      fail_program("--predictions needs a --checkpoint to predict with", {},
                   "training writes runs/NAME/checkpoint.safetensors");
    CompilerOptions compiler_options = options->compile.compiler_options(sources);
    compiler_options.check_numerics = options->check_numerics;
    Compiler compiler(compiler_options);
    TrainingRequest request;
    request.name = block.name;
    request.overrides = split_settings(options->settings);
    request.data_file = options->data;
    request.precision = precision_named(options->precision);
    request.memoize = !options->compile.no_memo;
    if (!options->predictions.empty()) request.preparation = preparation_of(options->checkpoint);
    TrainingProgram program(unit, request, compiler);
    if (!options->predictions.empty() && !options->data.empty() && !request.preparation &&
        prepares(program.settings()))
      fail_program(fmt::format("{} does not say how the data were prepared that it was trained on",
                               options->checkpoint),
                   {}, "it is of an earlier release: train again, or predict from the program's own data");
    sources.report(program.graphs().warnings);
    const int code = options->predictions.empty() ? train_block(program, *options, sources)
                                                  : predict_from_checkpoint(program, *options);
    sources.report(compiler.warnings());
    if (options->compile.time_passes) std::cerr << format_timings(compiler.instrument().timings());
    return code;
  };
}

}  // namespace gradus::command_line
