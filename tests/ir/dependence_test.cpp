// Both walks over a graph: along all operands, along some of them, and of its first nodes only.
#include "ir/dependence.h"

#include <catch2/catch.hpp>
#include <string>

#include "ir/text/parse.h"

namespace gradus {

namespace {

// The inputs are nodes 0 and 1; nothing needs %5, and %3 needs nothing of x.
Graph diamond() {
  return parse_graph(R"(graph @diamond (%x: f32[2], %y: f32[2]) {
  %2 = mul %x, %x : f32[2]
  %3 = exp %y : f32[2]
  %4 = add %2, %3 : f32[2]
  %5 = neg %2 : f32[2]
  return sum = %4, power = %3
}
)");
}

// The nodes with a mark, in order.
std::string listed(const std::vector<bool>& marks) {
  std::string text;
  for (size_t i = 0; i < marks.size(); ++i)
    if (marks[i]) text += (text.empty() ? "" : " ") + std::to_string(i);
  return text;
}

}  // namespace

TEST_CASE("marks stand at a value's node and at those of results") {
  const Graph graph = diamond();
  CHECK(marked(graph, Value{2, 0}).size() == graph.size());
  CHECK(listed(marked(graph, Value{2, 0})) == "2");
  CHECK(listed(marked(graph, graph.results())) == "3 4");
}

TEST_CASE("what is needed: a value, what it reads, and what that reads") {
  const Graph graph = diamond();
  CHECK(listed(needed_by(graph, marked(graph, Value{4, 0}))) == "0 1 2 3 4");
  CHECK(listed(needed_by(graph, marked(graph, Value{5, 0}))) == "0 2 5");
  CHECK(listed(needed_by(graph, marked(graph, graph.results()))) == "0 1 2 3 4");
  CHECK(listed(needed_by(graph, std::vector<bool>(graph.size()))).empty());
}

TEST_CASE("what depends: a value, what reads it, and what reads that") {
  const Graph graph = diamond();
  CHECK(listed(dependent_on(graph, marked(graph, Value{0, 0}))) == "0 2 4 5");
  CHECK(listed(dependent_on(graph, marked(graph, Value{1, 0}))) == "1 3 4");
  CHECK(listed(dependent_on(graph, marked(graph, Value{5, 0}))) == "5");
}

TEST_CASE("operands that are not followed") {
  const Graph graph = diamond();
  const auto not_the_second_of_the_sum = [](uint32_t node, size_t operand) {
    return node != 4 || operand != 1;
  };
  CHECK(listed(needed_by(graph, marked(graph, Value{4, 0}), not_the_second_of_the_sum)) == "0 2 4");
  CHECK(listed(dependent_on(graph, marked(graph, Value{1, 0}), not_the_second_of_the_sum)) == "1 3");
  // One of two equal operands is enough.
  const auto not_the_first = [](uint32_t, size_t operand) { return operand != 0; };
  CHECK(listed(needed_by(graph, marked(graph, Value{2, 0}), not_the_first)) == "0 2");
  CHECK(listed(dependent_on(graph, marked(graph, Value{0, 0}), not_the_first)) == "0 2");
}

TEST_CASE("nodes without a mark of their own are not looked at") {
  const Graph graph = diamond();
  CHECK(listed(dependent_on(graph, {true, false, false, false})) == "0 2");
  CHECK(listed(needed_by(graph, {false, false, true})) == "0 2");
}

}  // namespace gradus
