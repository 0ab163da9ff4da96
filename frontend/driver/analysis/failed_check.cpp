#include "frontend/driver/analysis/failed_check.h"

#include <fmt/format.h>

#include <algorithm>

#include "ir/dependence.h"
#include "ir/op.h"

namespace gradus {

namespace {

void add_checks(const Graph& graph, std::vector<language::Check>& checks) {
  for (uint32_t i = 0; i < graph.size(); ++i) {
    const Node& node = graph.node(i);
    if (node.body) add_checks(*node.body, checks);
    if (!node.attributes.has("check")) continue;
    language::Check& check = checks.emplace_back();
    check.number = node.attributes.integer("check");
    check.description = fmt::format("an index of {} is out of range", node.op->name);
    check.span = place_of(graph.origins(i));
  }
}

bool holds_check(const Node& node, int64_t number) {
  if (node.attributes.integer_or("check", -1) == number) return true;
  for (uint32_t i = 0; node.body && i < node.body->size(); ++i)
    if (holds_check(node.body->node(i), number)) return true;
  return false;
}

}  // namespace

bool checks_rows(const Graph& graph, int64_t number, int64_t rows) {
  std::vector<bool> of_rows(graph.size());
  for (const Input& input : graph.inputs()) {
    const Shape& shape = graph.type(input.value).shape;
    of_rows[input.value.node] = input.kind == InputKind::data && !shape.empty() && shape.front() == rows;
  }
  of_rows = dependent_on(graph, std::move(of_rows));
  for (uint32_t i = 0; i < graph.size(); ++i) {
    const Node& node = graph.node(i);
    if (!holds_check(node, number)) continue;
    // Indices are the second operand, or the only one.
    if (!node.body) return of_rows[node.operands[1 < node.operands.size() ? 1 : 0].node];
    if (of_rows[i]) return true;
  }
  return false;
}

std::vector<language::Check> checks_of(const Graph& graph) {
  std::vector<language::Check> checks;
  add_checks(graph, checks);
  return checks;
}

Diagnostic describe_check(int64_t number, int64_t element, const std::vector<language::Check>& checks,
                          std::span<const int64_t> rows) {
  Diagnostic diagnostic;
  const language::Check* found = nullptr;
  for (const language::Check& check : checks)
    if (check.number == number) found = &check;
  diagnostic.message = found ? found->description : fmt::format("check {} failed", number);
  if (found) diagnostic.span = found->span;
  diagnostic.message += fmt::format(" (element {}", element);
  if (!rows.empty()) diagnostic.message += " of the batch";
  const auto count = static_cast<int64_t>(rows.size());
  if (found && !found->in_scan && !found->indices.empty() && found->indices.front() == count && count > 0) {
    const int64_t per_row = element_count(found->indices) / count;
    diagnostic.message += fmt::format(", data row {}", rows[static_cast<size_t>(element / per_row)]);
  }
  diagnostic.message += ")";
  return diagnostic;
}

void fail_check(int64_t number, int64_t element, const std::vector<language::Check>& checks) {
  throw Error(ErrorKind::program, {describe_check(number, element, checks)});
}

}  // namespace gradus
