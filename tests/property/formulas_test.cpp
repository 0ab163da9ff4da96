// Random formulas through the rules. GRADUS_PROPERTY_SEED and GRADUS_PROPERTY_FORMULAS choose others.
#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "ir/text/parse.h"
#include "tests/property/environment.h"
#include "tests/property/formulas.h"
#include "tests/support/effort.h"

using namespace gradus;
using namespace gradus::testing;

namespace {

// What a smaller formula must fail with as well.
std::string kind_of(const std::string& failure) { return failure.substr(0, failure.find('[')); }

std::string minimal(const RandomGraph& failing) {
  const std::string kind = kind_of(check_formula(failing).failure);
  const RandomGraph small = shrink(failing, [&](const Graph& graph, const auto& inputs) {
    const std::string failure = check_formula({graph, inputs}).failure;
    return kind_of(failure) == kind ? failure : std::string();
  });
  return describe(small) + check_formula(small).failure;
}

}  // namespace

// What the exponent is to rounding, or whether the base is infinite, decides whether there is a power at all.
TEST_CASE("of powers of negative numbers nothing is promised where rounding or an infinity decides") {
  const auto verdict = [](const std::string& text, std::vector<std::vector<double>> numbers) {
    RandomGraph formula{parse_graph(text, "formula"), {}};
    for (size_t i = 0; i < numbers.size(); ++i)
      formula.inputs.push_back(
          evaluate::array_of(formula.graph.type(formula.graph.inputs()[i].value), std::move(numbers[i])));
    return check_formula(formula);
  };
  const std::string near_whole =
      "graph @g (%x: f64[1], %z: f64[1]) { %0 = exp %z : f64[1]  %1 = log %0 : f64[1]  "
      "%2 = pow %x, %1 : f64[1]  return y = %2 }";
  CHECK(verdict(near_whole, {{-0.75}, {1e-300}}).skipped);
  CHECK(verdict(near_whole, {{0.75}, {1e-300}}).compared > 0);
  CHECK(verdict(near_whole, {{0.75}, {1e-300}}).failure.empty());
  const std::string infinite =
      "graph @g (%z: f32[2], %w: f32[]) { %0 = exp %z : f32[2]  %1 = sum %0 {axes=[0]} : f32[]  "
      "%2 = broadcast %1 {dims=[], shape=[2]} : f32[2]  %3 = div %0, %2 : f32[2]  %4 = log %3 : f32[2]  "
      "%5 = broadcast %w {dims=[], shape=[2]} : f32[2]  %6 = pow %4, %5 : f32[2]  return y = %6 }";
  CHECK(verdict(infinite, {{1, 1e30}, {0.25}}).failure.empty());
}

// The derivative of a softmax's sum is a difference of numbers of 1e34, divided by 1e-18.
TEST_CASE("nothing is promised of a number whose rounding error overflows its type") {
  RandomGraph formula{
      parse_graph("graph @formula (%x: f32[2,2]) { %2 = sqrt %x : f32[2,2]  %3 = exp %2 : f32[2,2]  "
                  "%4 = sum %3 {axes=[0,1]} : f32[]  %5 = broadcast %4 {dims=[], shape=[2,2]} : f32[2,2]  "
                  "%6 = div %3, %5 : f32[2,2]  %7 = sum %6 {axes=[0,1]} : f32[]  "
                  "%8 = gradient %7, %x : f32[2,2]  %9 = sum %8 {axes=[0,1]} : f32[]  "
                  "%10 = gradient %9, %x : f32[2,2]  return h = %10 }",
                  "formula"),
      {}};
  formula.inputs.push_back(
      evaluate::array_of({ElementType::f32, {2, 2}}, {1.0000000180025095e-35, 2, 2, 0.838128924369812}));
  const FormulaVerdict verdict = check_formula(formula);
  CHECK(verdict.failure.empty());
  CHECK(verdict.compared > 0);
}

TEST_CASE("random formulas mean what they say after every pass and compiled") {
  const uint64_t first = number_from("GRADUS_PROPERTY_SEED", 1);
  const uint64_t wanted = number_from("GRADUS_PROPERTY_FORMULAS", effort(300, 50));
  uint64_t skipped = 0, failures = 0, compared = 0, elements = 0;
  for (uint64_t seed = first; seed < first + wanted && failures < 3; ++seed) {
    const RandomGraph formula = random_formula(seed);
    const FormulaVerdict verdict = check_formula(formula);
    skipped += verdict.skipped;
    compared += verdict.compared;
    elements += verdict.elements;
    if (verdict.failure.empty()) continue;
    ++failures;
    UNSCOPED_INFO("seed " << seed << ": " << verdict.failure << "\nminimal:\n" << minimal(formula));
    CHECK(false);
  }
  fmt::print(
      "{} formulas, {} of them with a comparison within the rounding error; {} of {} elements compared\n",
      wanted, skipped, compared, elements);
  CHECK(skipped * 5 <= wanted);
  CHECK(compared * 2 >= elements);
}
