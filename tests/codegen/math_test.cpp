#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <numbers>
#include <random>
#include <span>

#include "codegen/llvm/compile.h"
#include "ir/math/host.h"
#include "ir/op.h"
#include "tests/codegen/programs.h"

namespace gradus {
namespace {

using namespace testing;
using Reference = std::function<long double(long double, long double)>;

// A function, the range in which its error is promised, and the promise.
struct Case {
  ScalarOp op;
  Reference reference;
  double low;
  double high;
  double ulp_f32;
  double ulp_f64;
};

long double floor_remainder(long double x, long double y) {
  const long double rest = std::fmod(x, y);
  return rest != 0 && (rest < 0) != (y < 0) ? rest + y : rest;
}

const std::vector<Case>& cases() {
  using L = long double;
  constexpr double most = std::numeric_limits<double>::max();
  static const std::vector<Case> list = {
      {ScalarOp::exp, [](L x, L) { return std::exp(x); }, -760, 720, 1.5, 1.5},
      {ScalarOp::expm1, [](L x, L) { return std::expm1(x); }, -60, 720, 2.5, 2.5},
      {ScalarOp::sqrt, [](L x, L) { return std::sqrt(x); }, 0, most, 0.5, 0.5},
      {ScalarOp::log, [](L x, L) { return std::log(x); }, 0, most, 1.5, 1.5},
      {ScalarOp::log1p, [](L x, L) { return std::log1p(x); }, -1, most, 0.6, 2},
      {ScalarOp::cbrt, [](L x, L) { return std::cbrt(x); }, -most, most, 0.6, 1},
      {ScalarOp::sin, [](L x, L) { return std::sin(x); }, -most, most, 0.6, 1},
      {ScalarOp::cos, [](L x, L) { return std::cos(x); }, -most, most, 0.6, 1},
      {ScalarOp::tan, [](L x, L) { return std::tan(x); }, -most, most, 0.6, 3},
      {ScalarOp::asin, [](L x, L) { return std::asin(x); }, -1, 1, 0.6, 3},
      {ScalarOp::acos, [](L x, L) { return std::acos(x); }, -1, 1, 0.6, 3},
      {ScalarOp::atan, [](L x, L) { return std::atan(x); }, -most, most, 0.6, 3},
      {ScalarOp::sinh, [](L x, L) { return std::sinh(x); }, -710, 710, 0.6, 3},
      {ScalarOp::cosh, [](L x, L) { return std::cosh(x); }, -710, 710, 0.6, 3},
      {ScalarOp::tanh, [](L x, L) { return std::tanh(x); }, -most, most, 2.5, 4},
      {ScalarOp::erf, [](L x, L) { return std::erf(x); }, -most, most, 2.5, 4},
      {ScalarOp::sigmoid, [](L x, L) { return 1 / (1 + std::exp(-x)); }, -750, most, 2.5, 4},
      {ScalarOp::power, [](L x, L y) { return std::pow(x, y); }, 0, 1e30, 0.6, 4},
      {ScalarOp::atan2, [](L y, L x) { return std::atan2(y, x); }, -most, most, 0.6, 4},
      {ScalarOp::remainder, floor_remainder, -1e5, 1e5, 0.5, 0.5},
  };
  return list;
}

// Distance in units of the last place of the exact result (denormals: of the smallest number).
template <class T>
double ulps(T found, long double exact) {
  const auto rounded = static_cast<T>(exact);
  if (std::isnan(exact)) return std::isnan(found) ? 0 : INFINITY;
  if (found == rounded) return 0.5 * (found != exact && std::isfinite(rounded));
  if (std::isinf(found) || std::isinf(rounded)) return INFINITY;
  const T magnitude = std::max(std::fabs(rounded), std::numeric_limits<T>::min());
  int exponent = 0;
  std::frexp(magnitude, &exponent);
  const long double unit = std::ldexp(1.0L, exponent - std::numeric_limits<T>::digits);
  return static_cast<double>(std::fabs(static_cast<long double>(found) - exact) / unit);
}

// Dense linearly and by magnitude, with neighbours of the special places.
template <class T>
std::vector<T> samples(double low, double high, int count, uint32_t seed) {
  std::mt19937_64 random(seed);
  std::vector<T> values;
  const auto add = [&](double x) {
    if (x >= low && x <= high) values.push_back(static_cast<T>(x));
  };
  const double near_low = std::max(low, -20.0);
  const double near_high = std::min(high, 20.0);
  std::uniform_real_distribution<double> whole(low / 2, high / 2);  // the difference must not overflow
  std::uniform_real_distribution<double> near(near_low, near_high);
  std::uniform_real_distribution<double> exponent(std::is_same_v<T, float> ? -149 : -1074,
                                                  std::is_same_v<T, float> ? 127 : 1023);
  for (int i = 0; i < count; ++i) {
    add(2 * whole(random));
    add(near(random));
    const double magnitude = std::exp2(exponent(random));
    add(magnitude);
    add(-magnitude);
  }
  for (const double x :
       {0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 0.4142135623730951, 2.414213562373095, 0.7071067811865476,
        1.4142135623730951, 1.5707963267948966, 3.141592653589793, 355.0}) {
    add(x);
    add(static_cast<double>(std::nextafter(static_cast<T>(x), T(10))));
    add(static_cast<double>(std::nextafter(static_cast<T>(x), T(-10))));
  }
  values.push_back(T(0));
  return values;
}

template <class T>
void check_accuracy(ElementType type, int count) {
  for (const Case& it : cases()) {
    const bool binary = arity(it.op) == 2;
    const auto x = samples<T>(it.low, it.high, count, 1);
    std::vector<T> y;
    if (binary)
      y = it.op == ScalarOp::power ? samples<T>(-300, 300, count, 2) : samples<T>(it.low, it.high, count, 2);
    double worst = 0;
    double at = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      const T second = binary ? y[i % y.size()] : T(0);
      const std::vector<double> operands =
          binary ? std::vector<double>{x[i], second} : std::vector<double>{x[i]};
      const auto found = static_cast<T>(math::apply(it.op, type, operands));
      const long double exact = it.reference(x[i], second);
      const double error = ulps(found, exact);
      if (error > worst || std::isnan(error)) {
        worst = error;
        at = x[i];
      }
    }
    INFO(name(it.op) << " worst " << worst << " ulp at " << at);
    CHECK(worst <= (std::is_same_v<T, float> ? it.ulp_f32 : it.ulp_f64));
    if (std::getenv("GRADUS_PRINT_ULP") != nullptr) {
      std::printf("%-10s %s %.3f at %.17g\n", std::string(name(it.op)).c_str(),
                  std::string(name(type)).c_str(), worst, at);
    }
  }
}

TEST_CASE("error of every function against extended precision, f32") {
  check_accuracy<float>(ElementType::f32, 20000);
}
TEST_CASE("error of every function against extended precision, f64") {
  check_accuracy<double>(ElementType::f64, 20000);
}

// Ops that are written with others, as compiled code.
template <class T>
void check_compositions(ElementType type) {
  using L = long double;
  struct Composition {
    const char* op;
    long double (*reference)(long double);
    double low;
    double ulp;
  };
  for (const Composition& it :
       {Composition{"rsqrt", [](L x) { return 1 / std::sqrt(x); }, 0, 1.5},
        Composition{"softplus",
                    [](L x) { return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)); }, -750,
                    2},
        Composition{"normal_cdf", [](L x) { return std::erfc(-x / std::numbers::sqrt2_v<L>) / 2; }, -40,
                    4.5}}) {
    const std::vector<T> x = samples<T>(it.low, 1e30, 5000, 4);
    const Program program =
        elementwise({type}, type, static_cast<int64_t>(x.size()),
                    [&](const auto& loaded) { return find_op(it.op)->scalar(loaded, {}); });
    std::vector<T> found(x.size());
    run(compile(program, target_named("native"), {1, true}), {x.data()}, {found.data()});
    double worst = 0;
    for (size_t i = 0; i < x.size(); ++i) worst = std::max(worst, ulps(found[i], it.reference(x[i])));
    INFO(it.op);
    CHECK(worst <= it.ulp);
  }
}

