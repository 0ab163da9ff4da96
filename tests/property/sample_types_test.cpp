// Every sample of every op that is not elementwise, with its floats replaced by each element type: refused
// with a diagnostic, or the evaluator and compiled code agree at the limits of the type.
#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <random>

#include "codegen/lower/lower.h"
#include "ir/error.h"
#include "ir/op.h"
#include "ir/text/parse.h"
#include "passes/pass.h"
#include "tests/ir/samples/samples.h"
#include "tests/support/limits.h"
#include "tests/support/run_compiled.h"

using namespace gradus;
using namespace gradus::testing;
using evaluate::Array;

namespace {

std::string with_floats_as(std::string text, ElementType element) {
  for (const std::string_view word : {"f32", "f64"})
    for (size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1))
      if (at == 0 || std::isalnum(static_cast<unsigned char>(text[at - 1])) == 0)
        text.replace(at, word.size(), name(element));
  return text;
}

bool depends_on_order(const Op& op) {
  static const std::vector<std::string_view> exact = {"max",
                                                      "min",
                                                      "any",
                                                      "all",
                                                      "argmax",
                                                      "argmin",
                                                      "sort",
                                                      "top_k",
                                                      "gather",
                                                      "dynamic_slice",
                                                      "dynamic_update_slice",
                                                      "select_and_gather",
                                                      "mark",
                                                      "stop_gradient"};
  return op.family != OpFamily::shape && std::find(exact.begin(), exact.end(), op.name) == exact.end();
}

enum class Fill { ordinary, one_special, limits };

// Numbers whose sums are the same in any order, one of them infinite or NaN if asked.
Array<double> summable(const Type& type, bool special, uint64_t seed) {
  std::mt19937_64 engine(seed);
  static const std::vector<double> numbers = {0.0, -0.0, 1, -1, 0.5, -0.5, 2, 3, -3};
  Array<double> array(type);
  for (double& number : array.floats) number = numbers[engine() % numbers.size()];
  if (special && array.size() > 0) {
    static const std::vector<double> specials = {std::numeric_limits<double>::infinity(),
                                                 -std::numeric_limits<double>::infinity(), std::nan("")};
    array.floats[engine() % array.size()] = specials[engine() % specials.size()];
  }
  return array;
}

// `sample` is what the graph was made from: its integers are indices, counts and seeds.
std::vector<Array<double>> inputs_of(const Graph& graph, const Graph& sample, int64_t below, Fill fill,
                                     uint64_t seed) {
  std::mt19937_64 engine(seed);
  std::vector<Array<double>> inputs;
  for (size_t i = 0; i < graph.inputs().size(); ++i) {
    const Type& type = graph.type(graph.inputs()[i].value);
    if (!is_float(sample.type(sample.inputs()[i].value).element)) {
      Array<double> array(type);
      for (int64_t& number : array.integers)
        number = static_cast<int64_t>(
            engine() % static_cast<uint64_t>(type.element == ElementType::boolean ? 2 : below));
      inputs.push_back(std::move(array));
    } else if (fill == Fill::limits || !is_float(type.element)) {
      inputs.push_back(drawn_from_limits(type, engine()));
    } else {
      inputs.push_back(summable(type, fill == Fill::one_special, engine()));
    }
  }
  return inputs;
}

std::string difference(const Array<double>& found, const Array<double>& expected, bool exact) {
  double largest = 1;
  for (const double number : expected.floats)
    if (std::isfinite(number)) largest = std::max(largest, std::fabs(number));
  const double tolerance = exact ? 0 : 32 * evaluate::unit_roundoff(expected.type.element) * largest;
  for (size_t i = 0; i < expected.size(); ++i) {
    if (same_element(found, expected, i)) continue;
    if (expected.holds_floats() && std::fabs(found.floats[i] - expected.floats[i]) <= tolerance) continue;
    return fmt::format("element {} is {}, the evaluator's {}", i, show_element(found, i),
                       show_element(expected, i));
  }
  return {};
}

std::string show(const std::vector<Array<double>>& arrays) {
  std::string text;
  for (const Array<double>& array : arrays) {
    text += " [";
    for (size_t i = 0; i < std::min<size_t>(array.size(), 40); ++i)
      text += (i ? ", " : "") + show_element(array, i);
    text += "]";
  }
  return text;
}

// What is wrong with one sample in one type; empty if nothing is.
std::string check(const Op& op, const Sample& sample, ElementType element, size_t& accepted) {
  const std::string text = with_floats_as(sample.text, element);
  Graph graph;
  try {
    graph = parse_graph(text, "sample");
  } catch (const Error& refused) {
    return refused.kind() == ErrorKind::program ? "" : refused.what();
  }
  ++accepted;
  static const Target target = host();
  PassContext context;
  const Graph kernels = plan_buffers(order(fuse(graph, context), context), context);
  const loop::Program program = lower(kernels, target);
  const CompiledProgram code = compile(program, target);
  const Graph original = parse_graph(sample.text, "sample");
  for (const Fill fill : {Fill::ordinary, Fill::one_special, Fill::limits}) {
    if (fill == Fill::limits && is_float(element) && depends_on_order(op)) continue;
    const auto inputs = inputs_of(graph, original, sample.below, fill, 11 + static_cast<uint64_t>(fill));
    const auto expected = evaluate::evaluate<double>(graph, inputs);
    const CompiledRun run = run_compiled(code, program.workspace_bytes(), kernels, inputs);
    for (size_t r = 0; r < expected.results.size(); ++r)
      if (std::string found = difference(run.results[r], expected.results[r], !depends_on_order(op));
          !found.empty())
        return fmt::format("result {}: {} on{}", r, found, show(inputs));
  }
  return {};
}

}  // namespace

TEST_CASE("samples of every op at the limits of every element type") {
  std::string differences;
  size_t accepted = 0;
  for (const Op* op : all_ops()) {
    if (op->family == OpFamily::elementwise || op->id == OpId::gradient) continue;
    for (const Sample& sample : samples_of(op->id).good)
      for (const ElementType element : all_element_types) {
        if (with_floats_as(sample.text, element) == sample.text && element != ElementType::f32) continue;
        std::string found;
        try {
          found = check(*op, sample, element, accepted);
        } catch (const std::exception& failed) {
          found = failed.what();
        }
        if (!found.empty())
          differences += fmt::format("{}\n  {}\n", with_floats_as(sample.text, element), found);
      }
  }
  INFO(differences);
  CHECK(differences.empty());
  CHECK(accepted > 500);
}
