// Random graphs through evaluator and compiler. GRADUS_PROPERTY_SEED and GRADUS_PROPERTY_GRAPHS choose
// others.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <set>

#include "ir/op.h"
#include "tests/property/environment.h"
#include "tests/property/harness.h"
#include "tests/support/effort.h"

using namespace gradus;
using namespace gradus::testing;

namespace {

// The first line says what went wrong; a smaller graph must fail in the same way.
std::string kind_of(const std::string& failure) { return failure.substr(0, failure.find(':')); }

std::string minimal(const RandomGraph& failing, const CheckOptions& options, const std::string& failure) {
  const RandomGraph small = shrink(failing, [&](const Graph& graph, const auto& inputs) {
    const Verdict verdict = check_graph(graph, inputs, options);
    return !verdict.drawn_again && kind_of(verdict.failure) == kind_of(failure) ? verdict.failure
                                                                                : std::string();
  });
  return describe(small) + check_graph(small.graph, small.inputs, options).failure;
}

}  // namespace

TEST_CASE("random graphs: evaluator and compiled code agree before and after every pass") {
  const uint64_t first = number_from("GRADUS_PROPERTY_SEED", 1);
  const uint64_t wanted = number_from("GRADUS_PROPERTY_GRAPHS", effort(500, 100));
  const bool compiled = number_from("GRADUS_PROPERTY_COMPILED", 1) != 0;
  uint64_t checked = 0, again = 0, failures = 0, by_duals = 0, nodes = 0;
  double bound = 0, error = 0;
  const auto start = std::chrono::steady_clock::now();
  for (uint64_t seed = first; checked < wanted && failures < 3; ++seed) {
    CheckOptions options;
    options.compiled = compiled;
    RandomGraph random;
    try {
      random = random_graph(seed);
    } catch (const std::exception& thrown) {
      FAIL("seed " << seed << " cannot be drawn: " << thrown.what());
    }
    const Verdict verdict = check_graph(random.graph, random.inputs, options);
    if (verdict.drawn_again) {
      ++again;
      continue;
    }
    ++checked;
    by_duals += verdict.by_duals;
    nodes += verdict.nodes;
    bound = std::max(bound, verdict.largest_bound);
    error = std::max(error, verdict.largest_error);
    if (verdict.failure.empty()) continue;
    ++failures;
    UNSCOPED_INFO("seed " << seed << ": " << verdict.failure << "\nminimal:\n"
                          << minimal(random, options, verdict.failure));
    CHECK(false);
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  fmt::print(
      "{} graphs ({} with gradients by duals), {} drawn again, {:.1f} nodes each, largest bound {:.1e}, "
      "largest "
      "error {:.2f} of its bound, {:.1f} s\n",
      checked, by_duals, again,
      static_cast<double>(nodes) / static_cast<double>(std::max<uint64_t>(1, checked)), bound, error,
      seconds.count());
  CHECK(again <= checked);  // else the drawing is too wild to mean much
}

namespace {

void count_ops(const Graph& graph, std::set<const Op*>& seen) {
  for (uint32_t i = 0; i < graph.size(); ++i) {
    seen.insert(graph.node(i).op);
    if (graph.node(i).body) count_ops(*graph.node(i).body, seen);
  }
}

}  // namespace

TEST_CASE("random graphs use every op") {
  std::set<const Op*> seen;
  for (uint64_t seed = 1; seed <= 500; ++seed) count_ops(random_graph(seed).graph, seen);
  for (const Op* op : all_ops())
    if (op->id != OpId::kernel) {  // made by fuse
      INFO(op->name);
      CHECK(seen.count(op) == 1);
    }
}
