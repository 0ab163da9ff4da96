// What `--help` prints.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>

namespace gradus::command_line {

std::shared_ptr<CLI::FormatterBase> help_formatter();

}  // namespace gradus::command_line
