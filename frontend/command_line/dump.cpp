#include <fmt/format.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "codegen/llvm/compile.h"
#include "frontend/command_line/command.h"
#include "frontend/driver/analysis/memory_report.h"
#include "frontend/driver/train/training_program.h"
#include "ir/loop/text.h"
#include "ir/loop/verify.h"
#include "ir/text/dot.h"
#include "ir/text/formula.h"
#include "ir/text/print.h"
#include "passes/load_text.h"

namespace gradus::command_line {

namespace {

struct Options {
  std::string file;
  std::string stage = "forward";
  std::string format = "text";
  std::string only;
  std::string graph = "training";
  std::string data;
  std::string output;
  std::string precision;
  std::vector<std::string> settings;
  bool expand = false;
  bool no_origins = false;
  bool explain_memory = false;
  bool json = false;
  CompileFlags compile;
};

const Graph& pick_graph(const language::TrainProgram& program, const std::string& which) {
  if (which == "evaluation") return program.evaluation.graph;
  if (which == "initialization") return program.initialization.graph;
  if (which == "prediction") {
    if (!program.prediction) fail_program("this train block has no model, hence no prediction graph");
    return program.prediction->graph;
  }
  return program.training.graph;
}

// Before anything is read: what belongs to another form of output.
void refuse_what_is_not_printed(const CLI::App& app, const Options& options) {
  if (!options.explain_memory) refuse(app, {"--json"}, "a program, only for --explain-memory");
  if (options.explain_memory) {
    refuse(app, {"--stage", "--format", "--expand", "--no-origins", "--cpu", "--stop-after"},
           "--explain-memory");
  } else if (stage_named(options.stage) || !options.compile.stop_after.empty()) {
    refuse(app, {"--cpu"}, "a stage before loops");
    if (options.format != "formula") refuse(app, {"--expand"}, "--format=" + options.format);
    if (options.format != "text") refuse(app, {"--no-origins"}, "--format=" + options.format);
  } else {
    refuse(app, {"--format", "--expand", "--no-origins"}, "--stage=" + options.stage);
  }
}

Graph load_graph(Sources& sources, const Options& options, const std::string& text, Compiler& compiler,
                 const CLI::App& app) {
  if (kind_of(options.file, text) == FileKind::graph) {
    refuse(app, {"--only", "--graph", "--data", "--set", "--precision"}, "a graph text");
    return gradus::load_graph(text, options.file);
  }
  const language::Unit unit = language::load_unit(options.file, text, sources.reader());
  sources.add_unit(unit);
  const Block block = choose_block(unit, options.only, options.file, sources);
  if (!block.is_train) {
    refuse(app, {"--graph", "--data", "--set"}, "a program");
    language::LessonOptions lesson;
    if (!options.precision.empty()) lesson.precision = precision_named(options.precision);
    lesson.memoize = !options.compile.no_memo;
    language::LessonProgram program = language::elaborate_program(unit, block.name, lesson);
    sources.report(program.warnings);
    return program.graph;
  }
  TrainingRequest request;
  request.name = block.name;
  request.overrides = split_settings(options.settings);
  request.data_file = options.data;
  request.precision = precision_named(options.precision);
  request.memoize = !options.compile.no_memo;
  TrainingProgram program(unit, request, compiler);
  sources.report(program.graphs().warnings);
  return pick_graph(program.graphs(), options.graph);
}

std::string format_graph(const Graph& graph, const Options& options) {
  if (options.format == "dot") return to_dot(graph);
  if (options.format == "formula") return to_formula(graph, {.expand = options.expand});
  return print(graph, {.origins = !options.no_origins});
}

}  // namespace

Action set_up_dump(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("FILE", options->file, "model (.gradus), graph or loop text (.gir), or - for standard input")
      ->required();
  app.add_option("--stage", options->stage, "how far to go")
      ->check(one_of({"forward", "backward", "optimized", "kernels", "loops", "llvm", "asm"}))
      ->capture_default_str();
  app.add_option("--format", options->format,
                 "of the graph stages: text parses back, formula is infix, dot is for Graphviz")
      ->check(one_of({"text", "formula", "dot"}))
      ->capture_default_str();
  app.add_flag("--expand", options->expand, "formula: write shared values out instead of naming them");
  app.add_flag("--no-origins", options->no_origins, "text: leave out where values come from");
  app.add_option("--only", options->only, "the train or program block, if the file has several");
  app.add_option("--graph", options->graph, "which graph of a train block")
      ->check(one_of({"training", "evaluation", "prediction", "initialization"}))
      ->capture_default_str();
  app.add_option("--data", options->data, "NPZ file that replaces the program's data");
  app.add_option("--set", options->settings, "override a setting: NAME=VALUE")->allow_extra_args(false);
  app.add_option("--precision", options->precision, "f32 (default of train blocks) or f64 (of programs)")
      ->check(one_of({"f32", "f64"}));
  app.add_flag("--explain-memory", options->explain_memory,
               "no stage, but what lies in the workspace when, and who needs it");
  app.add_flag("--json", options->json, "with --explain-memory: as JSON");
  app.add_option("-o,--output", options->output, "where to write (default: stdout)");
  options->compile.add_target(app);
  options->compile.add_passes(app);
  options->compile.add_stop(app);

  return [options, &app](Sources& sources) {
    refuse_what_is_not_printed(app, *options);
    const std::string text = sources.read(options->file);
    CompilerOptions compiler_options = options->compile.compiler_options();
    compiler_options.check_bounds = kind_of(options->file, text) != FileKind::model;
    compiler_options.instrument.format = [options](const Graph& graph) {
      return format_graph(graph, *options);
    };
    Compiler compiler(compiler_options);
    loop::Program program;
    if (kind_of(options->file, text) == FileKind::loops) {
      refuse(app,
             {"--only", "--graph", "--data", "--set", "--precision", "--no-memo", "--verify-each",
              "--print-after", "--print-after-all", "--stop-after", "--time-passes"},
             "a text of loops");
      if (options->explain_memory)
        fail_program(
            fmt::format("'{}' holds loops, which do not say what their buffers are for", options->file), {},
            "--explain-memory takes a model or a graph");
      program = loop::load_program(text, options->file);
      if (stage_named(options->stage))
        fail_program(fmt::format("'{}' is at stage loops already; stage '{}' lies before it", options->file,
                                 options->stage),
                     {}, "--stage=loops, llvm or asm");
    } else {
      const Graph graph = load_graph(sources, *options, text, compiler, app);
      const std::optional<Stage> stage =
          options->explain_memory ? Stage::kernels : stage_named(options->stage);
      options->compile.require_passes(
          passes_between(Compiler::stage_of(graph), stage.value_or(Stage::kernels)));
      if (options->explain_memory) {
        const MemoryReport report = explain_memory(compiler, graph);
        write_text(options->output,
                   options->json ? memory_json(report).dump(2) + "\n" : format_memory(report));
        if (options->compile.time_passes) std::cerr << format_timings(compiler.instrument().timings());
        return success;
      }
      const Graph reached = compiler.bring_to(stage.value_or(Stage::kernels), graph);
      sources.report(compiler.warnings());
      if (stage || compiler.instrument().stopped()) {
        if (options->compile.time_passes) std::cerr << format_timings(compiler.instrument().timings());
        write_text(options->output, format_graph(reached, *options));
        return success;
      }
      program = compiler.to_loops(reached);
    }
    const Target& target = compiler.options().target;
    if (options->stage == "loops") write_text(options->output, loop::print(program));
    if (options->stage == "llvm") write_text(options->output, print_llvm(program, target));
    if (options->stage == "asm") write_text(options->output, print_assembly(program, target));
    if (options->compile.time_passes) std::cerr << format_timings(compiler.instrument().timings());
    return success;
  };
}

}  // namespace gradus::command_line
