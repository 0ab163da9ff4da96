// Every sample of every op, lowered as it stands (one kernel a node), against the evaluator.
#include "ir/text/parse.h"
#include "tests/codegen/lower_harness.h"
#include "tests/ir/sample_inputs.h"
#include "tests/ir/samples/samples.h"

namespace gradus {
namespace {

TEST_CASE("every sample of every op runs as compiled code") {
  for (const Op* op : all_ops()) {
    if (op->id == OpId::gradient) continue;  // expanded by differentiation before anything is lowered
    for (const testing::Sample& sample : testing::samples_of(op->id).good) {
      INFO(sample.text);
      const Graph graph = parse_graph(sample.text);
      const auto inputs = test::sample_inputs(graph, sample, 5);
      try {
        testing::check(graph, inputs);
      } catch (const Error& error) {
        FAIL_CHECK(op->name << ": " << error.what());
        break;
      }
    }
  }
}

}  // namespace
}  // namespace gradus
