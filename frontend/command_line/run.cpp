#include <fmt/format.h>
#include <fmt/ranges.h>

#include <iostream>

#include "frontend/command_line/command.h"
#include "frontend/driver/analysis/failed_check.h"
#include "frontend/driver/analysis/numerics.h"
#include "frontend/driver/run/lesson.h"
#include "frontend/driver/run/step.h"
#include "frontend/driver/train/training_program.h"
#include "ir/loop/verify.h"
#include "ir/op.h"
#include "ir/shown_text.h"
#include "ir/structure.h"
#include "passes/load_text.h"
#include "runtime/data/batches.h"

namespace gradus::command_line {

namespace {

struct Options {
  std::string file;
  std::string only;
  std::string precision;
  std::string inputs, save_inputs, save_outputs;
  std::string data;
  std::vector<std::string> settings;
  bool as_is = false;
  bool evaluator = false;
  bool quiet = false;
  bool count_calls = false;
  bool check_numerics = false;
  CompileFlags compile;

  // The values of one step come from a file or go to one.
  bool one_step() const { return !inputs.empty() || !save_inputs.empty() || !save_outputs.empty(); }
};

void print_calls(const language::CallCounts& calls) {
  for (const auto& [name, count] : calls)
    fmt::print("  {}: {} calls, {} of them answered from memory\n", name, count.calls, count.from_memory);
}

// A step ready to run. `graph` is what it was compiled from, if --check-numerics is to explain it.
struct Step {
  Executable& executable;
  const Graph* graph;
  std::vector<language::Check> checks;
};

StepOutputs finish_step(const Step& step, const StepInputs& inputs, const Options& options,
                        Compiler& compiler) {
  Executable& executable = step.executable;
  const ExecutableDescription& description = executable.description();
  if (!options.save_inputs.empty()) save_step_inputs(options.save_inputs, description, inputs);
  const StepOutputs outputs = run_step(executable, inputs);
  if (step.graph && is_numeric_check(outputs.status.check))
    fail_step_numerics(compiler, *step.graph, outputs.status.check, executable, inputs);
  if (outputs.status.check >= 0) fail_check(outputs.status.check, outputs.status.element, step.checks);
  if (!options.save_outputs.empty()) save_step_outputs(options.save_outputs, description, outputs);
  return outputs;
}

void print_results(const StepOutputs& outputs, const ExecutableDescription& description) {
  for (size_t r = 0; r < outputs.results.size(); ++r) {
    const Tensor& result = outputs.results[r];
    const std::string name = printable(description.results[r].name);
    if (result.size() == 1)
      fmt::print("{} = {}\n", name, format_number(numbers_of(result).values[0], result.element(), 9));
    else
      fmt::print("{}: {}\n", name, to_string(result.type()));
  }
}

StepInputs inputs_from_file(const Options& options, const ExecutableDescription& description) {
  if (!options.inputs.empty()) return load_step_inputs(options.inputs, description);
  if (!description.inputs.empty() || !description.parameters.empty())
    fail_program(fmt::format("'{}' needs values for its inputs", options.file), {},
                 "--inputs FILE.safetensors; `gradus run MODEL --save-inputs FILE` writes one");
  return {};
}

int run_loops(const Options& options, const std::string& text, Compiler& compiler) {
  const std::shared_ptr<Executable> executable = compiler.compile(loop::load_program(text, options.file));
  const StepInputs inputs = inputs_from_file(options, executable->description());
  const StepOutputs outputs = finish_step({*executable, nullptr, {}}, inputs, options, compiler);
  if (!options.quiet) print_results(outputs, executable->description());
  return success;
}

int run_graph(const Options& options, const std::string& text, Compiler& compiler, const CLI::App& app) {
  const Graph graph = load_graph(text, options.file);
  const Stage stage = Compiler::stage_of(graph);
  if (stage == Stage::kernels)
    refuse(app, {"--as-is", "--check-numerics", "--schedule"}, "a graph at stage kernels");
  if (options.as_is) {
    refuse(app, {"--check-numerics"}, "--as-is");
    for (uint32_t i = 0; i < graph.size(); ++i)
      if (is_gradient(graph.node(i)))
        fail_program(fmt::format("--as-is: %{} is a gradient, which a pass must expand", graph.node(i).id),
                     {}, "leave --as-is away, or `gradus opt --passes=differentiate` first");
  }
  options.compile.require_passes(passes_between(options.as_is ? Stage::optimized : stage, Stage::kernels));
  const std::shared_ptr<Executable> executable =
      compiler.compile(options.check_numerics ? with_numeric_checks(compiler, graph)
                       : options.as_is        ? compiler.as_is(graph)
                                              : graph);
  const StepInputs inputs = inputs_from_file(options, executable->description());
  const StepOutputs outputs = finish_step({*executable, &graph, checks_of(graph)}, inputs, options, compiler);
  if (!options.quiet) print_results(outputs, executable->description());
  return success;
}

// The first batch of the first epoch, from initial values.
int run_training_step(const language::Unit& unit, const std::string& name, const Options& options,
                      Sources& sources, Compiler& compiler) {
  TrainingRequest request;
  request.name = name;
  request.overrides = split_settings(options.settings);
  request.data_file = options.data;
  request.precision = precision_named(options.precision);
  request.memoize = !options.compile.no_memo;
  TrainingProgram program(unit, request, compiler);
  const language::TrainSettings& settings = program.settings();
  const DataSet& data = program.data();
  const std::vector<int64_t> order = epoch_order(data.training, settings.seed, 1, settings.shuffle);
  const std::span<const int64_t> rows = batch_rows(order, settings.batch, 0);
  Executable& executable = program.training(static_cast<int64_t>(rows.size()));
  sources.report(program.graphs().warnings);

  StepInputs inputs;
  if (!options.inputs.empty()) {
    inputs = load_step_inputs(options.inputs, executable.description());
  } else {
    for (const Argument& argument : executable.description().inputs) {
      Tensor batch(argument.type);
      gather_rows(data.column(argument.name).values, rows, batch);
      inputs.inputs.push_back(std::move(batch));
    }
    const std::vector<language::StorageRow>& storage = program.graphs().storage;
    std::vector<Tensor> initial = program.initial_values(settings.seed);
    for (const Argument& argument : executable.description().parameters)
      for (size_t i = 0; i < storage.size(); ++i)
        if (storage[i].path == argument.name) inputs.parameters.push_back(initial[i]);
    inputs.seed = settings.seed;
  }
  if (options.count_calls) print_calls(program.graphs().calls);
  const language::StepGraph& graph = program.graphs(static_cast<int64_t>(rows.size())).training;
  const StepOutputs outputs =
      finish_step({executable, &graph.graph, graph.checks}, inputs, options, compiler);
  if (!options.quiet) print_results(outputs, executable.description());
  return success;
}

// A lesson whose values come from a file or go to one.
LessonOutcome run_lesson_step(const language::LessonProgram& lesson, const Options& options,
                              Compiler& compiler) {
  const std::shared_ptr<Executable> executable =
      compiler.compile(options.check_numerics ? with_numeric_checks(compiler, lesson.graph) : lesson.graph);
  StepInputs inputs;
  if (!options.inputs.empty())
    inputs = load_step_inputs(options.inputs, executable->description());
  else
    inputs.inputs = lesson_inputs(lesson, executable->description());
  const StepOutputs outputs =
      finish_step({*executable, &lesson.graph, lesson.checks}, inputs, options, compiler);
  ResultTable table;
  for (size_t r = 0; r < outputs.results.size(); ++r)
    table[executable->description().results[r].name] = numbers_of(outputs.results[r]);
  return judge_lesson(lesson, table, compiler);
}

void report_outcome(const LessonOutcome& outcome, const Options& options, const Sources& sources) {
  if (!options.quiet) fmt::print("program {}\n", outcome.name);
  for (const OutcomeLine& line : outcome.lines) {
    if (!options.quiet)
      fmt::print("  {:>4}  {}{}\n", line.span.line,
                 !line.expectation ? ""
                 : line.holds      ? "ok      expect "
                                   : "FAILED  expect ",
                 line.text);
    if (line.holds) continue;
    std::fflush(stdout);
    Diagnostic diagnostic;
    diagnostic.message = "the expectation does not hold: " + line.message;
    diagnostic.span = line.span;
    sources.report(diagnostic);
  }
}

int run_lessons(const language::Unit& unit, const std::vector<std::string>& names, const Options& options,
                Sources& sources, Compiler& compiler) {
  int64_t failed = 0, expectations = 0;
  for (const std::string& name : names) {
    language::LessonOptions lesson_options;
    if (!options.precision.empty()) lesson_options.precision = precision_named(options.precision);
    lesson_options.memoize = !options.compile.no_memo;
    const language::LessonProgram lesson = language::elaborate_program(unit, name, lesson_options);
    sources.report(lesson.warnings);
    const LessonOutcome outcome =
        options.one_step()
            ? run_lesson_step(lesson, options, compiler)
            : run_lesson(lesson, compiler, options.evaluator ? Engine::evaluator : Engine::jit);
    report_outcome(outcome, options, sources);
    for (const OutcomeLine& line : outcome.lines) expectations += line.expectation;
    if (options.count_calls) print_calls(lesson.calls);
    failed += outcome.failed;
  }
  if (!options.quiet) fmt::print("{} of {} expectations hold\n", expectations - failed, expectations);
  return failed == 0 ? success : does_not_hold;
}

// The programs that the command line asks for; empty: a train block.
std::vector<std::string> chosen_programs(const language::Unit& unit, const Options& options,
                                         std::string& train, const Sources& sources) {
  const std::vector<std::string> programs = unit.programs();
  if (options.only.empty() && programs.size() > 1 && options.one_step())
    fail_program(fmt::format("'{}' has {} programs, and a file holds the values of one", options.file,
                             programs.size()),
                 {}, fmt::format("--only chooses one of {}", fmt::join(programs, ", ")));
  if (options.only.empty() && !programs.empty() && !(options.one_step() && !unit.trains().empty()))
    return programs;
  const Block block = choose_block(unit, options.only, options.file, sources);
  if (!block.is_train) return {block.name};
  train = block.name;
  return {};
}

int run_model(const Options& options, const std::string& text, Sources& sources, Compiler& compiler,
              const CLI::App& app) {
  const language::Unit unit = language::load_unit(options.file, text, sources.reader());
  sources.add_unit(unit);
  std::string train;
  const std::vector<std::string> programs = chosen_programs(unit, options, train, sources);
  refuse(app, {"--as-is"}, "a model text");
  if (!train.empty()) {
    refuse(app, {"--evaluator"}, "a train block");
  } else {
    refuse(app, {"--data", "--set"}, "a program");
    if (options.evaluator)
      refuse(app,
             {"--inputs", "--save-inputs", "--save-outputs", "--check-numerics", "--cpu", "--schedule",
              "--threads", "--verify-each", "--print-after", "--print-after-all", "--time-passes"},
             "--evaluator, which compiles nothing");
  }
  options.compile.require_passes(passes_between(Stage::forward, Stage::kernels));
  return train.empty() ? run_lessons(unit, programs, options, sources, compiler)
                       : run_training_step(unit, train, options, sources, compiler);
}

}  // namespace

Action set_up_run(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("FILE", options->file,
                 "lessons (.gradus), a train block (one step on its first batch), or a dumped stage (.gir)")
      ->required();
  app.add_option("--only", options->only, "the train or program block; default: all programs");
  app.add_option("--precision", options->precision, "f32 or f64; lessons use f64, train blocks f32")
      ->check(one_of({"f32", "f64"}));
  app.add_option("--inputs", options->inputs, "safetensors file with the values of all inputs");
  app.add_option("--save-inputs", options->save_inputs, "write the values of all inputs of the step");
  app.add_option("--save-outputs", options->save_outputs,
                 "write results, and parameters and state after the step");
  app.add_option("--data", options->data, "NPZ file that replaces the program's data");
  app.add_option("--set", options->settings, "override a setting: NAME=VALUE")->allow_extra_args(false);
  app.add_flag("--as-is", options->as_is, "graph text: no passes but the grouping into kernels");
  app.add_flag("--evaluator", options->evaluator,
               "lessons: by the reference interpreter instead of compiled code");
  app.add_flag("-q,--quiet", options->quiet, "print no results, only what fails");
  app.add_flag("--check-numerics", options->check_numerics,
               "stop at the first value that is not finite, and say where it comes from (slower)");
  app.add_flag("--count-calls", options->count_calls,
               "tell how often each function was called while the graph was built");
  options->compile.add_target(app);
  options->compile.add_threads(app);
  options->compile.add_passes(app);

  return [options, &app](Sources& sources) {
    const std::string text = sources.read(options->file);
    CompilerOptions compiler_options = options->compile.compiler_options(sources);
    compiler_options.check_numerics = options->check_numerics;
    const FileKind kind = kind_of(options->file, text);
    compiler_options.check_bounds = kind != FileKind::model;
    Compiler compiler(compiler_options);
    if (kind != FileKind::model)
      refuse(app,
             {"--only", "--precision", "--data", "--set", "--evaluator", "--count-calls", "--save-inputs"},
             "a dumped stage");
    if (kind == FileKind::loops)
      refuse(app,
             {"--as-is", "--check-numerics", "--schedule", "--no-memo", "--verify-each", "--print-after",
              "--print-after-all"},
             "a text of loops");
    const int code = kind == FileKind::loops   ? run_loops(*options, text, compiler)
                     : kind == FileKind::graph ? run_graph(*options, text, compiler, app)
                                               : run_model(*options, text, sources, compiler, app);
    sources.report(compiler.warnings());
    if (options->compile.time_passes) std::cerr << format_timings(compiler.instrument().timings());
    return code;
  };
}

}  // namespace gradus::command_line
