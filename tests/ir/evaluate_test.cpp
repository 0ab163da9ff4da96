// The evaluator against numbers from outside.
#include <catch2/catch.hpp>

#include "ir/build.h"
#include "ir/evaluate/evaluate.h"
#include "ir/op.h"
#include "ir/text/parse.h"
#include "passes/pass.h"

using namespace gradus;
using evaluate::Array;
using evaluate::Complex;
using evaluate::Dual;

namespace {

template <class T>
Array<T> array_over(const Type& type, std::vector<T> values) {
  Array<T> array(type);
  array.floats = std::move(values);
  return array;
}

Array<double> scalar(double value) { return array_over<double>(Type(ElementType::f64), {value}); }

// All results in a row.
std::vector<double> numbers_of(const Graph& graph, const std::vector<Array<double>>& inputs) {
  std::vector<double> numbers;
  for (const auto& result : evaluate::evaluate<double>(graph, inputs).results)
    for (size_t e = 0; e < result.size(); ++e) numbers.push_back(evaluate::number_at(result, e));
  return numbers;
}

// The results of the evaluator alone, and the same after `differentiate`.
std::vector<double> results(const std::string& text, const std::vector<Array<double>>& inputs) {
  const Graph graph = parse_graph(text, "test");
  const std::vector<double> numbers = numbers_of(graph, inputs);
  PassContext context;
  const std::vector<double> expanded = numbers_of(differentiate(graph, context), inputs);
  REQUIRE(expanded.size() == numbers.size());
  for (size_t i = 0; i < numbers.size(); ++i) CHECK(expanded[i] == Approx(numbers[i]).epsilon(1e-14));
  return numbers;
}

}  // namespace

TEST_CASE("chain rule: derivative of sin(x^2) at 1") {
  const auto found = results(
      "graph @g (%x: f64[]) { %0 = mul %x, %x : f64[]  %1 = sin %0 : f64[]  %2 = gradient %1, %x : f64[]  "
      "%3 = gradient %2, %x : f64[]  return %2, %3 }",
      {scalar(1)});
  CHECK(found[0] == Approx(1.0806046118).epsilon(1e-10));
  CHECK(found[1] == Approx(2 * std::cos(1.0) - 4 * std::sin(1.0)).epsilon(1e-14));
}

TEST_CASE("two paths: x^2 e^x at 1, also by the intermediate values") {
  const auto found = results(
      "graph @g (%x: f64[]) { %0 = mul %x, %x : f64[]  %1 = exp %x : f64[]  %2 = mul %0, %1 : f64[]  "
      "%3:3 = gradient %2, %x, %0, %1 : f64[], f64[], f64[]  return %3, %3#1, %3#2 }",
      {scalar(1)});
  CHECK(found[0] == Approx(8.1548454854).epsilon(1e-10));
  CHECK(found[1] == Approx(std::exp(1.0)).epsilon(1e-14));
  CHECK(found[2] == 1);
}

TEST_CASE("forward mode: x^2 sin x at 2") {
  const Graph graph = parse_graph(
      "graph @g (%x: f64[]) { %0 = mul %x, %x : f64[]  %1 = sin %x : f64[]  %2 = mul %0, %1 : f64[]  return "
      "%2 }",
      "test");
  const auto found = evaluate::evaluate<Dual<double>>(
      graph, {array_over<Dual<double>>(Type(ElementType::f64), {Dual<double>(2, 1)})});
  CHECK(found.results[0].floats[0].value == Approx(3.6371897073).epsilon(1e-10));
  CHECK(found.results[0].floats[0].tangent == Approx(1.9726023611).epsilon(1e-10));
}

TEST_CASE("gradient of ln x1 + x1 x2 - sin x2 at (2, 5)") {
  const auto found = results(
      "graph @g (%a: f64[], %b: f64[]) { %0 = log %a : f64[]  %1 = mul %a, %b : f64[]  %2 = add %0, %1 : "
      "f64[]  "
      "%3 = sin %b : f64[]  %4 = sub %2, %3 : f64[]  %5:2 = gradient %4, %a, %b : f64[], f64[]  "
      "return %4, %5, %5#1 }",
      {scalar(2), scalar(5)});
  CHECK(found[0] == Approx(11.6520714552).epsilon(1e-11));
  CHECK(found[1] == Approx(5.5).epsilon(1e-14));
  CHECK(found[2] == Approx(1.7163378145).epsilon(1e-10));
}

