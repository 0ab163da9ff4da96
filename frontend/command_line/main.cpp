#include <fmt/format.h>

#include <array>
#include <csignal>
#include <system_error>

#include "frontend/command_line/command.h"
#include "frontend/command_line/help.h"
#include "frontend/command_line/streams.h"

namespace gradus::command_line {

namespace {

constexpr std::array<Command, 14> commands = {{
    {"new", "write a program to begin with", set_up_new},
    {"train", "train the models of a file and write checkpoint and history", set_up_train},
    {"predict", "what a trained model gives for new rows", set_up_predict},
    {"evaluate", "losses and metrics of a trained model on any rows", set_up_evaluate},
    {"runs", "compare runs in a table and a picture", set_up_runs},
    {"run", "run lessons, or one step of a dumped stage", set_up_run},
    {"dump", "print a program at any stage, from model text to machine code", set_up_dump},
    {"explain", "tell which schedule each kernel has, and why", set_up_explain},
    {"opt", "run passes on a graph text", set_up_opt},
    {"check", "compare derivatives by every method there is", set_up_check},
    {"show", "print definitions of the library or of a file, and the layers of a model", set_up_show},
    {"format", "write program texts in their canonical layout, or check it", set_up_format},
    {"lsp", "serve an editor: diagnostics, hover, definitions, completion, layout (LSP)", set_up_lsp},
    {"ops", "list the primitive operations, or document one", set_up_ops},
}};

constexpr const char* footer =
    "Exit codes: 0 success; 1 an expectation or check does not hold; 2 the program, its data or the\n"
    "command line is wrong; 3 the environment failed (missing file, full disk); 70 a bug in Gradus.\n"
    "Data goes to stdout, everything else to stderr. `gradus COMMAND --help` tells more.";

// One error boundary for everything. What was printed has arrived, or the command has failed.
int guarded(Sources& sources, const Action& action) {
  try {
    const int code = action(sources);
    finish_output();
    return code;
  } catch (const Error& error) {
    sources.report(error.diagnostics());
    return exit_code(error.kind());
  } catch (const std::bad_alloc&) {
    sources.report(Diagnostic{Severity::error, "out of memory", {}, {}, "a smaller batch needs less"});
    return exit_code(ErrorKind::environment);
  } catch (const std::system_error& error) {
    // fmt::print throws it when standard output takes no more; otherwise a thread cannot start, or the like.
    const std::string message = std::ferror(stdout) ? "cannot write to standard output" : "the system failed";
    sources.report(
        Diagnostic{Severity::error, fmt::format("{}: {}", message, error.code().message()), {}, {}, {}});
    return exit_code(ErrorKind::environment);
  } catch (const std::exception& error) {
    sources.report(
        Diagnostic{Severity::error,
                   fmt::format("internal: {}", error.what()),
                   {},
                   {},
                   "this is a bug in Gradus; please report it with the model text and the command line"});
    return exit_code(ErrorKind::internal);
  }
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Gradus: a compiler for deep-learning models", "gradus"};
  app.set_version_flag("--version", "gradus 0.1.0");
  app.require_subcommand(1);
  app.footer(footer);
  app.formatter(help_formatter());
  std::map<const CLI::App*, Action> actions;
  for (const Command& command : commands) {
    CLI::App* sub = app.add_subcommand(std::string(command.name), std::string(command.summary));
    sub->group("Commands");
    sub->option_defaults()->disable_flag_override();  // --quiet=no is no --quiet
    actions[sub] = command.set_up(*sub);
    refuse_empty_values(*sub);
  }
  keep_standard_streams();
  std::signal(SIGXFSZ, SIG_IGN);  // a file beyond its limit is a write that fails, and that is reported
  Sources sources;
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0)  // --help, --version
      return guarded(sources, [&](Sources&) { return app.exit(error); });
    sources.report(misused(app, error));
    return exit_code(ErrorKind::program);
  }
  return guarded(sources, actions.at(app.get_subcommands().front()));
}

}  // namespace gradus::command_line
