#include "ir/evaluate/evaluate.h"

#include <fmt/format.h>

#include <functional>

#include "ir/dependence.h"
#include "ir/error.h"
#include "ir/evaluate/scalar.h"
#include "ir/sign.h"
#include "ir/structure.h"

namespace gradus::evaluate {

namespace {

template <class T>
struct IsDual : std::false_type {};
template <class T>
struct IsDual<Dual<T>> : std::true_type {};

// Over these scalars a gradient node would need a third level of dual numbers (or a second over complex
// ones).
template <class T>
constexpr bool at_deepest_level =
    std::is_same_v<T, Dual<Dual<double>>> || std::is_same_v<T, Dual<Complex>> || std::is_same_v<T, Bounded>;

// Integers wrap to the declared type whatever the options.
template <class T>
void fit_to_declared(Array<T>& array, const EvaluateOptions& options) {
  const ElementType element = array.type.element;
  if (!is_float(element)) {
    if (element != ElementType::i64)
      for (int64_t& x : array.integers) x = wrap_integer(element, x);
  } else if constexpr (std::is_same_v<T, Bounded>) {
    for (T& x : array.floats) x = settle(options.round_to_declared ? element : ElementType::f64, x);
  } else if (options.round_to_declared && element != ElementType::f64) {
    for (T& x : array.floats) x = round_scalar(element, x);
  }
}

template <class T>
void evaluate_elementwise(Call<T>& call) {
  std::vector<loop::Expression> placeholders;
  for (size_t i = 0; i < call.operands.size(); ++i)
    placeholders.push_back(loop::argument(call.operand(i).type.element, static_cast<int>(i)));
  const ScalarProgram program(call.node.op->scalar(placeholders, call.attributes()));
  std::vector<Scalar<T>> arguments(call.operands.size()), scratch;
  Array<T>& result = call.result();
  for (size_t e = 0; e < result.size(); ++e) {
    for (size_t i = 0; i < arguments.size(); ++i) {
      if (call.operand(i).holds_floats())
        arguments[i].number = call.operand(i).floats[e];
      else
        arguments[i].integer = call.operand(i).integers[e];
    }
    const Scalar<T> value = program.run<T>(arguments, scratch);
    if (result.holds_floats())
      result.floats[e] = value.number;
    else
      result.integers[e] = value.integer;
  }
}

// A root does not move where it rests at 0, though its slope is infinite there. A complex step takes a square
// at 0 below 0, where real numbers do not lead.
template <class T>
void keep_at_rest(const Graph& graph, Call<T>& call) {
  if (!rests_at_zero(graph, call.node)) return;
  for (size_t e = 0; e < call.result().size(); ++e) {
    T& root = call.result().floats[e];
    if (primal(call.operand().floats[e]) <= 0) root = T(std::copysign(0.0, primal(root)));
  }
}

// The values of one graph over one scalar. Values that are not there come from `outer`: inside a gradient
// node those of the frame around it, lifted.
template <class T>
class Frame {
 public:
  using Outer = std::function<std::vector<Array<T>>(uint32_t node)>;

  Frame(const Graph& graph, const EvaluateOptions& options, Outer outer = {})
      : graph_(graph), options_(options), values_(graph.size()), outer_(std::move(outer)) {}

  const Array<T>& get(Value value) {
    auto& results = values_[value.node];
    if (results.empty()) {
      if (!outer_) fail_internal(fmt::format("%{} has not been evaluated", graph_.node(value).id));
      results = outer_(value.node);
    }
    return results[value.result];
  }

  const std::vector<Array<T>>& results_of(uint32_t node) {
    get({node, 0});
    return values_[node];
  }

  const EvaluateOptions& options() const { return options_; }
  void set(uint32_t node, std::vector<Array<T>> results) { values_[node] = std::move(results); }

  void run(uint32_t index) {
    const Node& node = graph_.node(index);
    if (is_gradient(node)) {
      values_[index] = gradients(node);
      return;
    }
    std::vector<const Array<T>*> operands;
    for (Value operand : node.operands) operands.push_back(&get(operand));
    values_[index] = evaluate_node<T>(graph_, node, operands, options_);
  }

  std::vector<std::vector<Array<T>>> take_values() && { return std::move(values_); }

