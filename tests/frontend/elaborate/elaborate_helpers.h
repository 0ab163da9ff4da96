// Elaborates texts and evaluates what comes out.
#pragma once

#include <catch2/catch.hpp>
#include <map>
#include <string>
#include <vector>

#include "frontend/language/elaborate.h"
#include "ir/evaluate/evaluate.h"

namespace gradus::language {

inline std::vector<double> numbers(const evaluate::Array<double>& array) {
  std::vector<double> values;
  for (size_t i = 0; i < array.size(); ++i) values.push_back(evaluate::number_at(array, i));
  return values;
}

// Results of a lesson by name.
inline std::map<std::string, std::vector<double>> run(const LessonProgram& lesson) {
  std::vector<evaluate::Array<double>> inputs;
  for (const Variable& variable : lesson.variables)
    inputs.push_back(evaluate::array_of(variable.type, variable.values));
  const auto evaluation = evaluate::evaluate<double>(lesson.graph, std::move(inputs));
  std::map<std::string, std::vector<double>> results;
  for (size_t i = 0; i < evaluation.results.size(); ++i)
    results[lesson.graph.results()[i].name] = numbers(evaluation.results[i]);
  return results;
}

inline LessonProgram lesson_of(const std::string& text, const LessonOptions& options = {}) {
  const Unit unit = load_unit("test.gradus", text);
  return elaborate_program(unit, unit.programs().at(0), options);
}

// Every expectation of the lesson must hold; returns how many there were.
inline size_t check_lesson(const std::string& text, const LessonOptions& options = {}) {
  const LessonProgram lesson = lesson_of(text, options);
  const auto results = run(lesson);
  size_t count = 0;
  for (const auto& statement : lesson.statements)
    if (const auto* expectation = std::get_if<Expectation>(&statement)) {
      const std::vector<double> none;
      const Outcome outcome = judge(*expectation, results.at(expectation->left),
                                    expectation->right.empty() ? none : results.at(expectation->right));
      INFO(expectation->span.line << ": " << expectation->text << ": " << outcome.message);
      CHECK(outcome.holds);
      ++count;
    }
  return count;
}

inline std::vector<Diagnostic> errors_of(const std::string& text) {
  try {
    const Unit unit = load_unit("test.gradus", text);
    if (!unit.programs().empty()) elaborate_program(unit, unit.programs()[0]);
    if (!unit.trains().empty()) {
      TrainOptions options;
      options.columns = {Column{ElementType::f32, {2}}, Column{ElementType::f32, {1}}};
      elaborate_train(unit, unit.trains()[0], options);
      elaborate_reports(unit, unit.trains()[0], options);
    }
  } catch (const Error& error) {
    return error.diagnostics();
  }
  return {};
}

}  // namespace gradus::language
