#include "frontend/driver/check.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>

#include "ir/build.h"
#include "ir/op.h"
#include "ir/shown_text.h"
#include "ir/text/print.h"

namespace gradus {

namespace {

constexpr double exact_tolerance = 1e-12;

double along(const std::vector<double>& gradient, const std::vector<double>& direction) {
  double sum = 0;
  for (size_t i = 0; i < gradient.size(); ++i) sum += gradient[i] * direction[i];
  return sum;
}

bool has_custom_gradient(const Graph& graph) {
  for (uint32_t i = 0; i < graph.size(); ++i) {
    const Node& node = graph.node(i);
    if (node.op->name == "custom_gradient" || (node.body && has_custom_gradient(*node.body))) return true;
  }
  return false;
}

}  // namespace

Graph gradient_graph(const Graph& graph, Value y, const std::vector<uint32_t>& inputs) {
  GraphBuilder builder(graph.name());
  std::map<Value, Value> mapped;
  for (uint32_t i = 0; i < graph.size(); ++i) {
    const Node& node = graph.node(i);
    if (node.op->name != "input" && i > y.node) continue;
    builder.set_origins(graph.origins(i));
    builder.prefer_id(node.id);
    Value made;
    if (node.op->name == "input") {
      const Input& input = graph.inputs()[static_cast<size_t>(node.attributes.integer("index"))];
      made = builder.input(input.name, input.kind, node.types[0]);
    } else {
      std::vector<Value> operands;
      for (Value operand : node.operands) operands.push_back(mapped.at(operand));
      made = builder.add(*node.op, std::move(operands), node.attributes, node.body);
    }
    for (uint32_t r = 0; r < node.types.size(); ++r) mapped[{i, r}] = {made.node, r};
  }
  std::vector<Value> xs;
  for (uint32_t input : inputs) xs.push_back(mapped.at(graph.inputs()[input].value));
  const Value gradient = build::gradient(builder, mapped.at(y), xs);
  builder.add_result("y", mapped.at(y));
  for (uint32_t k = 0; k < xs.size(); ++k)
    builder.add_result(fmt::format("gradient_{}", k), {gradient.node, k});
  return std::move(builder).finish();
}

GradientCheck check_gradient(const Graph& graph, Value y, const std::vector<evaluate::Array<double>>& inputs,
                             const evaluate::DerivativeOptions& options) {
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