 private:
  std::vector<Array<T>> gradients(const Node& node) {
    int64_t elements = 0;
    for (size_t i = 1; i < node.operands.size(); ++i)
      elements += element_count(graph_.type(node.operands[i]).shape);
    if (elements > options_.gradient_elements)
      throw NotAvailable(
          fmt::format("a gradient by {} elements (limit {})", elements, options_.gradient_elements));
    std::vector<Array<T>> results;
    for (size_t i = 1; i < node.operands.size(); ++i)
      results.push_back(derivative(node.operands[0], node.operands[i]));
    for (Array<T>& result : results) fit_to_declared(result, options_);
    return results;
  }

  // Nodes after x that depend on x and that y depends on.
  std::vector<uint32_t> between(Value x, Value y) const {
    std::vector<uint32_t> nodes;
    if (x.node > y.node) return nodes;
    const std::vector<bool> needed = needed_by(graph_, marked(graph_, y));
    const std::vector<bool> depends = dependent_on(graph_, marked(graph_, x), [&](uint32_t i, size_t k) {
      const Value operand = graph_.node(i).operands[k];
      return operand.node != x.node || operand == x;
    });
    for (uint32_t i = x.node + 1; i <= y.node; ++i)
      if (depends[i] && needed[i]) nodes.push_back(i);
    return nodes;
  }

  // dy/dx by forward mode: the nodes between x and y run again for every element of x.
  Array<T> derivative(Value y, Value x) {
    Array<T> result(graph_.type(x));
    if constexpr (at_deepest_level<T>) {
      throw NotAvailable("gradients nested this deep are not available over this scalar");
    } else {
      const std::vector<uint32_t> nodes = between(x, y);
      if (y != x && (nodes.empty() || nodes.back() != y.node)) return result;
      Frame<Dual<T>> frame(graph_, options_, [this](uint32_t node) {
        std::vector<Array<Dual<T>>> lifted;
        for (const Array<T>& array : results_of(node)) {
          Array<Dual<T>>& to = lifted.emplace_back();
          to.type = array.type;
          to.integers = array.integers;
          for (const T& number : array.floats) to.floats.push_back(Dual<T>(number, T(0.0)));
        }
        return lifted;
      });
      frame.get(x);
      for (size_t e = 0; e < result.size(); ++e) {
        frame.seed(x, e, 1);
        for (uint32_t node : nodes) frame.run(node);
        result.floats[e] = frame.get(y).floats[0].tangent;
        frame.seed(x, e, 0);
      }
      return result;
    }
  }

  template <class>
  friend class Frame;

  void seed(Value x, size_t element, double tangent) {
    if constexpr (IsDual<T>::value) {
      auto& number = values_[x.node][x.result].floats[element];
      number.tangent = decltype(number.tangent)(tangent);
    }
  }

  const Graph& graph_;
  const EvaluateOptions& options_;
  std::vector<std::vector<Array<T>>> values_;
  Outer outer_;
};

template <class T>
void set_inputs(Frame<T>& frame, const Graph& graph, std::vector<Array<T>> inputs) {
  if (inputs.size() != graph.inputs().size())
    fail_internal(fmt::format("graph '{}' has {} inputs, {} were given", graph.name(), graph.inputs().size(),
                              inputs.size()));
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Input& input = graph.inputs()[i];
    const Type& type = graph.type(input.value);
    if (inputs[i].type.element != type.element || inputs[i].type.shape != type.shape ||
        inputs[i].size() != static_cast<size_t>(element_count(type.shape)))
      fail_internal(fmt::format("input '{}' is {}, expected {}", input.name, to_string(inputs[i].type),
                                to_string(type)));
    if constexpr (std::is_same_v<T, Bounded>) fit_to_declared(inputs[i], frame.options());
    frame.set(input.value.node, {std::move(inputs[i])});
  }
}

// Every value is kept: what that takes is known before the first is computed.
void check_size(const Graph& graph, const std::vector<bool>& live) {
  constexpr int64_t most = int64_t{1} << 27;
  int64_t elements = 0;
  for (uint32_t i = 0; i < graph.size(); ++i)
    for (const Type& type : graph.node(i).types)
      if (live[i] && (elements += element_count(type.shape)) > most)
        throw NotAvailable(fmt::format("values of more than {} elements together", most));
}

template <class T>
void run_all(Frame<T>& frame, const Graph& graph) {
  const std::vector<bool> live = live_nodes(graph);
  check_size(graph, live);
  for (uint32_t i = 0; i < graph.size(); ++i)
    if (live[i] && !is_input(graph.node(i))) frame.run(i);
}

}  // namespace

