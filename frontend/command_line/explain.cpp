#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "frontend/command_line/chosen_graph.h"
#include "frontend/driver/analysis/schedule_report.h"

namespace gradus::command_line {

Action set_up_explain(CLI::App& app) {
  struct Options {
    ChosenGraph chosen;
    std::string output;
    bool json = false;
    CompileFlags compile;
  };
  auto options = std::make_shared<Options>();
  options->chosen.graph.clear();
  app.add_option("FILE", options->chosen.file, "model (.gradus), graph text (.gir), or - for standard input")
      ->required();
  options->chosen.add_options(app);
  app.add_flag("--json", options->json, "as JSON, with all candidates");
  app.add_option("-o,--output", options->output, "where to write (default: stdout)");
  options->compile.add_target(app);
  app.footer(
      "Tells of each kernel, in the order in which they run, where its results lie, which schedule it has "
      "and\n"
      "why: what it is estimated to cost, and the other candidates. All blocks of FILE are told of if "
      "--only\n"
      "names none, and all graphs of a train block if --graph names none. What is printed may be edited and\n"
      "given to --schedule of this and other commands; no result depends on it.");
  return [options, &app](Sources& sources) {
    const std::string text = sources.read(options->chosen.file);
    if (kind_of(options->chosen.file, text) == FileKind::loops)
      fail_program(
          fmt::format("'{}' holds loops, where schedules are carried out already", options->chosen.file), {},
          "explain takes a model or a graph");
    Compiler compiler(options->compile.compiler_options(sources));
    std::vector<ScheduleReport> reports;
    for (const LoadedGraph& each : options->chosen.load_all(sources, text, compiler, app)) {
      if (Compiler::stage_of(each.graph) == Stage::kernels)
        refuse(app, {"--schedule"}, "a graph at stage kernels");
      reports.push_back(explain_schedules(compiler, each.graph, each.which));
    }
    sources.report(compiler.warnings());
    write_text(options->output,
               options->json ? json_text(schedules_json(reports)) : format_schedules(reports));
    return success;
  };
}

}  // namespace gradus::command_line