TEST_CASE("error of functions that are compositions") {
  check_compositions<float>(ElementType::f32);
  check_compositions<double>(ElementType::f64);
}

// NaNs compare equal; everything else bit by bit.
template <class T>
bool same_bits(T a, T b) {
  return (std::isnan(a) && std::isnan(b)) || std::memcmp(&a, &b, sizeof a) == 0;
}

template <class T>
std::vector<T> special_and_random(int count, uint32_t seed) {
  using Limits = std::numeric_limits<T>;
  std::vector<T> values = samples<T>(-1e30, 1e30, count, seed);
  for (const T x :
       {Limits::infinity(), Limits::quiet_NaN(), Limits::denorm_min(), Limits::min(), Limits::max()}) {
    values.push_back(x);
    values.push_back(-x);
  }
  values.push_back(T(-0.0));
  return values;
}

// Compiled code for both vector widths against the host, on all pairs that a rotation of the samples makes.
template <class T>
void check_bits(ElementType type, const std::string& target) {
  const auto x = special_and_random<T>(500, 3);
  for (int op_number = static_cast<int>(ScalarOp::negate); op_number <= static_cast<int>(ScalarOp::maximum);
       ++op_number) {
    const auto op = static_cast<ScalarOp>(op_number);
    if (op == ScalarOp::is_finite || op == ScalarOp::logical_not) continue;
    const auto count = static_cast<int64_t>(x.size());
    const Program program =
        elementwise({type, type}, type, count, [&](const std::vector<Expression>& loaded) {
          return arity(op) == 1 ? make(op, {loaded[0]}) : make(op, loaded);
        });
    const CompiledProgram compiled = compile(program, target_named(target), {1, true});
    for (size_t shift = 0; shift < (arity(op) == 1 ? 1U : 12U); ++shift) {
      std::vector<T> y(x.rbegin(), x.rend());
      std::rotate(y.begin(), y.begin() + static_cast<std::ptrdiff_t>(shift * 7), y.end());
      std::vector<T> found(x.size());
      run(compiled, {x.data(), y.data()}, {found.data()});
      for (size_t i = 0; i < x.size(); ++i) {
        const std::vector<double> operands = {static_cast<double>(x[i]), static_cast<double>(y[i])};
        const auto expected =
            static_cast<T>(math::apply(op, type, std::span(operands).first(static_cast<size_t>(arity(op)))));
        if (same_bits(found[i], expected)) continue;
        INFO(target << " " << name(op) << "(" << x[i] << ", " << y[i] << ") = " << found[i] << ", host "
                    << expected);
        REQUIRE(same_bits(found[i], expected));
      }
    }
  }
}

