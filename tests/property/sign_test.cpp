// What is derived about signs (ir/sign.h) holds of every op: of numbers of every sign that operands may have,
// at zeros of both signs, ends of the type, infinities and NaN, by the evaluator and by compiled code.
#include <fmt/format.h>

#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <random>

#include "codegen/lower/lower.h"
#include "ir/build.h"
#include "ir/error.h"
#include "ir/op.h"
#include "ir/sign.h"
#include "ir/text/parse.h"
#include "passes/pass.h"
#include "tests/ir/samples/samples.h"
#include "tests/support/limits.h"
#include "tests/support/run_compiled.h"

using namespace gradus;
using namespace gradus::testing;
using evaluate::Array;

namespace {

constexpr std::array<Sign, 4> signs = {Sign::any, Sign::non_negative, Sign::unsigned_zero, Sign::positive};

std::string name(Sign sign) {
  static constexpr std::array<std::string_view, 4> names = {"any", "non_negative", "unsigned_zero",
                                                            "positive"};
  return std::string(names[static_cast<size_t>(sign)]);
}

double least(ElementType element) { return float_limits(element)[3]; }

// Numbers of this sign, made of all numbers.
Value with_sign(GraphBuilder& b, Value x, Sign sign) {
  switch (sign) {
    case Sign::any:
      return x;
    case Sign::non_negative:
      return build::unary(b, OpId::sqrt, x);
    case Sign::unsigned_zero:
      return build::unary(b, OpId::abs, x);
    case Sign::positive:
      return b.add(OpId::maximum, {x, build::constant(b, b.type(x), least(b.type(x).element))});
  }
  return {};
}

std::vector<double> specials(ElementType element) {
  const std::vector<double> ends = float_limits(element);
  const double largest = ends[ends.size() - 4];
  return {0.0,
          -0.0,
          1,
          -1,
          0.5,
          -0.5,
          2,
          -2,
          3,
          -3,
          least(element),
          -least(element),
          largest,
          -largest,
          std::numeric_limits<double>::infinity(),
          -std::numeric_limits<double>::infinity(),
          std::nan("")};
}

bool holds(double number, Sign sign) {
  if (std::isnan(number) || sign == Sign::any) return true;
  if (sign == Sign::positive) return number > 0;
  return number >= 0 && (sign == Sign::non_negative || !std::signbit(number));
}

// Values of a graph in the making, and what is claimed of them.
class Claims {
 public:
  void add(GraphBuilder& b, Value value, const std::string& what) {
    if (!is_float(b.type(value).element)) return;
    const Sign sign = sign_of(b, value);
    if (sign == Sign::any) return;
    b.add_result(fmt::format("y{}", claims_.size()), value);
    claims_.push_back({sign, what});
  }
  size_t size() const { return claims_.size(); }

  // One line for every claim that does not hold.
  std::string broken(const std::vector<Array<double>>& results) const {
    std::string text;
    for (size_t r = 0; r < claims_.size(); ++r)
      for (const double number : results[r].floats)
        if (!holds(number, claims_[r].sign)) {
          text +=
              fmt::format("{} is said to be {} and is {}\n", claims_[r].what, name(claims_[r].sign), number);
          break;
        }
    return text;
  }

