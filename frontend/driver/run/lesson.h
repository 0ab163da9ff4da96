// Runs the `program` blocks of a file: computes what they expect and print, and says what holds.
#pragma once

#include <string>
#include <vector>

#include "frontend/driver/compile/compile.h"
#include "frontend/driver/run/outcome.h"
#include "frontend/language/elaborate.h"

namespace gradus {

enum class Engine { jit, evaluator };

struct LessonOutcome {
  std::string name;
  std::vector<OutcomeLine> lines;
  int64_t failed = 0;
};

// The values of a lesson's variables, in the order of the executable's inputs.
std::vector<Tensor> lesson_inputs(const language::LessonProgram& lesson,
                                  const ExecutableDescription& description);

// What its statements say of the results of its graph.
LessonOutcome judge_lesson(const language::LessonProgram& lesson, const ResultTable& table,
                           Compiler& compiler);
LessonOutcome run_lesson(const language::LessonProgram& lesson, Compiler& compiler, Engine engine);

}  // namespace gradus
