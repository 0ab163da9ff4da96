// Differentiation algorithms (CURRICULUM section 10).
#include <catch2/catch.hpp>
#include <cmath>

#include "graphs.h"
#include "ir/evaluate/derivative.h"

namespace gradus::curriculum {

namespace {

using namespace evaluate;

// The first result of a lesson as a function of its variables.
ScalarFunction function_of(const std::string& text) {
  const language::Unit unit = language::load_unit("test.gradus", text);
  const language::LessonProgram lesson = language::elaborate_program(unit, unit.programs().at(0));
  std::vector<Array<double>> inputs;
  for (const language::Variable& variable : lesson.variables)
    inputs.push_back(array_of(variable.type, variable.values));
  return ScalarFunction(lesson.graph, lesson.graph.results().at(0).value, std::move(inputs),
                        differentiable_inputs(lesson.graph));
}

std::string logistic_map(int n) {
  std::string text = "program p {\n  x = 0.2\n  l = x\n";
  for (int i = 1; i < n; ++i) text += "  l = 4 * l * (1 - l)\n";
  return text + "  print gradient(l, x)\n}\n";
}

const std::string neuron = "program p { z = 2.6; print sigmoid(z) }";
const double slope_at_2_6 = [] {
  const double a = 1 / (1 + std::exp(-2.6));
  return a * (1 - a);
}();

}  // namespace

TEST_CASE("DIF-01: the derivative of the logistic map grows linearly", "[DIF-01]") {
  const auto size = [](int n) { return live_count(optimized(logistic_map(n))); };
  const size_t step = size(11) - size(10);
  for (int n = 5; n < 20; ++n) {
    CAPTURE(n);
    CHECK(size(n + 1) - size(n) == step);
  }
  // Written out, it swells: that is what sharing avoids.
  const auto written = [](int n) { return to_formula(optimized(logistic_map(n)), {.expand = true}).size(); };
  CHECK(written(6) > 2 * written(5));
  CHECK(written(7) > 2 * written(6));
}

TEST_CASE("DIF-02: forward mode, one pass for one input", "[DIF-02]") {
  ScalarFunction f = function_of("program p { x = 2; print x ^ 2 * sin(x) }");
  REQUIRE(f.size() == 1);
  CHECK(f.dual_by(0) == Approx(1.9726023611).epsilon(1e-10));
  CHECK(f.value() == Approx(3.6371897073).epsilon(1e-10));
}

TEST_CASE("DIF-03: reverse mode, one pass for all inputs", "[DIF-03]") {
  const std::string text =
      "program p { x1 = 2; x2 = 5; y = log(x1) + x1 * x2 - sin(x2); print y, gradient(y, x1), gradient(y, "
      "x2) }";
  const Graph graph = optimized(text);
  const Type number{ElementType::f64, {}};
  const auto evaluation = evaluate::evaluate<double>(graph, {array_of(number, {2}), array_of(number, {5})});
  CHECK(number_at(evaluation.results[0], 0) == Approx(11.6520714552).epsilon(1e-11));
  CHECK(number_at(evaluation.results[1], 0) == Approx(5.5).epsilon(1e-12));
  CHECK(number_at(evaluation.results[2], 0) == Approx(1.7163378145).epsilon(1e-10));
}

TEST_CASE("DIF-04: reverse mode does not swell", "[DIF-04]") {
  CHECK(live_count(optimized(logistic_map(20))) < 20 * 12);
}

TEST_CASE("DIF-06: differences trade truncation for rounding", "[DIF-06]") {
  ScalarFunction f = function_of(neuron);
  // The step is scaled by max(1, |x|).
  const auto error = [&](DerivativeMethod method, double step) {
    DerivativeOptions options;
    options.one_sided_step = options.central_step = step / 2.6;
    return derivative_by(f, 0, method, options) - slope_at_2_6;
  };
  CHECK(error(DerivativeMethod::one_sided, 1e-4) == Approx(-2.77e-6).epsilon(0.005));
  CHECK(error(DerivativeMethod::central, 1e-4) == Approx(6.6e-11).epsilon(0.1));
  const double rounding = std::abs(error(DerivativeMethod::one_sided, 1e-12));
  CHECK(rounding > 1e-5);
  CHECK(rounding < 1e-3);
}

TEST_CASE("DIF-07: simultaneous perturbation", "[DIF-07]") {
  ScalarFunction f = function_of("program p { x = 3; y = 4; print x ^ 2 + y ^ 2 }");
  const auto estimate = [&](double a, double b) { return spsa_estimate(f, std::vector<double>{a, b}, 0.5); };
  CHECK(estimate(1, 1) == std::vector<double>{14, 14});
  CHECK(estimate(1, -1) == std::vector<double>{-2, 2});
  double x = 0, y = 0;
  for (double a : {-1.0, 1.0})
    for (double b : {-1.0, 1.0}) {
      x += estimate(a, b)[0] / 4;
      y += estimate(a, b)[1] / 4;
    }
  CHECK(x == 6);
  CHECK(y == 8);
}

TEST_CASE("DIF-09: a complex step has no rounding to trade", "[DIF-09]") {
  ScalarFunction sigmoid = function_of(neuron);
  CHECK(std::abs(sigmoid.complex_by(0, 1e-20) - slope_at_2_6) <= 2e-16);
  ScalarFunction f = function_of("program p { x = 1.5; print exp(x) / sqrt(sin(x) ^ 3 + cos(x) ^ 3) }");
  const double expected = 4.053427893898621;
  const double ulp = std::nextafter(expected, 5) - expected;
  CHECK(std::abs(f.complex_by(0, 1e-20) - expected) <= 4 * ulp);
}

}  // namespace gradus::curriculum
