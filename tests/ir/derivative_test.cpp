// Numeric derivatives: the numbers of the curriculum's section on differentiation, and all methods side by
// side.
#include "ir/evaluate/derivative.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "ir/random.h"
#include "ir/text/parse.h"

using namespace gradus;
using namespace gradus::evaluate;

namespace {

// A text with scalar f64 lesson variables and one result.
class Example {
 public:
  Example(const std::string& text, const std::vector<double>& point) : graph_(parse_graph(text)) {
    std::vector<Array<double>> inputs;
    for (const double x : point) inputs.push_back(array_of(Type(ElementType::f64), {x}));
    function_ = std::make_unique<ScalarFunction>(graph_, graph_.results()[0].value, std::move(inputs),
                                                 differentiable_inputs(graph_));
  }
  ScalarFunction& operator*() { return *function_; }
  ScalarFunction* operator->() { return function_.get(); }

 private:
  Graph graph_;
  std::unique_ptr<ScalarFunction> function_;
};

const std::string sigmoid_text =
    "graph @sigmoid (var %x: f64[]) {\n"
    "  %0 = neg %x : f64[]\n"
    "  %1 = exp %0 : f64[]\n"
    "  %2 = constant {element=f64, shape=[], value=1.0} : f64[]\n"
    "  %3 = add %2, %1 : f64[]\n"
    "  %4 = div %2, %3 : f64[]\n"
    "  return %4\n}\n";

const std::string network_text =
    "graph @network (%x: f64[5,3], %t: f64[5,2], param %w: f64[3,4], param %b: f64[4], param %v: f64[4,2]) "
    "{\n"
    "  %0 = dot %x, %w {contract=[1]x[0]} : f64[5,4]\n"
    "  %1 = broadcast %b {shape=[5,4], dims=[1]} : f64[5,4]\n"
    "  %2 = add %0, %1 : f64[5,4]\n"
    "  %3 = tanh %2 : f64[5,4]\n"
    "  %4 = dot %3, %v {contract=[1]x[0]} : f64[5,2]\n"
    "  %5 = sub %4, %t : f64[5,2]\n"
    "  %6 = mul %5, %5 : f64[5,2]\n"
    "  %7 = sum %6 {axes=[0,1]} : f64[]\n"
    "  %8:3 = gradient %7, %w, %b, %v : f64[3,4], f64[4], f64[4,2]\n"
    "  return loss = %7, dw = %8, db = %8#1, dv = %8#2\n}\n";

std::vector<Array<double>> seeded_inputs(const Graph& graph) {
  std::vector<Array<double>> inputs;
  int64_t seed = 0;
  for (const Input& input : graph.inputs()) {
    Array<double> array(graph.type(input.value));
    for (size_t i = 0; i < array.floats.size(); ++i)
      array.floats[i] = random::uniform({seed, 0, 0, 0}, static_cast<int64_t>(i)) - 0.5;
    inputs.push_back(std::move(array));
    ++seed;
  }
  return inputs;
}

}  // namespace

TEST_CASE("DIF-02: forward mode, one pass per input") {
  Example f(
      "graph @f (var %x: f64[]) {\n  %0 = mul %x, %x : f64[]\n  %1 = sin %x : f64[]\n  %2 = mul %0, %1 : "
      "f64[]\n"
      "  return %2\n}\n",
      {2});
  CHECK(f->value() == Approx(3.6371897073).epsilon(1e-10));
  const int64_t before = f->evaluations();
  CHECK(derivative_by(*f, 0, DerivativeMethod::forward) == Approx(1.9726023611).epsilon(1e-10));
  CHECK(f->evaluations() == before + 1);
}

TEST_CASE("DIF-03: two inputs") {
  Example f(
      "graph @f (var %x: f64[], var %y: f64[]) {\n  %0 = log %x : f64[]\n  %1 = mul %x, %y : f64[]\n"
      "  %2 = add %0, %1 : f64[]\n  %3 = sin %y : f64[]\n  %4 = sub %2, %3 : f64[]\n  return %4\n}\n",
      {2, 5});
  CHECK(f->value() == Approx(11.6520714552).epsilon(1e-11));
  for (const DerivativeMethod method : {DerivativeMethod::forward, DerivativeMethod::complex_step}) {
    CHECK(derivative_by(*f, 0, method) == Approx(5.5).epsilon(1e-15));
    CHECK(derivative_by(*f, 1, method) == Approx(1.7163378145).epsilon(1e-10));
  }
}