TEST_CASE("dual numbers whose parts leave the range of numbers") {
  const auto slopes = [](const std::string& statements, double x) {
    return numbers_of(
        parse_graph("graph @g (%x: f64[]) { " + statements +
                        "  %8 = gradient %7, %x : f64[]  %9 = gradient %8, %x : f64[]  return %8, %9 }",
                    "test"),
        {scalar(x)});
  };
  const std::string one = "%0 = constant {element=f64, shape=[], value=1.0} : f64[]  %1 = exp %x : f64[]  ";
  // log(1 + e^x) and log1p(e^x): the slope of e^x / (1 + e^x)
  for (const std::string logarithm :
       {"%2 = add %0, %1 : f64[]  %7 = log %2 : f64[]", "%7 = log1p %1 : f64[]"}) {
    const auto found = slopes(one + logarithm, 400);
    CHECK(found[0] == 1);
    CHECK(found[1] == 0);
  }
  // e^-x as 1 / e^x, as a power, and nearly so as an angle
  for (const double x : {400.0, 460.0})
    for (const std::string inverse :
         {"%7 = div %0, %1 : f64[]", "%2 = neg %0 : f64[]  %7 = pow %1, %2 : f64[]",
          "%7 = atan %1 : f64[]"}) {
      INFO(inverse);
      const auto found = slopes(one + inverse, x);
      CHECK(std::fabs(found[0]) == Approx(std::exp(-x)).epsilon(1e-12));
      CHECK(std::fabs(found[1]) == Approx(std::exp(-x)).epsilon(1e-12));
    }
  for (const double size : {1e-200, 1.0, 1e200}) {
    const auto angle = numbers_of(parse_graph("graph @g (%y: f64[], %x: f64[]) { %0 = atan2 %y, %x : f64[]  "
                                              "%1:2 = gradient %0, %y, %x : f64[], "
                                              "f64[]  return %1, %1#1 }",
                                              "test"),
                                  {scalar(size), scalar(size)});
    CHECK(angle[0] == Approx(0.5 / size));
    CHECK(angle[1] == Approx(-0.5 / size));
  }
}

TEST_CASE("complex step") {
  constexpr double h = 1e-20;
  const auto step = [&](const std::string& text, double x) {
    return evaluate::evaluate<Complex>(parse_graph(text, "test"),
                                       {array_over<Complex>(Type(ElementType::f64), {Complex(x, h)})})
               .results[0]
               .floats[0]
               .imag() /
           h;
  };
  const double s = 1 / (1 + std::exp(-2.6));
  CHECK(std::fabs(step("graph @g (%x: f64[]) { %0 = sigmoid %x : f64[]  return %0 }", 2.6) - s * (1 - s)) <=
        2e-16);
  const std::string squire_trapp =
      "graph @g (%x: f64[]) { %n = constant {element=f64, shape=[], value=3.0} : f64[]  %0 = exp %x : f64[]  "
      "%1 = sin %x : f64[]  %2 = cos %x : f64[]  %3 = pow %1, %n : f64[]  %4 = pow %2, %n : f64[]  "
      "%5 = add %3, %4 : f64[]  %6 = sqrt %5 : f64[]  %7 = div %0, %6 : f64[]  return %7 }";
  std::string numbered = squire_trapp;
  for (size_t at; (at = numbered.find("%n")) != std::string::npos;) numbered.replace(at, 2, "%8");
  CHECK(std::fabs(step(numbered, 1.5) - 4.053427893898621) <= 4 * 8.9e-16);
  CHECK_THROWS_AS(step("graph @g (%x: f64[]) { %0 = erf %x : f64[]  return %0 }", 1), evaluate::NotAvailable);
}

