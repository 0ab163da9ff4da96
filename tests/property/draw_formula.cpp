#include <algorithm>
#include <array>
#include <limits>
#include <random>

#include "ir/build.h"
#include "tests/property/formulas.h"

namespace gradus::testing {

namespace {

class FormulaDrawer {
 public:
  explicit FormulaDrawer(uint64_t seed) : engine_(seed), b_("formula") {
    element_ = chance(0.5) ? ElementType::f64 : ElementType::f32;
    const int64_t n = between(2, 3);
    shape_ = chance(0.8) ? Shape{n, n} : Shape{n + 1};
  }

  RandomGraph draw() {
    const double wild = chance(0.5) ? 0.4 : 0;
    std::vector<evaluate::Array<double>> inputs;
    for (const char* name : {"x", "z"}) {
      values_.push_back(b_.input(name, InputKind::data, type()));
      std::vector<double> numbers;
      for (int64_t i = 0; i < element_count(shape_); ++i)
        numbers.push_back(chance(wild) ? special() : std::uniform_real_distribution<>(-2, 2)(engine_));
      inputs.push_back(evaluate::array_of(type(), rounded(std::move(numbers))));
    }
    const Value x = values_[0];
    for (int64_t steps = between(2, 7); steps > 0; --steps) values_.push_back(step());
    const Value y = values_.back();
    b_.add_result("y", y);
    if (chance(0.6)) {
      const Value g = build::gradient(b_, build::sum_all(b_, y), {x});
      b_.add_result("g", g);
      if (chance(0.5)) b_.add_result("h", build::gradient(b_, build::sum_all(b_, g), {x}));
    }
    return {std::move(b_).finish(), std::move(inputs)};
  }

 private:
  int64_t between(int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(engine_);
  }
  bool chance(double probability) { return std::bernoulli_distribution(probability)(engine_); }
  Type type() const { return Type(element_, shape_); }

  std::vector<double> rounded(std::vector<double> numbers) const {
    if (element_ == ElementType::f32)
      for (double& number : numbers) number = static_cast<double>(static_cast<float>(number));
    return numbers;
  }

  double huge() const { return element_ == ElementType::f32 ? 1e30 : 1e200; }
  double tiny() const { return element_ == ElementType::f32 ? 1e-35 : 1e-300; }

  double special() {
    const std::array<double, 13> numbers = {0,
                                            -0.0,
                                            1,
                                            -1,
                                            2,
                                            0.5,
                                            tiny(),
                                            -tiny(),
                                            huge(),
                                            -huge(),
                                            std::numeric_limits<double>::infinity(),
                                            -std::numeric_limits<double>::infinity(),
                                            std::numeric_limits<double>::quiet_NaN()};
    return numbers[static_cast<size_t>(between(0, 12))];
  }

  // The latest values, more often than others.
  Value any() {
    const auto last = static_cast<int64_t>(values_.size()) - 1;
    return values_[static_cast<size_t>(chance(0.5) ? last : between(0, last))];
  }

  Value constant() {
    const std::array<double, 11> numbers = {0, -0.0, 1, -1, 2, 3, 0.5, huge(), 1 / huge(), tiny(), -2};
    return build::constant(b_, type(), numbers[static_cast<size_t>(between(0, 10))]);
  }

  Value operand() { return chance(0.25) ? constant() : any(); }

  Value step() {
    switch (between(0, 11)) {
      case 0:
      case 1:
      case 2:
        return unary();
      case 3:
      case 4:
        return binary();
      case 5:
        return reduced(any());
      case 6:
        return normalized();
      case 7:
        return guarded();
      case 8:
        return power();
      case 9:
        return moved();
      case 10:
        return logarithm_of_sum();
      default:
        return cancelling();
    }
  }

  Value unary() {
    static constexpr std::array<OpId, 14> ops = {
        OpId::exp, OpId::log, OpId::neg, OpId::sqrt, OpId::sigmoid, OpId::log1p,    OpId::expm1,
        OpId::abs, OpId::exp, OpId::log, OpId::neg,  OpId::tanh,    OpId::softplus, OpId::stop_gradient};
    return b_.add(ops[static_cast<size_t>(between(0, 13))], {any()});
  }

  Value binary() {
    static constexpr std::array<OpId, 6> ops = {OpId::add, OpId::sub,     OpId::mul,
                                                OpId::div, OpId::maximum, OpId::mul};
    const Value left = operand();
    return b_.add(ops[static_cast<size_t>(between(0, 5))], {left, chance(0.2) ? left : operand()});
  }

