#include <fmt/format.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "codegen/llvm/compile.h"
#include "frontend/command_line/chosen_graph.h"
#include "frontend/driver/analysis/memory_report.h"
#include "ir/loop/text.h"
#include "ir/loop/verify.h"
#include "ir/text/dot.h"
#include "ir/text/formula.h"
#include "ir/text/print.h"

namespace gradus::command_line {

namespace {

struct Options {
  ChosenGraph chosen;
  std::string stage = "forward";
  std::string format = "text";
  std::string output;
  bool expand = false;
  bool no_origins = false;
  bool explain_memory = false;
  bool json = false;
  CompileFlags compile;
};

// Before anything is read: what belongs to another form of output.
void refuse_what_is_not_printed(const CLI::App& app, const Options& options) {
  if (!options.explain_memory) refuse(app, {"--json"}, "a program, only for --explain-memory");
  if (options.explain_memory) {
    refuse(app, {"--stage", "--format", "--expand", "--no-origins", "--stop-after"}, "--explain-memory");
  } else if (stage_named(options.stage) || !options.compile.stop_after.empty()) {
    if (options.format != "formula") refuse(app, {"--expand"}, "--format=" + options.format);
    if (options.format != "text") refuse(app, {"--no-origins"}, "--format=" + options.format);
  } else {
    refuse(app, {"--format", "--expand"}, "--stage=" + options.stage);
    if (options.stage != "loops") refuse(app, {"--no-origins"}, "--stage=" + options.stage);
  }
}

std::string format_graph(const Graph& graph, const Options& options) {
  if (options.format == "dot") return to_dot(graph);
  if (options.format == "formula") return to_formula(graph, {.expand = options.expand});
  return print(graph, {.origins = !options.no_origins});
}

}  // namespace

Action set_up_dump(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("FILE", options->chosen.file,
                 "model (.gradus), graph or loop text (.gir), or - for standard input")
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
  options->chosen.add_options(app);
  app.add_flag("--explain-memory", options->explain_memory,
               "no stage, but what lies in the workspace when, and who needs it");
  app.add_flag("--json", options->json, "with --explain-memory: as JSON");
  app.add_option("-o,--output", options->output, "where to write (default: stdout)");
  options->compile.add_target(app);
  options->compile.add_passes(app);
  options->compile.add_stop(app);

  return [options, &app](Sources& sources) {
    refuse_what_is_not_printed(app, *options);
    const std::string text = sources.read(options->chosen.file);
    CompilerOptions compiler_options = options->compile.compiler_options(sources);
    compiler_options.check_bounds = kind_of(options->chosen.file, text) != FileKind::model;
    compiler_options.instrument.format = [options](const Graph& graph) {
      return format_graph(graph, *options);
    };
    Compiler compiler(compiler_options);
    loop::Program program;
    if (kind_of(options->chosen.file, text) == FileKind::loops) {
      refuse(app,
             {"--only", "--graph", "--data", "--set", "--precision", "--schedule", "--no-memo",
              "--verify-each", "--print-after", "--print-after-all", "--stop-after", "--time-passes"},
             "a text of loops");
      if (options->explain_memory)
        fail_program(fmt::format("'{}' holds loops, which do not say what their buffers are for",
                                 options->chosen.file),
                     {}, "--explain-memory takes a model or a graph");
      program = loop::load_program(text, options->chosen.file);
      if (stage_named(options->stage))
        fail_program(fmt::format("'{}' is at stage loops already; stage '{}' lies before it",
                                 options->chosen.file, options->stage),
                     {}, "--stage=loops, llvm or asm");
    } else {
      const Graph graph = options->chosen.load(sources, text, compiler, app);
      const std::optional<Stage> stage =
          options->explain_memory ? Stage::kernels : stage_named(options->stage);
      if (stage && !options->explain_memory && *stage < Compiler::stage_of(graph) &&
          app.get_option("--stage")->count() > 0)
        fail_program(fmt::format("'{}' is at stage {} already; stage '{}' lies before it",
                                 options->chosen.file, name(Compiler::stage_of(graph)), options->stage),
                     {}, "no pass goes back");
      const std::vector<std::string_view> passes =
          passes_between(Compiler::stage_of(graph), stage.value_or(Stage::kernels));
      options->compile.require_passes(passes);
      if (!options->compile.reaches("schedule", passes)) {
        refuse(app, {"--schedule"}, "what does not run the pass 'schedule'");
        if (stage || options->explain_memory || !options->compile.stop_after.empty())
          refuse(app, {"--cpu"}, "what does not run the pass 'schedule'");
      }
      if (options->explain_memory) {
        const MemoryReport report = explain_memory(compiler, graph);
        sources.report(compiler.warnings());
        write_text(options->output, options->json ? json_text(memory_json(report)) : format_memory(report));
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
    if (options->stage == "loops")
      write_text(options->output,
                 loop::print(program, nullptr,
                             options->no_origins ? loop::ShowOrigins::no : loop::ShowOrigins::yes));
    if (options->stage == "llvm") write_text(options->output, print_llvm(program, target));
    if (options->stage == "asm") write_text(options->output, print_assembly(program, target));
    if (options->compile.time_passes) std::cerr << format_timings(compiler.instrument().timings());
    return success;
  };
}

}  // namespace gradus::command_line