 private:
  struct Claim {
    Sign sign;
    std::string what;
  };
  std::vector<Claim> claims_;
};

std::string broken(const Claims& claims, GraphBuilder builder, const std::vector<Array<double>>& inputs) {
  if (claims.size() == 0) return {};
  const Graph graph = std::move(builder).finish();
  std::string text = claims.broken(evaluate::evaluate<double>(graph, inputs).results);
  PassContext context;
  const Graph kernels = plan_buffers(order(fuse(graph, context), context), context);
  const Target target = host();
  const loop::Program program = lower(kernels, target);
  const CompiledRun run = run_compiled(compile(program, target), program.workspace_bytes(), kernels, inputs);
  return text + claims.broken(run.results);
}

// Every tuple of special numbers.
std::vector<Array<double>> tuples(ElementType element, size_t operands) {
  const std::vector<double> numbers = specials(element);
  size_t count = 1;
  for (size_t i = 0; i < operands; ++i) count *= numbers.size();
  std::vector<Array<double>> result(operands, Array<double>(Type(element, {static_cast<int64_t>(count)})));
  for (size_t k = 0; k < count; ++k)
    for (size_t i = 0, rest = k; i < operands; ++i, rest /= numbers.size())
      result[i].floats[k] = numbers[rest % numbers.size()];
  return result;
}

// The op of every combination of signs, of one operand given twice, and of constants.
std::string check_elementwise(const Op& op, ElementType element, size_t& claimed) {
  const auto operands = static_cast<size_t>(op.max_operands);
  std::vector<Array<double>> inputs = tuples(element, operands);
  GraphBuilder b("claims");
  std::vector<std::vector<Value>> choices;
  std::vector<std::vector<std::string>> names;
  for (size_t i = 0; i < operands; ++i) {
    const Value x = b.input(fmt::format("x{}", i), InputKind::data, inputs[i].type);
    choices.emplace_back();
    names.emplace_back();
    if (op.name == "select" && i == 0) {
      choices[i].push_back(b.add(OpId::greater, {x, build::zeros_like(b, x)}));
      names[i].push_back("condition");
      continue;
    }
    for (const Sign sign : signs) {
      choices[i].push_back(with_sign(b, x, sign));
      names[i].push_back(name(sign));
    }
    for (const double number : specials(element)) {
      if (operands != 2 || std::isnan(number)) continue;
      choices[i].push_back(build::constant(b, inputs[i].type, number));
      names[i].push_back(fmt::format("{}", number));
    }
  }
  const Attributes attributes = op.name == "cast" ? Attributes{{"to", ElementType::f16}} : Attributes{};
  Claims claims;
  const auto add = [&](const std::vector<Value>& values, const std::string& what) {
    claims.add(b, b.add(op, values, attributes),
               fmt::format("{} of {}({})", gradus::name(element), op.name, what));
  };
  size_t count = 1;
  for (const auto& choice : choices) count *= choice.size();
  try {
    for (size_t k = 0; k < count; ++k) {
      std::vector<Value> values;
      std::string what;
      for (size_t i = 0, rest = k; i < operands; rest /= choices[i].size(), ++i) {
        values.push_back(choices[i][rest % choices[i].size()]);
        what += (i ? ", " : "") + names[i][rest % choices[i].size()];
      }
      add(values, what);
    }
    for (size_t s = 0; operands == 2 && s < signs.size(); ++s)
      add({choices[0][s], choices[0][s]}, "twice " + names[0][s]);
  } catch (const ShapeError&) {
    return {};  // it does not take this type
  }
  claimed += claims.size();
  return broken(claims, std::move(b), inputs);
}

// A sample with floats of one sign in the place of each of its inputs.
std::string check_sample(const Sample& sample, uint64_t seed, size_t& claimed) {
  const Graph graph = parse_graph(sample.text, "sample");
  std::mt19937_64 engine(seed);
  GraphBuilder b("claims");
  std::vector<Array<double>> inputs;
  std::vector<Value> given;
  for (const Input& input : graph.inputs()) {
    const Type& type = graph.type(input.value);
    given.push_back(b.input(input.name, InputKind::data, type));
    Array<double> array(type);
    const std::vector<double> numbers = specials(is_float(type.element) ? type.element : ElementType::f32);
    for (double& number : array.floats) number = numbers[engine() % (numbers.size() - engine() % 6)];
    for (int64_t& number : array.integers)
      number = static_cast<int64_t>(engine() % static_cast<uint64_t>(sample.below));
    if (type.element == ElementType::boolean)
      for (int64_t& number : array.integers) number %= 2;
    inputs.push_back(std::move(array));
  }
  Claims claims;
  for (const Sign sign : signs) {
    std::vector<std::vector<Value>> made(graph.size());
    for (size_t i = 0; i < given.size(); ++i) {
      const bool floats = is_float(b.type(given[i]).element);
      made[graph.inputs()[i].value.node] = {floats ? with_sign(b, given[i], sign) : given[i]};
    }
    for (uint32_t i = 0; i < graph.size(); ++i) {
      const Node& node = graph.node(i);
      if (node.op->id == OpId::input) continue;
      std::vector<Value> operands;
      for (const Value operand : node.operands) operands.push_back(made[operand.node][operand.result]);
      const Value first = b.add(*node.op, operands, node.attributes, node.body);
      for (uint32_t r = 0; r < node.types.size(); ++r) made[i].push_back({first.node, r});
    }
    for (const NamedValue& result : graph.results())
      claims.add(b, made[result.value.node][result.value.result],
                 fmt::format("{} of {}", sample.text, name(sign)));
  }
  claimed += claims.size();
  return broken(claims, std::move(b), inputs);
}

}  // namespace

TEST_CASE("signs of elementwise ops are what is derived of them") {
  std::string wrong;
  size_t claimed = 0;
  for (const Op* op : all_ops())
    if (op->family == OpFamily::elementwise)
      for (const ElementType element : {ElementType::f32, ElementType::f64, ElementType::f16})
        wrong += check_elementwise(*op, element, claimed);
  INFO(wrong);
  CHECK(wrong.empty());
  CHECK(claimed > 1000);
}

TEST_CASE("signs of the samples of other ops are what is derived of them") {
  std::string wrong;
  size_t claimed = 0;
  for (const Op* op : all_ops()) {
    if (op->family == OpFamily::elementwise || op->id == OpId::gradient) continue;
    for (const Sample& sample : samples_of(op->id).good) wrong += check_sample(sample, 5, claimed);
  }
  INFO(wrong);
  CHECK(wrong.empty());
  CHECK(claimed > 100);
}