template <class T>
std::vector<Array<T>> evaluate_node(const Graph& graph, const Node& node,
                                    const std::vector<const Array<T>*>& operands,
                                    const EvaluateOptions& options) {
  Call<T> call{node, operands, {}, options};
  for (const Type& type : node.types) call.results.emplace_back(type);
  if (node.op->evaluate)
    (*node.op->evaluate)(call);
  else if (node.op->scalar)
    evaluate_elementwise(call);
  else
    fail_internal(fmt::format("op '{}' cannot be evaluated by itself", node.op->name));
  if constexpr (!std::is_same_v<T, double> && !std::is_same_v<T, Bounded>) keep_at_rest(graph, call);
  for (Array<T>& result : call.results) fit_to_declared(result, options);
  return std::move(call.results);
}

template <class T>
Evaluation<T> evaluate(const Graph& graph, std::vector<Array<T>> inputs, const EvaluateOptions& options) {
  Frame<T> frame(graph, options);
  set_inputs(frame, graph, std::move(inputs));
  run_all(frame, graph);
  Evaluation<T> evaluation;
  for (const NamedValue& result : graph.results()) evaluation.results.push_back(frame.get(result.value));
  for (const Update& update : graph.updates()) evaluation.updates.push_back(frame.get(update.value));
  if (graph.status()) evaluation.status = frame.get(graph.status());
  return evaluation;
}

template <class T>
std::vector<std::vector<Array<T>>> evaluate_nodes(const Graph& graph, std::vector<Array<T>> inputs,
                                                  const EvaluateOptions& options) {
  Frame<T> frame(graph, options);
  set_inputs(frame, graph, std::move(inputs));
  run_all(frame, graph);
  return std::move(frame).take_values();
}

template <class T>
std::vector<Array<T>> Call<T>::run_body(std::vector<Array<T>> inputs) const {
  return evaluate<T>(*node.body, std::move(inputs), options).results;
}

template <class T>
Array<T> lift(const Array<double>& array) {
  Array<T> lifted;
  lifted.type = array.type;
  lifted.integers = array.integers;
  for (double number : array.floats) lifted.floats.push_back(T(number));
  return lifted;
}

template <class T>
Array<double> primal_of(const Array<T>& array) {
  Array<double> real;
  real.type = array.type;
  real.integers = array.integers;
  for (const T& number : array.floats) real.floats.push_back(primal(number));
  return real;
}

Array<double> array_of(const Type& type, std::vector<double> values) {
  Array<double> array(type);
  if (values.size() != array.size())
    fail_internal(fmt::format("{} values for {}", values.size(), to_string(type)));
  for (size_t i = 0; i < values.size(); ++i) {
    if (array.holds_floats())
      array.floats[i] = round_number(type.element, values[i]);
    else
      array.integers[i] = integer_from(type.element, values[i]);
  }
  return array;
}

double number_at(const Array<double>& array, size_t flat) {
  return array.holds_floats() ? array.floats[flat] : static_cast<double>(array.integers[flat]);
}

#define GRADUS_INSTANTIATE(T)                                                                        \
  template Evaluation<T> evaluate<T>(const Graph&, std::vector<Array<T>>, const EvaluateOptions&);   \
  template std::vector<std::vector<Array<T>>> evaluate_nodes<T>(const Graph&, std::vector<Array<T>>, \
                                                                const EvaluateOptions&);             \
  template std::vector<Array<T>> evaluate_node<T>(                                                   \
      const Graph&, const Node&, const std::vector<const Array<T>*>&, const EvaluateOptions&);       \
  template std::vector<Array<T>> Call<T>::run_body(std::vector<Array<T>>) const;                     \
  template Array<T> lift<T>(const Array<double>&);                                                   \
  template Array<double> primal_of<T>(const Array<T>&);
GRADUS_INSTANTIATE(double)
GRADUS_INSTANTIATE(Dual<double>)
GRADUS_INSTANTIATE(Dual<Dual<double>>)
GRADUS_INSTANTIATE(Complex)
GRADUS_INSTANTIATE(Dual<Complex>)
GRADUS_INSTANTIATE(Bounded)
#undef GRADUS_INSTANTIATE

}  // namespace gradus::evaluate
