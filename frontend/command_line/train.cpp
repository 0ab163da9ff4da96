#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <iostream>

#include "frontend/command_line/command.h"
#include "frontend/command_line/metric_table.h"
#include "frontend/driver/analysis/memory_report.h"
#include "frontend/driver/train/run_description.h"
#include "frontend/driver/train/train.h"
#include "ir/shown_text.h"
#include "runtime/data/file.h"

namespace gradus::command_line {

namespace {

struct Options {
  std::string file;
  std::string only;
  std::string data;
  std::string output;
  std::string name;
  bool overwrite = false;
  std::string checkpoint;
  std::string initialize;
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

std::string results_table(const TrainingReport& report, const std::vector<std::string>& metrics) {
  std::vector<MetricColumn> columns;
  for (const char* part : {"train", "validation", "test"}) {
    MetricColumn column{part, {}};
    for (const std::string& metric : metrics)
      column.values.push_back(report.value(fmt::format("{}.{}", part, metric)));
    if (column.values.front()) columns.push_back(std::move(column));
  }
  return metric_table(metrics, columns);
}

int64_t count_trainable(const std::vector<language::StorageRow>& storage) {
  int64_t count = 0;
  for (const language::StorageRow& row : storage)
    if (row.trainable) count += element_count(row.type.shape);
  return count;
}

// What a run was started with, so that it can be resumed by naming its folder.
RunDescription describe_run(const Options& options, const language::Unit& unit) {
  RunDescription run{options.file,       options.only,       options.data,     options.precision,
                     options.checkpoint, options.initialize, options.settings, {}};
  for (const std::string& file : unit.files()) run.sources.push_back({file, *unit.source(file)});
  return run;
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
  if (!options.output.empty() || !options.name.empty() || options.overwrite)
    fail_program(
        "--resume goes on in the folder of the run: it does not go with --output, --name or --overwrite");
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

std::string folder_of(const Options& options, const std::string& block) {
  if (!options.output.empty()) return options.output;
  return "runs/" + (options.name.empty() ? block : options.name);
}

// A run is the work of hours: another one takes its place only where that is said. What goes on behind a
// checkpoint of a run may do so in its folder.
void require_new_run(const Options& options, const std::string& folder) {
  namespace files = std::filesystem;
  for (const std::string& file : {options.checkpoint, options.initialize}) {
    const files::path parent = files::path(file).parent_path();
    std::error_code error;
    if (options.overwrite && !file.empty() && files::equivalent(parent.empty() ? "." : parent, folder, error))
      fail_program(fmt::format("{} lies in the folder that --overwrite gives to another run", file), {},
                   "train in another folder: --name or --output");
  }
  if (options.overwrite || !options.resume.empty() || !is_run_folder(folder)) return;
  std::error_code error;
  const files::path parent = files::path(options.checkpoint).parent_path();
  if (!options.checkpoint.empty() && files::equivalent(parent.empty() ? "." : parent, folder, error)) return;
  fail_program(
      fmt::format("{} holds a run already", folder), {},
      fmt::format("--overwrite trains in its place, --name NAME in runs/NAME; `gradus train --resume {}` "
                  "goes on with it",
                  folder));
}

int train_block(TrainingProgram& program, const Options& options, const language::Unit& unit,
                Sources& sources) {
  const language::TrainSettings& settings = program.settings();
  const DataSet& data = program.data();
  TrainRunOptions run_options;
  run_options.folder = folder_of(options, settings.name);
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
  if (options.overwrite) remove_run(run_options.folder);
  const auto describe = [&] { write_run_description(run_options.folder, describe_run(options, unit)); };
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

std::string folder_name(const std::string& name) {
  if (!name.empty() && name.find('/') == std::string::npos && name != "." && name != "..") return {};
  return fmt::format("'{}' is not the name of a folder in runs; --output takes any path", name);
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
  app.add_option("--name", options->name, "train in runs/NAME")->check(folder_name);
  app.add_flag("--overwrite", options->overwrite, "train in the folder of another run, which is lost");
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

  return [options](Sources& sources) {
    options->compile.require_passes(passes_between(Stage::forward, Stage::kernels));
    if (!options->output.empty() && !options->name.empty())
      fail_program("--output and --name do not go together: both say where the run goes");
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
    require_new_run(*options, folder_of(*options, block.name));
    CompilerOptions compiler_options = options->compile.compiler_options(sources);
    compiler_options.check_numerics = options->check_numerics;
    Compiler compiler(compiler_options);
    TrainingRequest request;
    request.name = block.name;
    request.overrides = split_settings(options->settings);
    request.data_file = options->data;
    request.precision = precision_named(options->precision);
    request.memoize = !options->compile.no_memo;
    TrainingProgram program(unit, request, compiler);
    sources.report(program.graphs().warnings);
    const int code = train_block(program, *options, unit, sources);
    sources.report(compiler.warnings());
    if (options->compile.time_passes) std::cerr << format_timings(compiler.instrument().timings());
    return code;
  };
}

}  // namespace gradus::command_line
