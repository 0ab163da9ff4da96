// Compares the symbolic gradient of a scalar with derivatives that know no rule.
#pragma once

#include <string>
#include <vector>

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

// The graph that computes `y` and, behind it, its gradient by each of these inputs (gradient node
// unexpanded).
Graph gradient_graph(const Graph& graph, Value y, const std::vector<uint32_t>& inputs);

// `inputs` are values for all inputs of the graph, in double.
GradientCheck check_gradient(const Graph& graph, Value y, const std::vector<evaluate::Array<double>>& inputs,
                             const evaluate::DerivativeOptions& options);

// One table as text.
std::string format_check(const GradientCheck& check);

}  // namespace gradus
