#include "ir/evaluate/derivative.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "ir/builder.h"
#include "ir/dependence.h"
#include "ir/error.h"
#include "ir/op.h"
#include "ir/random.h"
#include "ir/structure.h"

namespace gradus::evaluate {

namespace {

// The graph with all its inputs, but only the nodes that the result needs.
Graph only_result(const Graph& graph, Value result) {
  const std::vector<bool> needed = needed_by(graph, marked(graph, result));
  GraphBuilder builder(graph.name(), {.memoize = false});
  std::vector<uint32_t> mapped(graph.size());
  for (uint32_t i = 0; i < graph.size(); ++i) {
    const Node& node = graph.node(i);
    if (is_input(node)) {
      const Input& input = graph.inputs()[static_cast<size_t>(node.attributes.integer("index"))];
      mapped[i] = builder.input(input.name, input.kind, node.types[0]).node;
    } else if (needed[i]) {
      std::vector<Value> operands = node.operands;
      for (Value& operand : operands) operand.node = mapped[operand.node];
      mapped[i] = builder.again(node, std::move(operands)).node;
    }
  }
  builder.add_result("", {mapped[result.node], result.result});
  return std::move(builder).finish();
}

std::vector<uint32_t> nodes_after(const Graph& graph, Value input) {
  const std::vector<bool> depends = dependent_on(graph, marked(graph, input));
  std::vector<uint32_t> nodes;
  for (uint32_t i = input.node + 1; i < graph.size(); ++i)
    if (depends[i]) nodes.push_back(i);
  return nodes;
}

}  // namespace

template <class T>
struct ScalarFunction::Base {
  std::vector<std::vector<Array<T>>> values;  // of every node at the point
};

ScalarFunction::ScalarFunction(const Graph& graph, Value result, std::vector<Array<double>> inputs,
                               std::vector<uint32_t> variables, const EvaluateOptions& options)
    : graph_(only_result(graph, result)),
      inputs_(std::move(inputs)),
      variables_(std::move(variables)),
      options_(options),
      has_gradient_nodes_(has_gradient(graph_)) {
  const Type& type = graph.type(result);
  if (!is_float(type.element) || !type.shape.empty())
    fail_program(fmt::format("only a scalar can be differentiated; this is {}", to_string(type)), {},
                 "reduce it first, for example with mean");
  for (const uint32_t variable : variables_) {
    const Array<double>& array = inputs_.at(variable);
    if (!array.holds_floats())
      fail_program(fmt::format("'{}' is {}: integers and booleans have no derivative",
                               graph.inputs()[variable].name, to_string(array.type)));
    starts_.push_back(point_.size());
    point_.insert(point_.end(), array.floats.begin(), array.floats.end());
    dependents_.push_back(nodes_after(graph_, graph_.inputs()[variable].value));
  }
}

ScalarFunction::~ScalarFunction() = default;

ScalarFunction::Place ScalarFunction::place(size_t coordinate) const {
  const auto after = std::upper_bound(starts_.begin(), starts_.end(), coordinate);
  const auto variable = static_cast<size_t>(after - starts_.begin()) - 1;
  return {variable, coordinate - starts_[variable]};
}

template <class T>
std::vector<Array<T>> ScalarFunction::inputs_at(std::span<const T> point) const {
  std::vector<Array<T>> arrays;
  for (const Array<double>& input : inputs_) arrays.push_back(lift<T>(input));
  for (size_t v = 0; v < variables_.size(); ++v) {
    std::vector<T>& floats = arrays[variables_[v]].floats;
    for (size_t i = 0; i < floats.size(); ++i) floats[i] = point[starts_[v] + i];
  }
  return arrays;
}

template <class T>
T ScalarFunction::full(std::span<const T> point) {
  ++evaluations_;
  return evaluate::evaluate<T>(graph_, inputs_at(point), options_).results[0].floats[0];
}

// Everything that does not depend on the coordinate's variable stays as it is.
template <class T>
T ScalarFunction::changed(Base<T>& base, size_t coordinate, T number) {
  const Place at = place(coordinate);
  if (has_gradient_nodes_) {
    std::vector<T> point(point_.begin(), point_.end());
    point[coordinate] = number;
    return full<T>(point);
  }
  ++evaluations_;
  std::vector<std::vector<Array<T>>> fresh(graph_.size());
  const Value input = graph_.inputs()[variables_[at.variable]].value;
  fresh[input.node] = base.values[input.node];
  fresh[input.node][0].floats[at.element] = number;
  const auto look_up = [&](Value value) -> const Array<T>& {
    const auto& results = fresh[value.node].empty() ? base.values[value.node] : fresh[value.node];
    return results[value.result];
  };
  for (const uint32_t index : dependents_[at.variable]) {
    const Node& node = graph_.node(index);
    std::vector<const Array<T>*> operands;
    for (const Value operand : node.operands) operands.push_back(&look_up(operand));
    fresh[index] = evaluate_node<T>(graph_, node, operands, options_);
  }
  return look_up(graph_.results()[0].value).floats[0];
}

namespace {

template <class T>
std::vector<T> lifted(const std::vector<double>& point) {
  return std::vector<T>(point.begin(), point.end());
}

}  // namespace

double ScalarFunction::value() {
  if (!value_) value_ = full<double>(point_);
  return *value_;
}

double ScalarFunction::value_at(std::span<const double> point) { return full<double>(point); }

double ScalarFunction::value_with(size_t coordinate, double number) {
  if (!real_) real_.reset(new Base<double>{evaluate_nodes<double>(graph_, inputs_, options_)});
  return changed<double>(*real_, coordinate, number);
}

double ScalarFunction::dual_along(std::span<const double> direction) {
  std::vector<Dual<double>> point = lifted<Dual<double>>(point_);
  for (size_t i = 0; i < point.size(); ++i) point[i].tangent = direction[i];
  return full<Dual<double>>(point).tangent;
}

double ScalarFunction::dual_by(size_t coordinate) {
  using T = Dual<double>;
  if (!dual_) dual_.reset(new Base<T>{evaluate_nodes<T>(graph_, inputs_at<T>(lifted<T>(point_)), options_)});
  return changed<T>(*dual_, coordinate, T(point_[coordinate], 1)).tangent;
}

double ScalarFunction::complex_along(std::span<const double> direction, double step) {
  std::vector<Complex> point = lifted<Complex>(point_);
  for (size_t i = 0; i < point.size(); ++i) point[i].imag(step * direction[i]);
  return full<Complex>(point).imag() / step;
}

double ScalarFunction::complex_by(size_t coordinate, double step) {
  using T = Complex;
  if (!complex_)
    complex_.reset(new Base<T>{evaluate_nodes<T>(graph_, inputs_at<T>(lifted<T>(point_)), options_)});
  return changed<T>(*complex_, coordinate, T(point_[coordinate], step)).imag() / step;
}

// ---- methods

namespace {

double central_step(const DerivativeOptions& options) {
  return options.central_step > 0 ? options.central_step : std::cbrt(std::numeric_limits<double>::epsilon());
}

double one_sided_step(const DerivativeOptions& options) {
  return options.one_sided_step > 0 ? options.one_sided_step
                                    : std::sqrt(std::numeric_limits<double>::epsilon());
}

std::vector<double> moved(const ScalarFunction& f, std::span<const double> direction, double step) {
  std::vector<double> point = f.point();
  for (size_t i = 0; i < point.size(); ++i) point[i] += step * direction[i];
  return point;
}

double dot(std::span<const double> a, std::span<const double> b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

}  // namespace

std::string_view name(DerivativeMethod method) {
  switch (method) {
    case DerivativeMethod::forward:
      return "forward (dual numbers)";
    case DerivativeMethod::complex_step:
      return "complex step";
    case DerivativeMethod::central:
      return "central differences";
    case DerivativeMethod::one_sided:
      return "one-sided differences";
    case DerivativeMethod::spsa:
      return "SPSA";
  }
  return "";
}

bool is_exact(DerivativeMethod method) {
  return method == DerivativeMethod::forward || method == DerivativeMethod::complex_step;
}

double derivative_along(ScalarFunction& f, std::span<const double> direction, DerivativeMethod method,
                        const DerivativeOptions& options) {
  switch (method) {
    case DerivativeMethod::forward:
      return f.dual_along(direction);
    case DerivativeMethod::complex_step:
      return f.complex_along(direction, options.complex_step);
    case DerivativeMethod::central: {
      const double h = central_step(options);
      return (f.value_at(moved(f, direction, h)) - f.value_at(moved(f, direction, -h))) / (2 * h);
    }
    case DerivativeMethod::one_sided: {
      const double h = one_sided_step(options);
      return (f.value_at(moved(f, direction, h)) - f.value()) / h;
    }
    case DerivativeMethod::spsa:
      return dot(spsa_gradient(f, options), direction);
  }
  return 0;
}

double derivative_by(ScalarFunction& f, size_t coordinate, DerivativeMethod method,
                     const DerivativeOptions& options) {
  const double x = f.point()[coordinate];
  const double scale = std::max(1.0, std::fabs(x));
  switch (method) {
    case DerivativeMethod::forward:
      return f.dual_by(coordinate);
    case DerivativeMethod::complex_step:
      return f.complex_by(coordinate, options.complex_step);
    case DerivativeMethod::central: {
      // Divides by the distance of the rounded points.
      const double above = x + central_step(options) * scale, below = x - central_step(options) * scale;
      return (f.value_with(coordinate, above) - f.value_with(coordinate, below)) / (above - below);
    }
    case DerivativeMethod::one_sided: {
      const double above = x + one_sided_step(options) * scale;
      return (f.value_with(coordinate, above) - f.value()) / (above - x);
    }
    case DerivativeMethod::spsa:
      return spsa_gradient(f, options)[coordinate];
  }
  return 0;
}

std::vector<double> spsa_estimate(ScalarFunction& f, std::span<const double> signs, double step) {
  const double slope = (f.value_at(moved(f, signs, step)) - f.value_at(moved(f, signs, -step))) / (2 * step);
  std::vector<double> estimate;
  for (const double sign : signs) estimate.push_back(slope / sign);
  return estimate;
}

std::vector<double> spsa_gradient(ScalarFunction& f, const DerivativeOptions& options) {
  std::vector<double> mean(f.size());
  std::vector<double> signs(f.size());
  for (int64_t sample = 0; sample < options.spsa_samples; ++sample) {
    const random::Draw draw{options.seed, sample, random::site("spsa", 0)};
    for (size_t i = 0; i < signs.size(); ++i)
      signs[i] = random::bits(draw, static_cast<int64_t>(i)) >> 31 ? 1 : -1;
    const std::vector<double> estimate = spsa_estimate(f, signs, options.spsa_step);
    for (size_t i = 0; i < mean.size(); ++i)
      mean[i] += estimate[i] / static_cast<double>(options.spsa_samples);
  }
  return mean;
}

std::vector<double> seeded_direction(size_t size, int64_t seed) {
  const random::Draw draw{seed, 0, random::site("direction", 0)};
  std::vector<double> direction(size);
  for (size_t i = 0; i < size; ++i) direction[i] = random::normal(draw, static_cast<int64_t>(i));
  const double length = std::sqrt(dot(direction, direction));
  for (double& d : direction) d /= length;
  return direction;
}

std::vector<size_t> seeded_coordinates(size_t size, int64_t count, int64_t seed) {
  std::vector<size_t> all(size);
  for (size_t i = 0; i < size; ++i) all[i] = i;
  if (count < 0 || static_cast<size_t>(count) >= size) return all;
  const random::Draw draw{seed, 0, random::site("coordinates", 0)};
  const auto chosen = static_cast<size_t>(count);
  for (size_t i = 0; i < chosen; ++i) {
    const auto offset =
        static_cast<size_t>(random::uniform(draw, static_cast<int64_t>(i)) * static_cast<double>(size - i));
    std::swap(all[i], all[i + offset]);
  }
  all.resize(chosen);
  std::sort(all.begin(), all.end());
  return all;
}

namespace {

double scaled_error(double estimate, double reference) {
  const double error = std::fabs(estimate - reference) / std::max(1.0, std::fabs(reference));
  return std::isnan(error) ? std::numeric_limits<double>::infinity() : error;
}

DerivativeRow row_of(ScalarFunction& f, DerivativeMethod method, std::span<const double> reference,
                     std::span<const double> direction, std::span<const size_t> coordinates,
                     const DerivativeOptions& options) {
  DerivativeRow row;
  row.method = method;
  const int64_t before = f.evaluations();
  try {
    if (method == DerivativeMethod::spsa) {  // one run of samples gives everything
      const std::vector<double> gradient = spsa_gradient(f, options);
      row.along = dot(gradient, direction);
      for (const size_t i : coordinates)
        row.error = std::max(row.error, scaled_error(gradient[i], reference[i]));
    } else {
      row.along = derivative_along(f, direction, method, options);
      for (const size_t i : coordinates)
        row.error = std::max(row.error, scaled_error(derivative_by(f, i, method, options), reference[i]));
    }
  } catch (const NotAvailable& error) {
    row.available = false;
    row.reason = error.what();
  }
  row.evaluations = f.evaluations() - before;
  return row;
}

}  // namespace

DerivativeTable compare_derivatives(ScalarFunction& f, std::span<const double> reference,
                                    const DerivativeOptions& options) {
  const std::vector<double> direction = seeded_direction(f.size(), options.seed);
  const std::vector<size_t> coordinates = seeded_coordinates(f.size(), options.elements, options.seed);
  DerivativeTable table;
  table.value = f.value();
  table.reference_along = dot(reference, direction);
  table.coordinates = coordinates.size();
  using enum DerivativeMethod;
  for (const DerivativeMethod method : {forward, complex_step, central, one_sided, spsa})
    table.rows.push_back(row_of(f, method, reference, direction, coordinates, options));
  return table;
}

std::vector<uint32_t> differentiable_inputs(const Graph& graph) {
  for (const InputKind kind : {InputKind::parameter, InputKind::variable, InputKind::data}) {
    std::vector<uint32_t> positions;
    for (uint32_t i = 0; i < graph.inputs().size(); ++i)
      if (graph.inputs()[i].kind == kind && is_float(graph.type(graph.inputs()[i].value).element))
        positions.push_back(i);
    if (!positions.empty()) return positions;
  }
  return {};
}

}  // namespace gradus::evaluate
