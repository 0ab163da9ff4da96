#include "frontend/driver/run/lesson.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <map>
#include <optional>

#include "frontend/driver/analysis/failed_check.h"
#include "frontend/driver/analysis/numerics.h"
#include "frontend/driver/run/step.h"
#include "ir/evaluate/bounded.h"
#include "ir/evaluate/dual.h"
#include "ir/evaluate/evaluate.h"

namespace gradus {

namespace {

Tensor tensor_of(const Type& type, const std::vector<double>& values) {
  Tensor tensor(type);
  for (size_t i = 0; i < values.size(); ++i) switch (type.element) {
      case ElementType::f32:
        tensor.values<float>()[i] = static_cast<float>(values[i]);
        break;
      case ElementType::f64:
        tensor.values<double>()[i] = values[i];
        break;
      case ElementType::i64:
        tensor.values<int64_t>()[i] = static_cast<int64_t>(values[i]);
        break;
      case ElementType::i32:
        tensor.values<int32_t>()[i] = static_cast<int32_t>(values[i]);
        break;
      case ElementType::boolean:
        tensor.values<bool>()[i] = values[i] != 0;
        break;
      default:
        fail_internal("a lesson variable of an unexpected type");
    }
  return tensor;
}

ResultTable compute_jit(const language::LessonProgram& lesson, Compiler& compiler) {
  const std::shared_ptr<Executable> executable = compiler.compile(
      compiler.options().check_numerics ? with_numeric_checks(compiler, lesson.graph) : lesson.graph);
  const std::vector<Tensor> inputs = lesson_inputs(lesson, executable->description());
  std::vector<Tensor> parameters;
  for (const Argument& argument : executable->description().parameters)
    parameters.emplace_back(argument.type);
  std::vector<Tensor> results = executable->make_results();
  const gradus_status status = executable->run(std::span<const Tensor>(inputs), parameters, results, 1, 1);
  if (is_numeric_check(status.check)) {
    StepInputs values;
    values.inputs = inputs;
    fail_step_numerics(compiler, lesson.graph, status.check, *executable, values);
  }
  if (status.check >= 0) fail_check(status.check, status.element, lesson.checks);
  ResultTable table;
  for (size_t r = 0; r < results.size(); ++r)
    table[executable->description().results[r].name] = numbers_of(results[r]);
  return table;
}

ResultTable compute_evaluator(const language::LessonProgram& lesson) {
  std::vector<evaluate::Array<double>> inputs;
  for (const Input& input : lesson.graph.inputs()) {
    const Type& type = lesson.graph.type(input.value);
    std::vector<double> values(static_cast<size_t>(element_count(type.shape)), 1.0);
    for (const language::Variable& variable : lesson.variables)
      if (variable.name == input.name) values = variable.values;
    inputs.push_back(evaluate::array_of(type, std::move(values)));
  }
  const auto evaluation = [&] {
    try {
      return evaluate::evaluate<double>(lesson.graph, std::move(inputs));
    } catch (const evaluate::NotAvailable& missing) {
      fail_program(fmt::format("program '{}' is not available by the reference interpreter: {}", lesson.name,
                               missing.what()),
                   {}, "without --evaluator it is compiled, which has no such limit");
    }
  }();
  if (evaluation.status && evaluation.status->integers[0] >= 0)
    fail_check(evaluation.status->integers[0], evaluation.status->integers[1], lesson.checks);
  ResultTable table;
  for (size_t r = 0; r < evaluation.results.size(); ++r) {
    Numbers numbers{evaluation.results[r].type, {}};
    for (const double number : evaluation.results[r].floats) numbers.values.emplace_back(number);
    for (const int64_t number : evaluation.results[r].integers) numbers.values.emplace_back(number);
    table[lesson.graph.results()[r].name] = std::move(numbers);
  }
  return table;
}

// Bounds on the rounding errors of the lesson's results; none where they cannot be had.
std::map<std::string, std::vector<double>> error_bounds(const language::LessonProgram& lesson,
                                                        Compiler& compiler) {
  std::map<std::string, std::vector<double>> bounds;
  try {
    const Graph graph = compiler.bring_to(Stage::backward, lesson.graph);
    std::vector<evaluate::Array<evaluate::Bounded>> inputs;
    for (const Input& input : graph.inputs()) {
      const Type& type = graph.type(input.value);
      std::vector<double> values(static_cast<size_t>(element_count(type.shape)), 1.0);
      for (const language::Variable& variable : lesson.variables)
        if (variable.name == input.name) values = variable.values;
      auto array = evaluate::lift<evaluate::Bounded>(evaluate::array_of(type, std::move(values)));
      const double unit = std::numeric_limits<float>::epsilon() / 2;
      if (type.element == ElementType::f32)  // a literal is rounded, too
        for (evaluate::Bounded& number : array.floats)
          number = evaluate::Bounded(number.value, unit * std::fabs(number.value), unit);
      inputs.push_back(std::move(array));
    }
    const auto evaluation = evaluate::evaluate<evaluate::Bounded>(graph, std::move(inputs));
    for (size_t r = 0; r < evaluation.results.size(); ++r)
      for (const evaluate::Bounded& number : evaluation.results[r].floats)
        bounds[graph.results()[r].name].push_back(number.error());
  } catch (const std::runtime_error&) {  // a jump is too near, or an op has no bounds
    bounds.clear();
  }
  return bounds;
}

}  // namespace

std::vector<Tensor> lesson_inputs(const language::LessonProgram& lesson,
                                  const ExecutableDescription& description) {
  std::vector<Tensor> inputs;
  for (const Argument& argument : description.inputs)
    for (const language::Variable& variable : lesson.variables)
      if (variable.name == argument.name) inputs.push_back(tensor_of(argument.type, variable.values));
  return inputs;
}

LessonOutcome run_lesson(const language::LessonProgram& lesson, Compiler& compiler, Engine engine) {
  return judge_lesson(
      lesson, engine == Engine::jit ? compute_jit(lesson, compiler) : compute_evaluator(lesson), compiler);
}

LessonOutcome judge_lesson(const language::LessonProgram& lesson, const ResultTable& table,
                           Compiler& compiler) {
  LessonOutcome outcome;
  outcome.name = lesson.name;
  std::optional<std::map<std::string, std::vector<double>>> bounds;
  const auto bounds_of = [&](const std::string& result) {
    if (!bounds) bounds = error_bounds(lesson, compiler);
    return (*bounds)[result];
  };
  for (const auto& statement : lesson.statements) {
    outcome.lines.push_back(outcome_line(statement, table, bounds_of));
    outcome.failed += !outcome.lines.back().holds;
  }
  return outcome;
}

}  // namespace gradus