TEST_CASE("DIF-06: differences and their rounding") {
  Example f(sigmoid_text, {2.6});
  const double a = 1 / (1 + std::exp(-2.6));
  const double exact = a * (1 - a);
  const auto error = [&](DerivativeMethod method, double step) {
    DerivativeOptions options;
    options.central_step = options.one_sided_step = step / 2.6;  // steps are relative to |x| here
    return derivative_by(*f, 0, method, options) - exact;
  };
  CHECK(error(DerivativeMethod::one_sided, 1e-4) == Approx(-2.77e-6).epsilon(0.01));
  CHECK(std::abs(error(DerivativeMethod::central, 1e-4)) == Approx(6.6e-11).epsilon(0.1));
  const double rounding = std::abs(error(DerivativeMethod::one_sided, 1e-12));
  CHECK((rounding > 1e-7 && rounding < 1e-3));
  CHECK(rounding > std::abs(error(DerivativeMethod::one_sided, 1e-4)));
  CHECK(std::abs(derivative_by(*f, 0, DerivativeMethod::central) - exact) < 1e-10);
  CHECK(std::abs(derivative_by(*f, 0, DerivativeMethod::one_sided) - exact) < 1e-7);
}

TEST_CASE("DIF-07: simultaneous perturbation") {
  Example f(
      "graph @f (var %x: f64[], var %y: f64[]) {\n  %0 = mul %x, %x : f64[]\n  %1 = mul %y, %y : f64[]\n"
      "  %2 = add %0, %1 : f64[]\n  return %2\n}\n",
      {3, 4});
  const auto estimate = [&](double a, double b) { return spsa_estimate(*f, std::vector<double>{a, b}, 0.5); };
  CHECK(estimate(1, 1) == std::vector<double>{14, 14});
  CHECK(estimate(1, -1) == std::vector<double>{-2, 2});
  std::vector<double> mean(2);
  for (const double a : {1.0, -1.0})
    for (const double b : {1.0, -1.0})
      for (size_t i = 0; i < 2; ++i) mean[i] += estimate(a, b)[i] / 4;
  CHECK(mean == std::vector<double>{6, 8});
  DerivativeOptions options;
  options.spsa_samples = 4000;
  const std::vector<double> gradient = spsa_gradient(*f, options);
  CHECK(gradient[0] == Approx(6).margin(0.6));  // one sample's deviation is 8 and 6
  CHECK(gradient[1] == Approx(8).margin(0.6));
  CHECK(spsa_gradient(*f, options) == gradient);  // seeded
}

TEST_CASE("DIF-09: complex step") {
  Example f(sigmoid_text, {2.6});
  const double a = 1 / (1 + std::exp(-2.6));
  CHECK(std::abs(derivative_by(*f, 0, DerivativeMethod::complex_step) - a * (1 - a)) <= 2e-16);
  Example g(
      "graph @g (var %x: f64[]) {\n"
      "  %0 = exp %x : f64[]\n  %1 = sin %x : f64[]\n  %2 = cos %x : f64[]\n"
      "  %3 = mul %1, %1 : f64[]\n  %4 = mul %3, %1 : f64[]\n  %5 = mul %2, %2 : f64[]\n"
      "  %6 = mul %5, %2 : f64[]\n  %7 = add %4, %6 : f64[]\n  %8 = sqrt %7 : f64[]\n  %9 = div %0, %8 : "
      "f64[]\n"
      "  return %9\n}\n",
      {1.5});
  const double exact = 4.053427893898621;
  CHECK(std::abs(derivative_by(*g, 0, DerivativeMethod::complex_step) - exact) <=
        4 * (std::nextafter(exact, 5) - exact));
}

