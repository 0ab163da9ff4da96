#include "frontend/command_line/chosen_graph.h"

#include <algorithm>
#include <iterator>

#include "frontend/driver/train/training_program.h"
#include "passes/load_text.h"

namespace gradus::command_line {

namespace {

const std::initializer_list<std::string_view> of_train_blocks = {"--graph", "--data", "--set"};

}  // namespace

void ChosenGraph::add_options(CLI::App& app) {
  app.add_option("--only", only, "the train or program block, if the file has several");
  app.add_option("--graph", graph, "which graph of a train block")
      ->check(one_of({"training", "evaluation", "prediction", "initialization"}))
      ->capture_default_str();
  app.add_option("--data", data, "NPZ file that replaces the program's data");
  app.add_option("--set", settings, "override a setting: NAME=VALUE")->allow_extra_args(false);
  app.add_option("--precision", precision, "f32 (default of train blocks) or f64 (of programs)")
      ->check(one_of({"f32", "f64"}));
}

Graph ChosenGraph::load(Sources& sources, const std::string& text, Compiler& compiler,
                        const CLI::App& app) const {
  if (kind_of(file, text) == FileKind::graph) return load_text(text, app);
  const language::Unit unit = load_unit(sources, text);
  return load_block(unit, choose_block(unit, only, file, sources), sources, compiler, app).front().graph;
}

std::vector<LoadedGraph> ChosenGraph::load_all(Sources& sources, const std::string& text, Compiler& compiler,
                                               const CLI::App& app) const {
  if (kind_of(file, text) == FileKind::graph) return {{load_text(text, app), {}}};
  const language::Unit unit = load_unit(sources, text);
  std::vector<Block> blocks = blocks_of(unit);
  if (blocks.size() <= 1 || !only.empty()) blocks = {choose_block(unit, only, file, sources)};
  const bool of_training =
      blocks.front().is_train &&
      std::any_of(of_train_blocks.begin(), of_train_blocks.end(),
                  [&](std::string_view name) { return app.get_option(std::string(name))->count() > 0; });
  std::vector<LoadedGraph> graphs;
  for (const Block& block : blocks) {
    if (of_training && !block.is_train) continue;
    std::vector<LoadedGraph> more = load_block(unit, block, sources, compiler, app);
    std::move(more.begin(), more.end(), std::back_inserter(graphs));
  }
  return graphs;
}

language::Unit ChosenGraph::load_unit(Sources& sources, const std::string& text) const {
  const language::Unit unit = language::load_unit(file, text, sources.reader());
  sources.add_unit(unit);
  return unit;
}

Graph ChosenGraph::load_text(const std::string& text, const CLI::App& app) const {
  refuse(app, {"--only", "--graph", "--data", "--set", "--precision"}, "a graph text");
  return load_graph(text, file);
}

std::vector<LoadedGraph> ChosenGraph::load_block(const language::Unit& unit, const Block& block,
                                                 Sources& sources, Compiler& compiler,
                                                 const CLI::App& app) const {
  if (!block.is_train) {
    refuse(app, of_train_blocks, "a program");
    language::LessonOptions lesson;
    if (!precision.empty()) lesson.precision = precision_named(precision);
    lesson.memoize = compiler.options().memoize;
    language::LessonProgram program = language::elaborate_program(unit, block.name, lesson);
    sources.report(program.warnings);
    return {{program.graph, {}}};
  }
  TrainingRequest request;
  request.name = block.name;
  request.overrides = split_settings(settings);
  request.data_file = data;
  request.precision = precision_named(precision);
  request.memoize = compiler.options().memoize;
  TrainingProgram training(unit, request, compiler);
  const language::TrainProgram& program = training.graphs();
  sources.report(program.warnings);
  if (graph == "prediction" && !program.prediction)
    fail_program("this train block has no model, hence no prediction graph");
  std::vector<LoadedGraph> graphs;
  const auto add = [&](const char* which, const Graph& each) {
    if (graph.empty() || graph == which) graphs.push_back({each, which});
  };
  add("training", program.training.graph);
  add("evaluation", program.evaluation.graph);
  if (program.prediction) add("prediction", program.prediction->graph);
  add("initialization", program.initialization.graph);
  return graphs;
}

}  // namespace gradus::command_line
