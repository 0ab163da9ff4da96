#include "frontend/driver/failed_check.h"

#include <fmt/format.h>

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

}  // namespace

std::vector<language::Check> checks_of(const Graph& graph) {
  std::vector<language::Check> checks;
  add_checks(graph, checks);
  return checks;
}

void fail_check(int64_t number, int64_t element, const std::vector<language::Check>& checks) {
  for (const language::Check& check : checks)
    if (check.number == number)
      fail_program(fmt::format("{} (element {})", check.description, element), check.span);
  fail_program(fmt::format("check {} failed at element {}; nothing was updated", number, element));
}

}  // namespace gradus
