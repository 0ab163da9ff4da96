// Compares the symbolic gradient of a scalar with derivatives that know no rule.
#pragma once

#include <string>
#include <vector>

#include "frontend/language/elaborate.h"
#include "ir/evaluate/derivative.h"
#include "passes/pass.h"

namespace gradus {

struct GradientCheck {
  std::string scalar;               // what was differentiated, as printed
  std::vector<std::string> by;      // inputs
  size_t coordinates = 0;           // of all inputs together
  size_t backward_nodes = 0;        // of the differentiated graph
  double reverse_milliseconds = 0;  // differentiation and one evaluation
  evaluate::DerivativeTable table;
  bool exact_methods_agree = true;  // to 1e-12 max(1, |v|)
  bool custom_gradient_differs =
      false;  // from central differences, by more than 1 %: exact methods follow it
};

// A graph and values for all its inputs, in double.
struct CheckedGraph {
  Graph graph;
  std::vector<evaluate::Array<double>> inputs;
  std::vector<language::Check> checks;
};

// A gradient may be asked for by a value that no input reaches: such a mark becomes an input here, since
// nothing could be moved otherwise.
CheckedGraph with_marks_as_inputs(CheckedGraph checked);

// Throws where an index that `y` needs is out of range.
GradientCheck check_gradient(const CheckedGraph& checked, Value y,
                             const evaluate::DerivativeOptions& options);

// One table as text.
std::string format_check(const GradientCheck& check);

}  // namespace gradus
