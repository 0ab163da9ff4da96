#include "frontend/command_line/chosen_graph.h"

#include "frontend/driver/train/training_program.h"
#include "passes/load_text.h"

namespace gradus::command_line {

namespace {

const Graph& pick_graph(const language::TrainProgram& program, const std::string& which) {
  if (which == "evaluation") return program.evaluation.graph;
  if (which == "initialization") return program.initialization.graph;
  if (which == "prediction") {
    if (!program.prediction) fail_program("this train block has no model, hence no prediction graph");
    return program.prediction->graph;
  }
  return program.training.graph;
}

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
  if (kind_of(file, text) == FileKind::graph) {
    refuse(app, {"--only", "--graph", "--data", "--set", "--precision"}, "a graph text");
    return load_graph(text, file);
  }
  const language::Unit unit = language::load_unit(file, text, sources.reader());
  sources.add_unit(unit);
  const Block block = choose_block(unit, only, file, sources);
  if (!block.is_train) {
    refuse(app, {"--graph", "--data", "--set"}, "a program");
    language::LessonOptions lesson;
    if (!precision.empty()) lesson.precision = precision_named(precision);
    lesson.memoize = compiler.options().memoize;
    language::LessonProgram program = language::elaborate_program(unit, block.name, lesson);
    sources.report(program.warnings);
    return program.graph;
  }
  TrainingRequest request;
  request.name = block.name;
  request.overrides = split_settings(settings);
  request.data_file = data;
  request.precision = precision_named(precision);
  request.memoize = compiler.options().memoize;
  TrainingProgram program(unit, request, compiler);
  sources.report(program.graphs().warnings);
  return pick_graph(program.graphs(), graph);
}

}  // namespace gradus::command_line