  Value power() {
    const std::array<double, 6> exponents = {0, 0.5, 1, 2, 3, -1};
    const Value exponent =
        chance(0.8) ? build::constant(b_, type(), exponents[static_cast<size_t>(between(0, 5))]) : any();
    return b_.add(OpId::pow, {any(), exponent});
  }

  // A reduction along one axis or all, spread again along an axis that need not be the one it came from.
  Value reduced(Value x) {
    return spread(b_.add(chance(0.8) ? OpId::sum : OpId::max, {x}, {{"axes", axes()}}));
  }

  std::vector<int64_t> axes() {
    if (shape_.size() == 1) return {0};
    if (chance(0.1)) return {0, 1};
    return {between(0, 1)};
  }

  Value spread(Value x) {
    if (b_.shape(x).size() == shape_.size()) return x;
    if (b_.shape(x).empty()) return build::broadcast(b_, x, shape_, {});
    const int64_t axis = between(0, 1);
    if (chance(0.6)) return build::broadcast(b_, x, shape_, {axis});
    // As with `keep: true`: an axis of extent 1 that is dropped again.
    const Shape kept = axis == 0 ? Shape{shape_[0], 1} : Shape{1, shape_[1]};
    const Value wide = build::reshape(b_, x, kept);
    return build::broadcast(b_, build::reshape(b_, wide, {shape_[0]}), shape_, {axis});
  }

  Value maybe_stopped(Value x) { return chance(0.15) ? b_.add(OpId::stop_gradient, {x}) : x; }

  // exp(a) / sum(exp(a)), and the like that are none.
  Value normalized() {
    const Value power = chance(0.8) ? build::unary(b_, OpId::exp, any()) : any();
    const Value of = chance(0.85) ? power : any();
    const Value quotient =
        build::div(b_, power, maybe_stopped(spread(b_.add(OpId::sum, {of}, {{"axes", axes()}}))));
    return chance(0.3) ? build::unary(b_, OpId::log, quotient) : quotient;
  }

  Value logarithm_of_sum() {
    Value exponent = any();
    if (chance(0.3)) exponent = build::sub(b_, exponent, maybe_stopped(reduced(exponent)));
    const Value sum = b_.add(OpId::sum, {build::unary(b_, OpId::exp, exponent)}, {{"axes", axes()}});
    return spread(build::unary(b_, OpId::log, maybe_stopped(sum)));
  }

  Value guarded() {
    static constexpr std::array<OpId, 6> comparisons = {OpId::equal,   OpId::not_equal,  OpId::less,
                                                        OpId::greater, OpId::less_equal, OpId::greater_equal};
    Value tested = chance(0.4) ? cancelling() : any();
    const Value condition =
        b_.add(comparisons[static_cast<size_t>(between(0, 5))], {tested, chance(0.7) ? constant() : any()});
    return build::select(b_, condition, operand(), operand());
  }

  // What the algebra of real numbers would shorten.
  Value cancelling() {
    const Value a = any(), p = operand(), q = any();
    switch (between(0, 7)) {
      case 0:
        return build::sub(b_, a, a);
      case 1:
        return build::mul(b_, a, build::constant(b_, type(), 0));
      case 2:
        return build::div(b_, a, a);
      case 3:
        return build::unary(b_, OpId::exp, build::unary(b_, OpId::log, a));
      case 4:
        return build::mul(b_, build::mul(b_, build::div(b_, a, p), build::div(b_, q, a)), p);
      case 5:
        return build::mul(b_, build::mul(b_, a, constant()), constant());
      case 6:
        return build::neg(b_, build::sub(b_, a, q));
      default:
        return build::div(b_, build::div(b_, build::mul(b_, a, p), constant()), constant());
    }
  }

  Value moved() {
    if (shape_.size() == 1) return b_.add(OpId::reverse, {any()}, {{"axes", std::vector<int64_t>{0}}});
    if (chance(0.6)) return build::transpose(b_, any(), {1, 0});
    return build::reshape(b_, build::reshape(b_, any(), {shape_[0] * shape_[1]}), shape_);
  }

  std::mt19937_64 engine_;
  GraphBuilder b_;
  ElementType element_;
  Shape shape_;
  std::vector<Value> values_;
};

}  // namespace

RandomGraph random_formula(uint64_t seed) { return FormulaDrawer(seed).draw(); }

}  // namespace gradus::testing