TEST_CASE("a gradient looks through marks and scans, and stops at stop_gradient") {
  const auto marked = results(
      "graph @g (%x: f64[], %y: f64[]) { %0 = mark %x {id=1} : f64[]  %1 = mark %y {id=2} : f64[]  "
      "%2 = mul %0, %1 : f64[]  %3 = gradient %2, %0 : f64[]  return %3 }",
      {scalar(1), scalar(1)});
  CHECK(marked[0] == 1);
  const auto stopped = results(
      "graph @g (%x: f64[]) { %0 = stop_gradient %x : f64[]  %1 = mul %0, %x : f64[]  %2 = gradient %1, %x : "
      "f64[]  "
      "return %2 }",
      {scalar(3)});
  CHECK(stopped[0] == 3);
  // h <- w h three times: w^3, derivative 3 w^2
  const auto scanned = results(
      "graph @g (%h: f64[], %w: f64[]) { %0 = scan {carries=1, sequences=0, length=3} "
      "(%i, %c = %h, %v = %w) { %0 = mul %c, %v : f64[]  yield %0 } : f64[]  %1 = gradient %0, %w : f64[]  "
      "%2 = gradient %1, %w : f64[]  return %0, %1, %2 }",
      {scalar(1), scalar(2)});
  CHECK(scanned == std::vector<double>{8, 12, 12});
}

TEST_CASE("ties and zeros") {
  const Type three(ElementType::f64, {3});
  const auto extreme = results(
      "graph @g (%x: f64[3]) { %0 = max %x {axes=[0]} : f64[]  %1 = gradient %0, %x : f64[3]  return %1 }",
      {evaluate::array_of(three, {1, 5, 5})});
  CHECK(extreme == std::vector<double>{0, 1, 0});
  const auto product = results(
      "graph @g (%x: f64[3]) { %0 = prod %x {axes=[0]} : f64[]  %1 = gradient %0, %x : f64[3]  return %1 }",
      {evaluate::array_of(three, {0, 2, 3})});
  CHECK(product == std::vector<double>{6, 0, 0});
  // The Hessian of a product at two zeros: d2/dx0 dx1 = x2.
  const auto hessian = results(
      "graph @g (%x: f64[3], %v: f64[3]) { %0 = prod %x {axes=[0]} : f64[]  %1 = gradient %0, %x : f64[3]  "
      "%2 = mul %1, %v : f64[3]  %3 = sum %2 {axes=[0]} : f64[]  %4 = gradient %3, %x : f64[3]  return %4 }",
      {evaluate::array_of(three, {0, 0, 3}), evaluate::array_of(three, {1, 0, 0})});
  CHECK(hessian == std::vector<double>{0, 3, 0});
  const auto rectified = results(
      "graph @g (%x: f64[]) { %0 = constant {element=f64, shape=[], value=0.0} : f64[]  %1 = maximum %0, %x "
      ": f64[]  "
      "%2 = gradient %1, %x : f64[]  return %2 }",
      {scalar(0)});
  CHECK(rectified[0] == 0);
}

TEST_CASE("declared types: f32 rounds after every op, integers wrap and divide downwards") {
  const Type single(ElementType::f32);
  const std::string third = "graph @g (%x: f32[], %y: f32[]) { %0 = div %x, %y : f32[]  return %0 }";
  CHECK(results(third, {evaluate::array_of(single, {1}), evaluate::array_of(single, {3})})[0] ==
        static_cast<double>(1.0f / 3.0f));
  const Type byte(ElementType::i8);
  const std::string integers =
      "graph @g (%x: i8[], %y: i8[]) { %0 = add %x, %y : i8[]  %1 = div %x, %y : i8[]  %2 = rem %x, %y : "
      "i8[]  "
      "%3 = shift_right_logical %x, %y : i8[]  return %0, %1, %2, %3 }";
  const auto of = [&](double x, double y) {
    return results(integers, {evaluate::array_of(byte, {x}), evaluate::array_of(byte, {y})});
  };
  CHECK(of(-7, 2) == std::vector<double>{-5, -4, 1, 62});
  CHECK(of(127, 1) == std::vector<double>{-128, 127, 0, 63});
  CHECK(of(5, 0) == std::vector<double>{5, 0, 0, 5});
  CHECK(evaluate::integer_from(ElementType::i32, 1e20) == 2147483647);
  CHECK(evaluate::integer_from(ElementType::u8, -3) == 0);
  CHECK(evaluate::integer_from(ElementType::i64, 1e30) == std::numeric_limits<int64_t>::max());
  CHECK(evaluate::integer_from(ElementType::i32, std::nan("")) == 0);
}
