// Which graphs of FILE a command is about: that of a text, or those that blocks of a model make.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "frontend/command_line/command.h"
#include "ir/graph.h"

namespace gradus::command_line {

struct LoadedGraph {
  Graph graph;
  std::string which;  // of a train block's: "training"; empty of a text and of a lesson
};

struct ChosenGraph {
  std::string file;
  std::string only;
  std::string graph = "training";  // empty: all
  std::string data;
  std::string precision;
  std::vector<std::string> settings;

  void add_options(CLI::App& app);  // all but FILE
  Graph load(Sources& sources, const std::string& text, Compiler& compiler, const CLI::App& app) const;
  // Of all blocks if --only names none; --graph, --data and --set speak of train blocks alone.
  std::vector<LoadedGraph> load_all(Sources& sources, const std::string& text, Compiler& compiler,
                                    const CLI::App& app) const;

 private:
  language::Unit load_unit(Sources& sources, const std::string& text) const;
  // Of a train block the one that is chosen, or all.
  std::vector<LoadedGraph> load_block(const language::Unit& unit, const Block& block, Sources& sources,
                                      Compiler& compiler, const CLI::App& app) const;
  Graph load_text(const std::string& text, const CLI::App& app) const;
};

}  // namespace gradus::command_line
