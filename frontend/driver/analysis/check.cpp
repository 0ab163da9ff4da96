#include "frontend/driver/analysis/check.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>

#include "frontend/driver/analysis/failed_check.h"
#include "ir/build.h"
#include "ir/builder.h"
#include "ir/op.h"
#include "ir/shown_text.h"
#include "ir/structure.h"
#include "ir/text/print.h"

namespace gradus {

namespace {

constexpr double exact_tolerance = 1e-12;

double along(const std::vector<double>& gradient, const std::vector<double>& direction) {
  double sum = 0;
  for (size_t i = 0; i < gradient.size(); ++i) sum += gradient[i] * direction[i];
  return sum;
}

// The graph that computes `y` and, behind it, its gradient by each of these inputs (gradient node
// unexpanded), with the checks of what comes before y.
Graph gradient_graph(const Graph& graph, Value y, const std::vector<uint32_t>& inputs) {
  GraphBuilder builder(graph.name());
  std::map<Value, Value> mapped;
  for (uint32_t i = 0; i < graph.size(); ++i) {
    const Node& node = graph.node(i);
    if (!is_input(node) && i > y.node) continue;
    builder.set_origins(graph.origins(i));
    builder.prefer_id(node.id);
    Value made;
    if (is_input(node)) {
      const Input& input = graph.inputs()[static_cast<size_t>(node.attributes.integer("index"))];
      made = builder.input(input.name, input.kind, node.types[0]);
    } else {
      std::vector<Value> operands;
      for (Value operand : node.operands) operands.push_back(mapped.at(operand));
      made = builder.again(node, std::move(operands));
    }
    for (uint32_t r = 0; r < node.types.size(); ++r) mapped[{i, r}] = {made.node, r};
  }
  std::vector<Value> xs;
  for (uint32_t input : inputs) xs.push_back(mapped.at(graph.inputs()[input].value));
  builder.add_result("y", mapped.at(y));
  if (!xs.empty()) {
    const Value gradient = build::gradient(builder, mapped.at(y), xs);
    for (uint32_t k = 0; k < xs.size(); ++k)
      builder.add_result(fmt::format("gradient_{}", k), {gradient.node, k});
  }
  if (graph.status()) {
    const Node& status = graph.node(graph.status());
    std::vector<Value> bad;
    std::vector<int64_t> numbers;
    for (size_t i = 0; i < status.operands.size(); ++i) {
      const auto found = mapped.find(status.operands[i]);
      if (found == mapped.end()) continue;
      bad.push_back(found->second);
      numbers.push_back(status.attributes.integers("checks")[i]);
    }
    if (!bad.empty())
      builder.set_status(builder.add(OpId::status, std::move(bad), {{"checks", std::move(numbers)}}));
  }
  return std::move(builder).finish();
}

// Those marks that a gradient is asked for by and no input reaches, but through another such mark.
std::vector<uint32_t> marks_to_move(const Graph& graph) {
  std::vector<bool> asked(graph.size()), moves(graph.size());
  for (uint32_t i = 0; i < graph.size(); ++i)
    if (is_gradient(graph.node(i)))
      for (size_t x = 1; x < graph.node(i).operands.size(); ++x) asked[graph.node(i).operands[x].node] = true;
  for (const uint32_t input : evaluate::differentiable_inputs(graph))
    moves[graph.inputs()[input].value.node] = true;
  std::vector<uint32_t> marks;
  for (uint32_t i = 0; i < graph.size(); ++i) {
    const Node& node = graph.node(i);
    for (const Value operand : node.operands) moves[i] = moves[i] || moves[operand.node];
    if (moves[i] || !asked[i] || !is_mark(node)) continue;
    moves[i] = true;
    marks.push_back(i);
  }
  return marks;
}

}  // namespace

CheckedGraph with_marks_as_inputs(CheckedGraph checked) {
  const Graph& graph = checked.graph;
  const std::vector<uint32_t> marks = marks_to_move(graph);
  if (marks.empty()) return checked;
  Rewriter values(graph, "check"), moved(graph, "check");
  // Inputs first: those that are made here come behind them.
  for (const Input& input : graph.inputs()) {
    values.keep(input.value.node);
    moved.keep(input.value.node);
  }
  for (const uint32_t i : values.live())
    if (i <= marks.back() && !is_input(graph.node(i))) values.keep(i);
  for (const uint32_t mark : marks) values.builder().add_result("", values.map(Value{mark, 0}));
  std::vector<evaluate::Array<double>> inputs = checked.inputs;
  for (evaluate::Array<double>& value :
       evaluate::evaluate<double>(std::move(values.builder()).finish(), checked.inputs).results)
    inputs.push_back(std::move(value));
  for (const uint32_t i : moved.live()) {
    if (is_input(graph.node(i))) continue;
    if (!std::binary_search(marks.begin(), marks.end(), i)) {
      moved.keep(i);
      continue;
    }
    moved.at(i);
    const Value mark{i, 0};
    moved.replace(i,
                  {moved.builder().input(print_value(graph, mark), InputKind::variable, graph.type(mark))});
  }
  return {std::move(moved).finish(), std::move(inputs), std::move(checked.checks)};
}

GradientCheck check_gradient(const CheckedGraph& checked, Value y,
                             const evaluate::DerivativeOptions& options) {
  const auto& [graph, inputs, checks] = checked;
  GradientCheck check;
  check.scalar = print_value(graph, y);
  std::vector<uint32_t> variables;
  const std::vector<uint32_t> candidates = evaluate::differentiable_inputs(graph);
  for (uint32_t input : candidates)
    if (graph.inputs()[input].value.node <= y.node) variables.push_back(input);
  for (uint32_t input : variables) check.by.push_back(graph.inputs()[input].name);

  const auto start = std::chrono::steady_clock::now();
  PassContext context;
  const Graph forward = gradient_graph(graph, y, variables);
  const Graph backward = simplify(differentiate(forward, context), context);
  check.backward_nodes = backward.size();
  const auto evaluation = [&] {
    try {
      return evaluate::evaluate<double>(backward, inputs, {.round_to_declared = false});
    } catch (const evaluate::NotAvailable& missing) {
      fail_program(fmt::format("the gradient of {} is not available by the reference interpreter: {}",
                               check.scalar, missing.what()));
    }
  }();
  if (evaluation.status && evaluation.status->integers[0] >= 0)
    fail_check(evaluation.status->integers[0], evaluation.status->integers[1], checks);
  check.reverse_milliseconds =
      std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();

  std::vector<double> gradient;
  for (size_t r = 1; r < evaluation.results.size(); ++r)
    gradient.insert(gradient.end(), evaluation.results[r].floats.begin(), evaluation.results[r].floats.end());
  check.coordinates = gradient.size();

  evaluate::ScalarFunction function(forward, forward.results()[0].value, inputs, variables);
  check.table = evaluate::compare_derivatives(function, gradient, options);
  const double reference = along(gradient, evaluate::seeded_direction(gradient.size(), options.seed));
  for (const evaluate::DerivativeRow& row : check.table.rows) {
    if (!row.available) continue;
    if (row.method == evaluate::DerivativeMethod::central)
      check.custom_gradient_differs =
          has_custom_gradient(forward) &&
          std::abs(row.along - reference) > 0.01 * (std::abs(row.along) + std::abs(reference));
    if (!evaluate::is_exact(row.method)) continue;
    const bool agrees =
        std::abs(row.along - reference) <= exact_tolerance * std::max(1.0, std::abs(reference)) &&
        row.error <= exact_tolerance;
    check.exact_methods_agree = check.exact_methods_agree && agrees;
  }
  return check;
}

namespace {

// Nobody is said to agree who was not asked.
std::string verdict(const GradientCheck& check) {
  std::vector<std::string_view> asked, missing;
  for (const evaluate::DerivativeRow& row : check.table.rows)
    if (evaluate::is_exact(row.method))
      (row.available ? asked : missing).push_back(evaluate::name(row.method));
  if (check.coordinates == 0) return "nothing to compare: it depends on no number that could be moved";
  if (asked.empty()) return "no exact method is available to compare with";
  std::string out = check.exact_methods_agree ? "exact methods agree to 1e-12" : "exact methods DISAGREE";
  if (!missing.empty()) out += fmt::format(" (not available: {})", fmt::join(missing, ", "));
  return out;
}

}  // namespace

std::string format_check(const GradientCheck& check) {
  std::string out = fmt::format("{} = {:.10g}, by {} ({} of {} elements compared)\n", check.scalar,
                                unsigned_nan(check.table.value), fmt::join(check.by, ", "),
                                check.table.coordinates, check.coordinates);
  out += fmt::format("  {:<26} {:>24} {:>12}   {}\n", "method", "along the direction", "max error", "cost");
  out += fmt::format("  {:<26} {:>24.15g} {:>12}   {} nodes, {:.1f} ms\n", "reverse (symbolic)",
                     unsigned_nan(check.table.reference_along), "-", check.backward_nodes,
                     check.reverse_milliseconds);
  for (const evaluate::DerivativeRow& row : check.table.rows) {
    if (row.available)
      out += fmt::format("  {:<26} {:>24.15g} {:>12.2e}   {} evaluations\n", evaluate::name(row.method),
                         unsigned_nan(row.along), unsigned_nan(row.error), row.evaluations);
    else
      out +=
          fmt::format("  {:<26} {:>24} {:>12}   {}\n", evaluate::name(row.method), "n/a", "n/a", row.reason);
  }
  out += "  " + verdict(check) + "\n";
  if (check.custom_gradient_differs) out += "  a custom gradient DIFFERS from central differences\n";
  return out;
}

}  // namespace gradus
