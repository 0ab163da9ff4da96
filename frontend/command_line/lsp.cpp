// gradus lsp: the language server on standard input and output.
#include <unistd.h>

#include <csignal>

#include "frontend/command_line/command.h"
#include "frontend/language_server/server.h"

namespace gradus::command_line {

Action set_up_lsp(CLI::App& app) {
  // Some editors ask for it, and there is no other way.
  const auto standard_streams = std::make_shared<bool>(false);
  app.add_flag("--stdio", *standard_streams, "over standard input and output, as it does anyway");
  return [standard_streams](Sources&) {
    std::signal(SIGPIPE, SIG_IGN);  // an editor that is gone is an end of the input
    return language_server::serve(STDIN_FILENO, STDOUT_FILENO);
  };
}

}  // namespace gradus::command_line
