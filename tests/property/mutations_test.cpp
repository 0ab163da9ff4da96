// The test of the test: planted miscompiles are caught, shrink to a few nodes, and the numeric verification
// names the pass. (Without mistakes it stays silent.)
#include "tests/property/mutations.h"

#include <catch2/catch.hpp>

#include "frontend/driver/compile/compare_graphs.h"
#include "ir/op.h"
#include "ir/text/parse.h"
#include "passes/pipeline.h"
#include "tests/property/harness.h"

using namespace gradus;
using namespace gradus::testing;

namespace {

size_t computing_nodes(const Graph& graph) {
  size_t count = 0;
  for (uint32_t i = 0; i < graph.size(); ++i)
    count += graph.node(i).op->name != "input" && graph.node(i).op->name != "constant";
  return count;
}

}  // namespace

TEST_CASE("planted miscompiles are caught and named") {
  for (const Mutation& mutation : mutations()) {
    INFO(mutation.name);
    CheckOptions options;
    options.passes = passes_with(mutation);
    options.change_program = mutation.change_program;
    options.compiled = mutation.pass.empty();
    const std::string expected = mutation.pass.empty() ? "compiled" : "after " + mutation.pass;
    bool caught = false, named = mutation.pass.empty();
    for (uint64_t seed = 1; seed <= 60 && !(caught && named); ++seed) {
      const RandomGraph random = random_graph(seed);
      const Verdict verdict = check_graph(random.graph, random.inputs, options);
      if (verdict.drawn_again || verdict.failure.empty()) continue;
      INFO("seed " << seed << ": " << verdict.failure);
      REQUIRE(verdict.failure.starts_with(expected));
      if (!caught) {
        const RandomGraph small = shrink(random, [&](const Graph& graph, const auto& inputs) {
          const Verdict again = check_graph(graph, inputs, options);
          return again.drawn_again || !again.failure.starts_with(expected) ? std::string() : again.failure;
        });
        INFO(describe(small));
        CHECK(computing_nodes(small.graph) <= 8);
        caught = true;
      }
      if (!named) {
        const std::string said = verified(random.graph, options.passes);
        INFO(said);
        if (!said.empty()) CHECK_THAT(said, Catch::Contains("pass '" + mutation.pass + "' changed a result"));
        named = !said.empty();
      }
    }
    CHECK(caught);
    CHECK(named);
  }
}

TEST_CASE("numeric verification is silent about right passes") {
  for (uint64_t seed = 1000; seed < 1150; ++seed) {
    const RandomGraph random = random_graph(seed);
    INFO(describe(random));
    CHECK(verified(random.graph, pipeline_passes()) == "");
  }
}

TEST_CASE("large gradients are verified along directions by dual numbers") {
  // Two layers with the same weights, so that their adjoint is a sum; a mark makes a value in between an x.
  const std::string text =
      "graph @twice (%x: f32[5,40], param %w: f32[40,40], param %b: f32[40]) {\n"
      "  %0 = dot %x, %w {contract=[1]x[0]} : f32[5,40]\n"
      "  %1 = tanh %0 : f32[5,40]\n"
      "  %2 = mark %1 {id=1} : f32[5,40]\n"
      "  %3 = dot %2, %w {contract=[1]x[0]} : f32[5,40]\n"
      "  %4 = broadcast %b {shape=[5,40], dims=[1]} : f32[5,40]\n"
      "  %5 = add %3, %4 : f32[5,40]\n"
      "  %6 = mul %5, %5 : f32[5,40]\n"
      "  %7 = sum %6 {axes=[0,1]} : f32[]\n"
      "  %8:3 = gradient %7, %w, %b, %2 : f32[40,40], f32[40], f32[5,40]\n"
      "  %9 = sub %w, %8 : f32[40,40]\n"
      "  return loss = %7, slope = %8#2, updates %w = %9\n}\n";
  const Graph graph = parse_graph(text);
  PassContext context;
  CHECK(compare_numerically(graph, differentiate(graph, context), differentiate) == "");
  for (const Mutation& mutation : mutations()) {
    if (mutation.pass != "differentiate") continue;
    const std::string found = compare_numerically(graph, mutation.run(graph, context), mutation.run);
    CHECK_THAT(found, Catch::Contains("the gradient %8 along direction 1"));
  }
}