TEST_CASE("compiled functions have the bits of the host's") {
  for (const char* target : {"x86-64-v3", "native"}) {
    check_bits<float>(ElementType::f32, target);
    check_bits<double>(ElementType::f64, target);
  }
}

// IEEE's special cases, in the notation of C's Annex F.
TEST_CASE("special values of functions") {
  const double inf = std::numeric_limits<double>::infinity();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto f = [](ScalarOp op, double a, double b = 0) {
    const std::vector<double> operands = {a, b};
    return math::apply(op, ElementType::f64, std::span(operands).first(static_cast<size_t>(arity(op))));
  };
  const std::vector<std::pair<ScalarOp, double (*)(double)>> unary = {
      {ScalarOp::exp, std::exp},     {ScalarOp::expm1, std::expm1}, {ScalarOp::log, std::log},
      {ScalarOp::log1p, std::log1p}, {ScalarOp::cbrt, std::cbrt},   {ScalarOp::sin, std::sin},
      {ScalarOp::cos, std::cos},     {ScalarOp::tan, std::tan},     {ScalarOp::asin, std::asin},
      {ScalarOp::acos, std::acos},   {ScalarOp::atan, std::atan},   {ScalarOp::sinh, std::sinh},
      {ScalarOp::cosh, std::cosh},   {ScalarOp::tanh, std::tanh},   {ScalarOp::erf, std::erf},
      {ScalarOp::sqrt, std::sqrt},   {ScalarOp::floor, std::floor}, {ScalarOp::ceil, std::ceil}};
  for (const auto& [op, reference] : unary) {
    for (const double x : {inf, -inf, nan, 0.0, -0.0, -1.0, -2.0}) {
      INFO(name(op) << "(" << x << ") = " << f(op, x) << ", expected " << reference(x));
      const bool exact = !std::isfinite(reference(x)) || reference(x) == 0;
      if (exact) CHECK(same_bits(f(op, x), reference(x)));
    }
  }
  for (const double x : {inf, -inf, nan, 0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, -3.0}) {
    for (const double y : {inf, -inf, nan, 0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 3.0, -3.0}) {
      INFO(x << ", " << y);
      // Where C says 1 for (-1) to an infinite power, so do we.
      const double power = std::pow(x, y);
      CHECK((same_bits(f(ScalarOp::power, x, y), power) ||
             std::fabs(f(ScalarOp::power, x, y) - power) < 1e-15 * std::fabs(power)));
      const double angle = std::atan2(x, y);
      CHECK((std::isnan(angle) ? std::isnan(f(ScalarOp::atan2, x, y))
                               : std::fabs(f(ScalarOp::atan2, x, y) - angle) < 1e-15 &&
                                     std::signbit(f(ScalarOp::atan2, x, y)) == std::signbit(angle)));
    }
  }
  CHECK(std::isnan(f(ScalarOp::minimum, 1, nan)));
  CHECK(std::isnan(f(ScalarOp::maximum, nan, 1)));
  CHECK(same_bits(f(ScalarOp::maximum, 0.0, -0.0), 0.0));
  CHECK(same_bits(f(ScalarOp::maximum, -0.0, 0.0), -0.0));
  CHECK(f(ScalarOp::remainder, -7, 3) == 2);
  CHECK(f(ScalarOp::remainder, 7, -3) == -2);
  CHECK(f(ScalarOp::remainder, 5, inf) == 5);
  CHECK(f(ScalarOp::remainder, -5, inf) == inf);
  CHECK(f(ScalarOp::round, 2.5) == 2);
  CHECK(f(ScalarOp::round, -3.5) == -4);
  CHECK(f(ScalarOp::round, 0.49999999999999994) == 0);
}

}  // namespace
}  // namespace gradus
