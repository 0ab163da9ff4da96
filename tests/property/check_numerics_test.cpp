// check-numerics on random graphs with wild inputs: the status names the first value that is not finite.
#include <catch2/catch.hpp>
#include <cmath>
#include <random>

#include "ir/op.h"
#include "passes/check_numerics.h"
#include "passes/pipeline.h"
#include "tests/support/random_graph.h"

using namespace gradus;
using namespace gradus::testing;

namespace {

using Array = evaluate::Array<double>;

// Zeros, negative and huge numbers among the usual ones.
void make_wild(std::vector<Array>& inputs, std::mt19937_64& generator) {
  constexpr double wild[] = {0, -3, 1e30, -1e30, 1e-30};
  for (Array& input : inputs)
    for (double& number : input.floats)
      if (generator() % 8 == 0) number = wild[generator() % 5];
}

bool holds(const std::vector<Array>& results) {
  for (const Array& result : results)
    for (double number : result.floats)
      if (!std::isfinite(number)) return false;
  return true;
}

bool has_infinite_constant(const Graph& graph, const std::vector<std::vector<Array>>& values) {
  for (uint32_t i = 0; i < graph.size(); ++i)
    if (graph.node(i).op->id == OpId::constant && !holds(values[i])) return true;
  return false;
}

}  // namespace

TEST_CASE("check-numerics names the first value that is not finite") {
  std::mt19937_64 generator(1);
  int failing = 0, finite = 0;
  for (uint64_t seed = 1; seed <= 400; ++seed) {
    RandomGraph random = random_graph(seed);
    make_wild(random.inputs, generator);
    PassContext context;
    const Graph graph = run_pipeline(random.graph, Stage::forward, Stage::optimized, context);
    const auto values = evaluate::evaluate_nodes<double>(graph, random.inputs);
    if (has_infinite_constant(graph, values)) continue;
    int64_t expected = -1;
    for (uint32_t i = 0; i < graph.size() && expected < 0; ++i)
      if (!holds(values[i])) expected = i;

    const Graph checked = with_numeric_checks(graph);
    const auto evaluation = evaluate::evaluate<double>(checked, random.inputs);
    const int64_t check = evaluation.status ? evaluation.status->integers[0] : -1;
    if (check >= 0 && check < numerics_base) continue;  // an index out of range
    const int64_t found = check < 0 ? -1 : check - numerics_base;
    // What is not finite inside a body need not leave it.
    const bool inside = found >= 0 && graph.node(static_cast<uint32_t>(found)).body != nullptr;
    INFO("seed " << seed << ": expected " << expected << ", found " << found << "\n" << describe(random));
    if (inside)
      CHECK((expected < 0 || found <= expected));
    else
      CHECK(found == expected);
    ++(found < 0 ? finite : failing);
  }
  CHECK(failing > 50);
  CHECK(finite > 50);
}
