// A plain, slow, obviously correct interpreter of graph IR: the reference that everything else is compared
// with.
//
// Over double it gives values; over Dual<double> derivatives along a direction (set the inputs' tangents);
// over std::complex<double> complex-step derivatives. It rounds to the declared types after every op.
// Gradient nodes are evaluated by dual numbers, one pass per element, at most two levels of dual numbers
// deep.
#pragma once

#include <optional>
#include <vector>

#include "ir/evaluate/rule.h"

namespace gradus::evaluate {

template <class T>
struct Evaluation {
  std::vector<Array<T>> results;
  std::vector<Array<T>> updates;  // one per graph.updates()
  std::optional<Array<T>> status;
};

// `inputs` by position, of the types of graph.inputs(). Throws NotAvailable where an op has no form over T.
template <class T>
Evaluation<T> evaluate(const Graph& graph, std::vector<Array<T>> inputs, const EvaluateOptions& options = {});

// The results of every live node, by node index (empty where the node is dead).
template <class T>
std::vector<std::vector<Array<T>>> evaluate_nodes(const Graph& graph, std::vector<Array<T>> inputs,
                                                  const EvaluateOptions& options = {});

// One node of the graph on given operands (no gradient or input node).
template <class T>
std::vector<Array<T>> evaluate_node(const Graph& graph, const Node& node,
                                    const std::vector<const Array<T>*>& operands,
                                    const EvaluateOptions& options = {});

// Between scalars: lifting sets tangents and imaginary parts to zero, `primal_of` drops them.
template <class T>
Array<T> lift(const Array<double>& array);
template <class T>
Array<double> primal_of(const Array<T>& array);

Array<double> array_of(const Type& type, std::vector<double> values);  // integers and bool: converted
double number_at(const Array<double>& array, size_t flat);             // as a double, whatever the type

}  // namespace gradus::evaluate
