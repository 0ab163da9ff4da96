// Results of a graph as numbers by name, and what `print` and `expect` say of them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "frontend/language/elaborate.h"

namespace gradus {

struct Numbers {
  Type type;
  std::vector<double> values;
};
using ResultTable = std::map<std::string, Numbers>;

std::string format_print(const language::PrintLine& line, const ResultTable& table);

language::Outcome judge(const language::Expectation& expectation, const ResultTable& table);

}  // namespace gradus
