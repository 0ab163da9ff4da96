#include <fmt/format.h>

#include "frontend/command_line/command.h"
#include "frontend/driver/train.h"
#include "runtime/data/numpy.h"

namespace gradus::command_line {

namespace {

struct Options {
  std::string file;
  std::string only;
  std::string data;
  std::string output;
  std::string checkpoint;
  std::string predictions;
  std::string precision = "f32";
  std::vector<std::string> settings;
  bool quiet = false;
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
      out += number ? fmt::format("{:>14.6g}", *number) : fmt::format("{:>14}", "-");
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

int predict_from_checkpoint(TrainingProgram& program, const Options& options) {
  const DataSet& data = program.data();
  const std::vector<int64_t>& rows = data.test.empty() ? data.training : data.test;
  write_npz(options.predictions, run_prediction(program, options.checkpoint, rows));
  fmt::print("predictions for {} {} rows: {}\n", rows.size(), data.test.empty() ? "training" : "test",
             options.predictions);
  return success;
}

int train_block(TrainingProgram& program, const Options& options, Sources& sources) {
  const language::TrainSettings& settings = program.settings();
  const DataSet& data = program.data();
  TrainRunOptions run_options;
  run_options.folder = options.output.empty() ? "runs/" + settings.name : options.output;
  run_options.checkpoint = options.checkpoint;
  run_options.quiet = options.quiet;
  if (!options.quiet)
    fmt::print(stderr, "{}: {} parameters; {} training, {} validation, {} test rows; batch {}, seed {}\n",
               settings.name, count_trainable(program.graphs().storage), data.training.size(),
               data.validation.size(), data.test.size(), settings.batch, settings.seed);
  const TrainRun run = run_training(program, run_options);
  for (const std::string& message : run.report.messages) fmt::print(stderr, "{}\n", message);
  fmt::print("{} epochs, {} steps in {:.1f} s\n{}", run.report.epoch, run.report.step, run.report.seconds,
             results_table(run.report, program.graphs().metrics));
  for (const std::string& file : run.files) fmt::print("wrote {}\n", file);

  int code = success;
  for (const language::MetricOutcome& outcome : run.outcomes) {
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
  app.add_option("FILE", options->file, "model text (.gradus), or - for standard input")->required();
  app.add_option("--only", options->only, "the train block, if the file has several");
  app.add_option("--set", options->settings, "override a setting: --set epochs=5 --set batch=32")
      ->allow_extra_args(false);
  app.add_option("--data", options->data, "NPZ file that replaces the program's data, columns by name");
  app.add_option("-o,--output", options->output, "folder for checkpoint and history (default: runs/NAME)");
  app.add_option("--checkpoint", options->checkpoint, "start from this checkpoint");
  app.add_option(
      "--predictions", options->predictions,
      "do not train: write the model's outputs for the test rows to this NPZ file (needs --checkpoint)");
  app.add_option("--precision", options->precision, "f32 or f64")
      ->check(CLI::IsMember({"f32", "f64"}))
      ->capture_default_str();
  app.add_flag("-q,--quiet", options->quiet, "no progress");
  options->compile.add_to(app);

  return [options](Sources& sources) {
    const std::string text = sources.read(options->file);
    const language::Unit unit = language::load_unit(options->file, text);
    sources.add_unit(unit);
    const Block block = choose_block(unit, options->only, options->file);
    if (!block.is_train)
      fail_program(fmt::format("'{}' is a program, which does not train", block.name), {},
                   fmt::format("`gradus run {}` runs it", options->file));
    if (!options->predictions.empty() && options->checkpoint.empty())
      fail_program("--predictions needs a --checkpoint to predict with", {},
                   "training writes runs/NAME/checkpoint.safetensors");
    Compiler compiler(options->compile.compiler_options());
    TrainingRequest request;
    request.name = block.name;
    request.overrides = split_settings(options->settings);
    request.data_file = options->data;
    request.precision = precision_named(options->precision);
    request.memoize = !options->compile.no_memo;
    TrainingProgram program(unit, request, compiler);
    sources.report(program.graphs().warnings);
    const int code = options->predictions.empty() ? train_block(program, *options, sources)
                                                  : predict_from_checkpoint(program, *options);
    sources.report(compiler.warnings());
    if (options->compile.time_passes)
      fmt::print(stderr, "{}", format_timings(compiler.instrument().timings()));
    return code;
  };
}

}  // namespace gradus::command_line
