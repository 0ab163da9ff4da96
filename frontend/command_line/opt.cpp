#include <fmt/format.h>

#include <iostream>

#include "frontend/command_line/command.h"
#include "ir/text/print.h"
#include "passes/load_text.h"

namespace gradus::command_line {

Action set_up_opt(CLI::App& app) {
  struct Options {
    std::string file;
    std::vector<std::string> passes;
    std::string output;
    bool list = false;
    bool no_origins = false;
    CompileFlags compile;
  };
  auto options = std::make_shared<Options>();
  app.add_option("FILE", options->file, "graph text (.gir), or - for standard input");
  app.add_option("--passes", options->passes, "passes to run, in order: a,b,c")
      ->delimiter(',')
      ->allow_extra_args(false);
  app.add_option("-o,--output", options->output, "where to write the result (default: stdout)");
  app.add_flag("--list", options->list, "list the passes");
  app.add_flag("--no-origins", options->no_origins, "print without origins");
  options->compile.add_target(app);
  options->compile.add_passes(app);
  options->compile.add_stop(app);
  return [options, &app](Sources& sources) {
    if (options->list) {
      refuse(app,
             {"FILE", "--passes", "--no-origins", "--cpu", "--schedule", "--no-memo", "--verify-each",
              "--print-after", "--print-after-all", "--time-passes", "--stop-after"},
             "--list");
      std::string out;
      for (const Pass& pass : all_passes()) out += fmt::format("{:<14} {}\n", pass.name, pass.summary);
      write_text(options->output, out);
      return success;
    }
    if (options->file.empty())
      fail_program("opt needs a FILE", {}, "`gradus opt --passes=simplify FILE.gir`");
    const std::vector<std::string_view> names(options->passes.begin(), options->passes.end());
    options->compile.require_passes(names);
    if (!options->compile.reaches("schedule", names))
      refuse(app, {"--cpu", "--schedule"}, "what does not run the pass 'schedule'");
    CompilerOptions compiler = options->compile.compiler_options(sources);
    const auto format = [options](const Graph& graph) {
      return print(graph, {.origins = !options->no_origins});
    };
    compiler.instrument.format = format;
    const Graph graph = load_graph(sources.read(options->file), options->file);
    Instrument instrument(compiler.instrument);
    PassContext context;
    context.memoize = compiler.memoize;
    context.target = compiler.target;
    context.schedules = compiler.schedules;
    const Graph result = run_passes(graph, names, context, instrument.observer());
    sources.report(context.warnings);
    if (compiler.schedules) sources.report(unused_overrides(*compiler.schedules));
    write_text(options->output, format(result));
    if (compiler.instrument.time_passes) std::cerr << format_timings(instrument.timings());
    return success;
  };
}

}  // namespace gradus::command_line
