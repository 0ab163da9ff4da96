// What `expect` and `print` say of computed values, in lessons and after epochs of training.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "frontend/language/elaborate/judge.h"
#include "runtime/tensor.h"

namespace gradus {

struct Numbers {
  Type type;
  std::vector<language::Number> values;  // row-major
};
using ResultTable = std::map<std::string, Numbers>;
Numbers numbers_of(const Tensor& tensor);
// Integers exactly, bool as true and false, floats with so many significant digits.
std::string format_number(const language::Number& number, ElementType element, int digits = 10);

struct OutcomeLine {
  SourceSpan span;
  bool expectation = false;
  bool holds = true;
  std::string text;     // as written, or the printed line
  std::string message;  // what was found, where an expectation fails
};

// `bounds`, if given: on the rounding errors of a result.
OutcomeLine outcome_line(const std::variant<language::Expectation, language::PrintLine>& statement,
                         const ResultTable& table,
                         const std::function<std::vector<double>(const std::string& result)>& bounds = {});

}  // namespace gradus
