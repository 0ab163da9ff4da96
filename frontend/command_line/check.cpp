#include "frontend/driver/analysis/check.h"

#include <fmt/format.h>

#include <set>

#include "frontend/command_line/command.h"
#include "frontend/driver/train/train.h"
#include "ir/op.h"
#include "ir/structure.h"

namespace gradus::command_line {

namespace {

using evaluate::Array;

struct Options {
  std::string file;
  std::string only;
  std::string data;
  std::string elements = "200";
  std::vector<std::string> settings;
  int64_t rows = 4;
  int64_t seed = 1;
};

Array<double> array_from(const Type& type, const Tensor& tensor) {
  std::vector<double> values;
  for (int64_t i = 0; i < tensor.size(); ++i) values.push_back(tensor.number(i));
  return evaluate::array_of(type, std::move(values));
}

// The scalars whose gradients a lesson asks for, each once.
std::vector<Value> scalars_of(const Graph& graph) {
  std::vector<Value> scalars;
  for (uint32_t i = 0; i < graph.size(); ++i) {
    const Node& node = graph.node(i);
    if (!is_gradient(node)) continue;
    if (std::find(scalars.begin(), scalars.end(), node.operands[0]) == scalars.end())
      scalars.push_back(node.operands[0]);
  }
  return scalars;
}

evaluate::DerivativeOptions derivative_options(const Options& options) {
  evaluate::DerivativeOptions derivative;
  derivative.seed = options.seed;
  derivative.elements = options.elements == "all" ? -1 : std::stoll(options.elements);
  return derivative;
}

bool report(const CheckedGraph& checked, Value y, const Options& options) {
  const GradientCheck check = check_gradient(checked, y, derivative_options(options));
  fmt::print("{}", format_check(check));
  return check.exact_methods_agree && !check.custom_gradient_differs;
}

bool check_lesson(const language::Unit& unit, const std::string& name, const Options& options,
                  Sources& sources) {
  const language::LessonProgram lesson = language::elaborate_program(unit, name);
  sources.report(lesson.warnings);
  std::vector<Array<double>> inputs;
  for (const Input& input : lesson.graph.inputs()) {
    const Type& type = lesson.graph.type(input.value);
    std::vector<double> values(static_cast<size_t>(element_count(type.shape)), 1.0);
    for (const language::Variable& variable : lesson.variables)
      if (variable.name == input.name) values = variable.values;
    inputs.push_back(evaluate::array_of(type, std::move(values)));
  }
  fmt::print("program {}\n", name);
  const CheckedGraph checked = with_marks_as_inputs({lesson.graph, std::move(inputs), lesson.checks});
  const std::vector<Value> scalars = scalars_of(checked.graph);
  if (scalars.empty()) fmt::print("  asks for no gradient\n");
  bool agree = true;
  for (Value y : scalars) agree = report(checked, y, options) && agree;
  return agree;
}

// The loss on the first rows of the data, from initial values.
bool check_training(const language::Unit& unit, const std::string& name, const Options& options,
                    Sources& sources) {
  Compiler compiler(CompileFlags{}.compiler_options(sources));
  TrainingRequest request;
  request.name = name;
  request.overrides = split_settings(options.settings);
  request.data_file = options.data;
  request.precision = ElementType::f64;
  TrainingProgram program(unit, request, compiler);
  const int64_t rows = std::min<int64_t>(options.rows, static_cast<int64_t>(program.data().training.size()));
  const language::TrainProgram& graphs = program.graphs(rows);
  sources.report(graphs.warnings);
  const ParameterSet parameters = initial_parameters(program);
  const Graph& graph = graphs.training.graph;
  std::vector<Array<double>> inputs;
  for (const Input& input : graph.inputs()) {
    const Type& type = graph.type(input.value);
    if (input.kind == InputKind::seed) {
      inputs.push_back(evaluate::array_of(type, {static_cast<double>(program.settings().seed)}));
    } else if (input.kind == InputKind::step) {
      inputs.push_back(evaluate::array_of(type, {1.0}));
    } else if (input.kind == InputKind::data) {
      Tensor batch(type);
      gather_rows(program.data().column(input.name).values,
                  std::span(program.data().training).first(static_cast<size_t>(rows)), batch);
      inputs.push_back(array_from(type, batch));
    } else {
      inputs.push_back(array_from(type, parameters[input.name]));
    }
  }
  fmt::print("train {} ({} rows)\n", name, rows);
  const CheckedGraph checked{graph, std::move(inputs), graphs.training.checks};
  for (const NamedValue& result : graph.results())
    if (result.name == graphs.metrics.front()) return report(checked, result.value, options);
  fail_internal("the training graph has no loss");
}

}  // namespace

Action set_up_check(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("FILE", options->file, "model text (.gradus), or - for standard input")->required();
  app.add_option("--only", options->only, "the train or program block; default: all");
  app.add_option("--elements", options->elements, "at most so many elements are compared one by one, or all")
      ->check(whole_number(1, INT64_MAX, "all"))
      ->capture_default_str();
  app.add_option("--rows", options->rows, "train blocks: rows of data to compute the loss on")
      ->check(whole_number(1, INT64_MAX))
      ->capture_default_str();
  app.add_option("--seed", options->seed, "of the direction and the choice of elements")
      ->check(whole_number(INT64_MIN, INT64_MAX))
      ->capture_default_str();
  app.add_option("--data", options->data, "NPZ file that replaces the program's data");
  app.add_option("--set", options->settings, "override a setting: NAME=VALUE")->allow_extra_args(false);
  app.footer(
      "Compares the symbolic gradient with forward mode (dual numbers), complex step, central and one-sided\n"
      "differences and SPSA, in f64, by the reference interpreter. Exits 1 if exact methods disagree,\n"
      "or if a custom_gradient, which these follow, differs from central differences by more than 1 %.");
  return [options, &app](Sources& sources) {
    const language::Unit unit =
        language::load_unit(options->file, sources.read(options->file), sources.reader());
    sources.add_unit(unit);
    bool agree = true;
    const auto refuse_data = [&] {
      refuse(app, {"--rows", "--data", "--set"}, "programs, which have no data");
    };
    if (!options->only.empty() || (unit.programs().empty() && unit.trains().size() == 1)) {
      const Block block = choose_block(unit, options->only, options->file, sources);
      if (!block.is_train) refuse_data();
      agree = block.is_train ? check_training(unit, block.name, *options, sources)
                             : check_lesson(unit, block.name, *options, sources);
    } else {
      if (unit.trains().empty()) refuse_data();
      for (const std::string& name : unit.programs())
        agree = check_lesson(unit, name, *options, sources) && agree;
      for (const std::string& name : unit.trains())
        agree = check_training(unit, name, *options, sources) && agree;
    }
    return agree ? success : does_not_hold;
  };
}

}  // namespace gradus::command_line
