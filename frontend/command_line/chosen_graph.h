// Which graph of FILE a command is about: that of a text, or one that a block of a model makes.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "frontend/command_line/command.h"
#include "ir/graph.h"

namespace gradus::command_line {

struct ChosenGraph {
  std::string file;
  std::string only;
  std::string graph = "training";
  std::string data;
  std::string precision;
  std::vector<std::string> settings;

  void add_options(CLI::App& app);  // all but FILE
  Graph load(Sources& sources, const std::string& text, Compiler& compiler, const CLI::App& app) const;
};

}  // namespace gradus::command_line
