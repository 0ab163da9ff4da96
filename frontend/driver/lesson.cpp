#include "frontend/driver/lesson.h"

#include <fmt/format.h>

#include <map>

#include "frontend/driver/numerics.h"
#include "frontend/driver/result_table.h"
#include "frontend/driver/step.h"
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
  if (status.check >= 0) {
    for (const language::Check& check : lesson.checks)
      if (check.number == status.check)
        fail_program(fmt::format("{} (element {})", check.description, status.element), check.span);
    fail_internal("a check failed that nobody knows");
  }
  ResultTable table;
  for (size_t r = 0; r < results.size(); ++r) {
    Numbers numbers{results[r].type(), {}};
    for (int64_t i = 0; i < results[r].size(); ++i) numbers.values.push_back(results[r].number(i));
    table[executable->description().results[r].name] = std::move(numbers);
  }
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
  const auto evaluation = evaluate::evaluate<double>(lesson.graph, std::move(inputs));
  ResultTable table;
  for (size_t r = 0; r < evaluation.results.size(); ++r) {
    Numbers numbers{evaluation.results[r].type, {}};
    for (size_t i = 0; i < evaluation.results[r].size(); ++i)
      numbers.values.push_back(evaluate::number_at(evaluation.results[r], i));
    table[lesson.graph.results()[r].name] = std::move(numbers);
  }
  return table;
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
  const ResultTable table = engine == Engine::jit ? compute_jit(lesson, compiler) : compute_evaluator(lesson);
  LessonOutcome outcome;
  outcome.name = lesson.name;
  for (const auto& statement : lesson.statements) {
    LessonOutcome::Line line;
    if (const auto* expectation = std::get_if<language::Expectation>(&statement)) {
      const language::Outcome judged = judge(*expectation, table);
      line = {expectation->span, true, judged.holds, expectation->text, judged.message};
      outcome.failed += !judged.holds;
    } else {
      const auto& print = std::get<language::PrintLine>(statement);
      line = {print.span, false, true, format_print(print, table), {}};
    }
    outcome.lines.push_back(std::move(line));
  }
  return outcome;
}

}  // namespace gradus
