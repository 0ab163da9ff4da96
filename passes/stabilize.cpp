// stabilize: rewrites formulas that overflow or cancel into ones that do not.
//
// log(sigmoid), log(1 − sigmoid), log(softmax), log(sum(exp)), softmax, log(exp x), log(exp(x) · b), log(1 +
// x), exp(x) − 1, x·log x, 1 / (1 + exp(−x)). Runs before differentiation, so that the derivatives come from
// the stable forms, and after it, when marks no longer hide the patterns. Never looks across a `clamp`: who
// clamps wants that very gradient. A finite result stays what it is to the rounding of the terms that it
// becomes the sum of, and so do the infinities that have a meaning: log(sum(exp)) of −∞ alone is −∞, with +∞
// among them it is +∞. (Blanchard, Higham and Higham, "Accurately computing the log-sum-exp and softmax
// functions", 2021.)
#include <algorithm>
#include <array>
#include <cmath>

#include "ir/op.h"
#include "passes/rewrite.h"

namespace gradus {

namespace {

using Operands = const std::vector<Value>&;
using Axes = std::vector<int64_t>;

// log(sigmoid(z)) = −softplus(−z)
Value log_sigmoid(Peephole& p, Value z) { return p.make("neg", {p.make("softplus", {p.make("neg", {z})})}); }

Axes kept_axes(const Shape& shape, const Axes& reduced) {
  Axes kept;
  for (int64_t axis = 0; axis < static_cast<int64_t>(shape.size()); ++axis)
    if (std::find(reduced.begin(), reduced.end(), axis) == reduced.end()) kept.push_back(axis);
  return kept;
}

// A row of nothing has no largest exponent.
bool has_largest(const Shape& shape, const Axes& reduced) {
  return std::none_of(reduced.begin(), reduced.end(),
                      [&](int64_t axis) { return shape[static_cast<size_t>(axis)] == 0; });
}

// The largest exponent of each row; 0 where that is not finite, since ∞ − ∞ is no number.
Value shift_of(Peephole& p, Value exponent, const Axes& reduced) {
  const Value largest = p.make("stop_gradient", {p.make("max", {exponent}, {{"axes", reduced}})});
  return p.make("select", {p.make("is_finite", {largest}), largest, p.constant_like(largest, 0)});
}

Value spread_over_rows(Peephole& p, Value value, const Shape& shape, const Axes& reduced) {
  return build::broadcast(p.builder(), value, shape, kept_axes(shape, reduced));
}

// Whether `value` is the largest of each row of `exponent`: as `shift_of` makes it, or as a user writes it.
bool is_shift(const Peephole& p, Value value, Value exponent, const Axes& reduced) {
  if (const Node* guarded = p.as(value, "select")) {
    const Node* condition = p.as(guarded->operands[0], "is_finite");
    if (!condition || condition->operands[0] != guarded->operands[1] || !p.is_splat(guarded->operands[2], 0))
      return false;
    value = guarded->operands[1];
  }
  if (const Node* constant = p.as(value, "stop_gradient")) value = constant->operands[0];
  const Node* largest = p.as(value, "max");
  return largest && largest->operands[0] == exponent && largest->attributes.integers("axes") == reduced;
}

// Whether an exponent has the largest of its row subtracted already.
bool is_shifted(const Peephole& p, Value exponent, const Axes& reduced) {
  const Node* difference = p.as(exponent, "sub");
  if (!difference) return false;
  const Value shift = p.spread_of(difference->operands[1], Peephole::Stops::passed)
                          .source_along(kept_axes(p.type(exponent).shape, reduced));
  return shift && is_shift(p, shift, difference->operands[0], reduced);
}

// log(sum(exp(a))) = largest + log(sum(exp(a − largest)))
Value log_sum_exp(Peephole& p, Value total) {
  const Node* sum = p.as(total, "sum");
  const Node* power = sum ? p.as(sum->operands[0], "exp") : nullptr;
  if (!power) return {};
  const Axes reduced = sum->attributes.integers("axes");
  const Value exponent = power->operands[0];
  if (!has_largest(p.type(exponent).shape, reduced) || is_shifted(p, exponent, reduced)) return {};
  const Value shift = shift_of(p, exponent, reduced);
  const Value wide = spread_over_rows(p, shift, p.type(exponent).shape, reduced);
  const Value rest = p.make("sum", {p.make("exp", {p.make("sub", {exponent, wide})})}, {{"axes", reduced}});
  return p.make("add", {shift, p.make("log", {rest})});
}

// log(exp(a) · b) = a + log b of a known positive b, which `simplify` makes of a division by a power of two.
Value log_of_scaled_power(Peephole& p, Value x) {
  const Node* product = p.as(x, "mul");
  if (!product) return {};
  for (size_t i = 0; i < 2; ++i) {
    const Value factor = product->operands[1 - i];
    const std::optional<double> known = p.splat(factor);
    const Node* power = p.as(product->operands[i], "exp");
    if (power && known && *known > 0 && std::isfinite(*known))
      return p.make("add", {power->operands[0], p.make("log", {factor})});
  }
  return {};
}

Value log_rule(Peephole& p, Value x) {
  if (const Node* node = p.as(x, "exp")) return node->operands[0];
  if (const Node* node = p.as(x, "sigmoid")) return log_sigmoid(p, node->operands[0]);
  if (const Node* node = p.as(x, "sub"); node && p.is_splat(node->operands[0], 1))
    if (const Node* inner = p.as(node->operands[1], "sigmoid"))
      return p.make("neg", {p.make("softplus", {inner->operands[0]})});
  // exp(a) / -0 is -infinity, which has no logarithm.
  if (const Node* node = p.as(x, "div"); node && p.has_sign(node->operands[1], Sign::unsigned_zero)) {
    const Value divisor = node->operands[1];
    if (const Node* power = p.as(node->operands[0], "exp"))
      return p.make("sub", {power->operands[0], p.make("log", {divisor})});
  }
  if (const Value value = log_of_scaled_power(p, x)) return value;
  for (std::string_view op : {"broadcast", "reshape"})
    if (const Node* node = p.as(x, op)) {
      const std::vector<Value> operands = node->operands;
      const Attributes attributes = node->attributes;
      return p.make(op, {p.make("log", operands)}, attributes);
    }
  if (Value value = log_sum_exp(p, x)) return value;
  if (const Node* node = p.as(x, "add"))
    for (size_t i = 0; i < 2; ++i)
      if (p.is_splat(node->operands[i], 1)) return p.make("log1p", {node->operands[1 - i]});
  return {};
}

Value log1p_rule(Peephole& p, Value x) {
  const Node* power = p.as(x, "exp");
  return power ? p.make("softplus", {power->operands[0]}) : Value{};
}

// exp(a) / sum(exp(a)), each row by its own sum: subtract the largest first.
Value softmax_rule(Peephole& p, Operands x) {
  const Node* power = p.as(x[0], "exp");
  if (!power) return {};
  const Value exponent = power->operands[0];
  const Shape shape = p.type(exponent).shape;
  Axes reduced;
  const Value total = p.spread_of(x[1]).source_where([&](Value source) -> std::optional<Axes> {
    const Node* sum = p.as(source, "sum");
    if (!sum || sum->operands[0] != x[0]) return std::nullopt;
    reduced = sum->attributes.integers("axes");
    return kept_axes(shape, reduced);
  });
  if (!total || !has_largest(shape, reduced) || is_shifted(p, exponent, reduced)) return {};
  const Value wide = spread_over_rows(p, shift_of(p, exponent, reduced), shape, reduced);
  const Value shifted = p.make("exp", {p.make("sub", {exponent, wide})});
  const Value sum = p.make("sum", {shifted}, {{"axes", reduced}});
  return p.make("div", {shifted, spread_over_rows(p, sum, shape, reduced)});
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
