// stabilize: rewrites formulas that overflow or cancel into ones that do not.
//
// log(sigmoid), log(1 − sigmoid), log(softmax), log(sum(exp)), softmax, log(1 + x), exp(x) − 1, x·log x,
// 1 / (1 + exp(−x)). Runs before differentiation, so that the derivatives come from the stable forms, and
// after it, when marks no longer hide the patterns. Never looks across a `clamp`: who clamps wants that very
// gradient. (Blanchard, Higham and Higham, "Accurately computing the log-sum-exp and softmax functions",
// 2021.)
#include <algorithm>
#include <array>

#include "ir/op.h"
#include "passes/rewrite.h"

namespace gradus {

namespace {

using Operands = const std::vector<Value>&;

// log(sigmoid(z)) = −softplus(−z)
Value log_sigmoid(Peephole& p, Value z) { return p.make("neg", {p.make("softplus", {p.make("neg", {z})})}); }

const Node* through_broadcast(const Peephole& p, Value value, std::string_view op) {
  while (true) {
    if (const Node* node = p.as(value, op)) return node;
    const Node* outer = p.as(value, "broadcast");
    if (!outer) outer = p.as(value, "reshape");
    // The shift that this pass subtracts is held constant.
    if (!outer) outer = p.as(value, "stop_gradient");
    if (!outer) return nullptr;
    value = outer->operands[0];
  }
}

// Whether an exponent has its maximum subtracted already.
bool is_shifted(const Peephole& p, Value exponent) {
  const Node* difference = p.as(exponent, "sub");
  return difference && through_broadcast(p, difference->operands[1], "max") != nullptr;
}

Value log_rule(Peephole& p, Value x) {
  if (const Node* node = p.as(x, "sigmoid")) return log_sigmoid(p, node->operands[0]);
  if (const Node* node = p.as(x, "sub"); node && p.is_splat(node->operands[0], 1))
    if (const Node* inner = p.as(node->operands[1], "sigmoid"))
      return p.make("neg", {p.make("softplus", {inner->operands[0]})});
  if (const Node* node = p.as(x, "div")) {
    const std::vector<Value> operands = node->operands;
    if (const Node* power = p.as(operands[0], "exp"))
      return p.make("sub", {power->operands[0], p.make("log", {operands[1]})});
  }
  if (const Node* node = p.as(x, "broadcast")) {
    const std::vector<Value> operands = node->operands;
    const Attributes attributes = node->attributes;
    return p.make("broadcast", {p.make("log", operands)}, attributes);
  }
  if (const Node* node = p.as(x, "reshape")) {
    const std::vector<Value> operands = node->operands;
    const Attributes attributes = node->attributes;
    return p.make("reshape", {p.make("log", operands)}, attributes);
  }
  if (const Node* total = p.as(x, "sum"))
    if (const Node* power = p.as(total->operands[0], "exp"); power && !is_shifted(p, power->operands[0])) {
      const Attributes axes = total->attributes;
      const Value exponent = power->operands[0];
      const Value largest = p.make("stop_gradient", {p.make("max", {exponent}, axes)});
      std::vector<int64_t> kept;
      const std::vector<int64_t>& reduced = axes.integers("axes");
      for (int64_t axis = 0; axis < p.type(exponent).rank(); ++axis)
        if (std::find(reduced.begin(), reduced.end(), axis) == reduced.end()) kept.push_back(axis);
      const Value shift = build::broadcast(p.builder(), largest, p.type(exponent).shape, kept);
      const Value sum = p.make("sum", {p.make("exp", {p.make("sub", {exponent, shift})})}, axes);
      return p.make("add", {largest, p.make("log", {sum})});
    }
  if (const Node* node = p.as(x, "add"))
    for (size_t i = 0; i < 2; ++i)
      if (p.is_splat(node->operands[i], 1)) return p.make("log1p", {node->operands[1 - i]});
  return {};
}

Value log1p_rule(Peephole& p, Value x) {
  const Node* power = p.as(x, "exp");
  return power ? p.make("softplus", {power->operands[0]}) : Value{};
}

// exp(a) / sum(exp(a)): subtract the maximum first.
Value softmax_rule(Peephole& p, Operands x) {
  const Node* power = p.as(x[0], "exp");
  if (!power || is_shifted(p, power->operands[0])) return {};
  const Node* total = through_broadcast(p, x[1], "sum");
  if (!total || total->operands[0] != x[0]) return {};
  const Value exponent = power->operands[0];
  const Attributes axes = total->attributes;
  const std::vector<int64_t> reduced = axes.integers("axes");
  std::vector<int64_t> kept;
  for (int64_t axis = 0; axis < p.type(exponent).rank(); ++axis)
    if (std::find(reduced.begin(), reduced.end(), axis) == reduced.end()) kept.push_back(axis);
  const Shape shape = p.type(exponent).shape;
  const Value largest = p.make("stop_gradient", {p.make("max", {exponent}, axes)});
  const Value shifted =
      p.make("exp", {p.make("sub", {exponent, build::broadcast(p.builder(), largest, shape, kept)})});
  const Value sum = p.make("sum", {shifted}, axes);
  return p.make("div", {shifted, build::broadcast(p.builder(), sum, shape, kept)});
}

// 1 / (1 + exp(−z)) = sigmoid(z)
Value sigmoid_rule(Peephole& p, Operands x) {
  if (!p.is_splat(x[0], 1)) return {};
  const Node* sum = p.as(x[1], "add");
  if (!sum) return {};
  for (size_t i = 0; i < 2; ++i) {
    if (!p.is_splat(sum->operands[i], 1)) continue;
    if (const Node* power = p.as(sum->operands[1 - i], "exp"))
      return p.make("sigmoid", {p.make("neg", {power->operands[0]})});
  }
  return {};
}

Value double_negative(Peephole& p, Operands x) {
  const Node* node = p.as(x[0], "neg");
  return node ? node->operands[0] : Value{};
}

// x·log x with 0·log 0 = 0.
Value entropy_rule(Peephole& p, Operands x) {
  for (size_t i = 0; i < 2; ++i) {
    const Node* logarithm = p.as(x[i], "log");
    const Value other = x[1 - i];
    if (!logarithm || logarithm->operands[0] != other) continue;
    const Value is_zero = p.make("equal", {other, p.constant_like(other, 0)});
    const Value safe = p.make("select", {is_zero, p.constant_like(other, 1), other});
    return p.make("mul", {other, p.make("log", {safe})});
  }
  return {};
}

Value stable_form(Peephole& p, std::string_view op, Operands x, const Attributes&) {
  if (x.empty() || !is_float(p.type(x[0]).element)) return {};
  if (op == "log") return log_rule(p, x[0]);
  if (op == "log1p") return log1p_rule(p, x[0]);
  if (op == "neg") return double_negative(p, x);
  if (op == "mul") return entropy_rule(p, x);
  if (op == "sub" && p.is_splat(x[1], 1))
    if (const Node* power = p.as(x[0], "exp")) return p.make("expm1", {power->operands[0]});
  if (op == "div") {
    if (Value value = softmax_rule(p, x)) return value;
    return sigmoid_rule(p, x);
  }
  return {};
}

constexpr std::array<Peephole::Rule, 1> rules = {stable_form};

}  // namespace

Graph stabilize(const Graph& graph, PassContext& context) {
  return rewrite(graph, "stabilize", rules, nullptr, context);
}

}  // namespace gradus