TEST_CASE("all methods side by side, by coordinate and along a direction") {
  const Graph graph = parse_graph(network_text);
  const std::vector<Array<double>> inputs = seeded_inputs(graph);
  std::vector<double> reference;
  const auto results = evaluate::evaluate<double>(graph, inputs).results;
  for (size_t i = 1; i < results.size(); ++i)
    reference.insert(reference.end(), results[i].floats.begin(), results[i].floats.end());

  ScalarFunction f(graph, graph.results()[0].value, inputs, differentiable_inputs(graph));
  REQUIRE(f.size() == 3 * 4 + 4 + 4 * 2);
  DerivativeOptions options;
  options.spsa_samples = 3000;
  const DerivativeTable table = compare_derivatives(f, reference, options);
  CHECK(table.coordinates == f.size());
  CHECK(table.value == Approx(results[0].floats[0]).epsilon(1e-15));
  REQUIRE(table.rows.size() == 5);
  for (const DerivativeRow& row : table.rows) {
    INFO(name(row.method));
    CHECK(row.available);
    const double tolerance = is_exact(row.method)                        ? 1e-12
                             : row.method == DerivativeMethod::spsa      ? 0.5
                             : row.method == DerivativeMethod::one_sided ? 1e-6
                                                                         : 1e-8;
    CHECK(row.error <= tolerance);
    CHECK(std::abs(row.along - table.reference_along) <= tolerance);
  }
  CHECK(table.rows[0].evaluations == 1 + 24);
  CHECK(table.rows[2].evaluations == 2 + 48);
  CHECK(table.rows[4].evaluations == 6000);

  // A wrong reference is found by every method.
  std::vector<double> wrong = reference;
  wrong[17] += 2;
  for (const DerivativeRow& row : compare_derivatives(f, wrong, options).rows) CHECK(row.error > 0.3);
}

TEST_CASE("a coordinate alone gives what a whole evaluation gives") {
  const Graph graph = parse_graph(network_text);
  ScalarFunction f(graph, graph.results()[0].value, seeded_inputs(graph), differentiable_inputs(graph));
  for (const size_t coordinate : {size_t{0}, size_t{11}, size_t{12}, size_t{16}, size_t{23}}) {
    std::vector<double> point = f.point();
    point[coordinate] += 0.25;
    CHECK(f.value_with(coordinate, point[coordinate]) == f.value_at(point));
    std::vector<double> axis(f.size());
    axis[coordinate] = 1;
    CHECK(f.dual_by(coordinate) == f.dual_along(axis));
    CHECK(f.complex_by(coordinate, 1e-20) == f.complex_along(axis, 1e-20));
  }
}

TEST_CASE("seeded choices") {
  const std::vector<size_t> chosen = seeded_coordinates(1000, 200, 3);
  CHECK(chosen.size() == 200);
  CHECK(std::adjacent_find(chosen.begin(), chosen.end(), std::greater_equal<>()) == chosen.end());
  CHECK(chosen.back() < 1000);
  CHECK(seeded_coordinates(1000, 200, 4) != chosen);
  CHECK(seeded_coordinates(7, 200, 3).size() == 7);
  CHECK(seeded_coordinates(1000, -1, 3).size() == 1000);
  double square = 0;
  for (const double d : seeded_direction(77, 1)) square += d * d;
  CHECK(square == Approx(1).epsilon(1e-14));
}

TEST_CASE("what cannot be differentiated says so") {
  const Graph vector = parse_graph("graph @f (var %x: f64[2]) {\n  %0 = neg %x : f64[2]\n  return %0\n}\n");
  CHECK_THROWS_AS(ScalarFunction(vector, vector.results()[0].value, seeded_inputs(vector), {0}), Error);
  Example erf("graph @f (var %x: f64[]) {\n  %0 = erf %x : f64[]\n  return %0\n}\n", {0.5});
  const DerivativeTable table =
      compare_derivatives(*erf, std::vector<double>{2 / std::sqrt(M_PI) * std::exp(-0.25)});
  CHECK(table.rows[0].available);
  CHECK_FALSE(table.rows[1].available);
  CHECK_FALSE(table.rows[1].reason.empty());
  CHECK(table.rows[2].error < 1e-9);
}
