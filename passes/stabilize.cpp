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
Value log_sigmoid(Peephole& p, Value z) {
  return p.make(OpId::neg, {p.make(OpId::softplus, {p.make(OpId::neg, {z})})});
}

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
  const Value largest = p.make(OpId::stop_gradient, {p.make(OpId::max, {exponent}, {{"axes", reduced}})});
  return p.make(OpId::select, {p.make(OpId::is_finite, {largest}), largest, p.constant_like(largest, 0)});
}

Value spread_over_rows(Peephole& p, Value value, const Shape& shape, const Axes& reduced) {
  return build::broadcast(p.builder(), value, shape, kept_axes(shape, reduced));
}

// Whether `value` is the largest of each row of `exponent`: as `shift_of` makes it, or as a user writes it.
bool is_shift(const Peephole& p, Value value, Value exponent, const Axes& reduced) {
  if (const Node* guarded = p.as(value, OpId::select)) {
    const Node* condition = p.as(guarded->operands[0], OpId::is_finite);
    if (!condition || condition->operands[0] != guarded->operands[1] || !p.is_splat(guarded->operands[2], 0))
      return false;
    value = guarded->operands[1];
  }
  if (const Node* constant = p.as(value, OpId::stop_gradient)) value = constant->operands[0];
  const Node* largest = p.as(value, OpId::max);
  return largest && largest->operands[0] == exponent && largest->attributes.integers("axes") == reduced;
}

// Whether an exponent has the largest of its row subtracted already.
bool is_shifted(const Peephole& p, Value exponent, const Axes& reduced) {
  const Node* difference = p.as(exponent, OpId::sub);
  if (!difference) return false;
  const Value shift = p.spread_of(difference->operands[1], Peephole::Stops::passed)
                          .source_along(kept_axes(p.type(exponent).shape, reduced));
  return shift && is_shift(p, shift, difference->operands[0], reduced);
}

// log(sum(exp(a))) = largest + log(sum(exp(a − largest)))
Value log_sum_exp(Peephole& p, Value total) {
  const Node* sum = p.as(total, OpId::sum);
  const Node* power = sum ? p.as(sum->operands[0], OpId::exp) : nullptr;
  if (!power) return {};
  const Axes reduced = sum->attributes.integers("axes");
  const Value exponent = power->operands[0];
  if (!has_largest(p.type(exponent).shape, reduced) || is_shifted(p, exponent, reduced)) return {};
  const Value shift = shift_of(p, exponent, reduced);
  const Value wide = spread_over_rows(p, shift, p.type(exponent).shape, reduced);
  const Value rest =
      p.make(OpId::sum, {p.make(OpId::exp, {p.make(OpId::sub, {exponent, wide})})}, {{"axes", reduced}});
  return p.make(OpId::add, {shift, p.make(OpId::log, {rest})});
}

// log(exp(a) · b) = a + log b of a known positive b, which `simplify` makes of a division by a power of two.
Value log_of_scaled_power(Peephole& p, Value x) {
  const Node* product = p.as(x, OpId::mul);
  if (!product) return {};
  for (size_t i = 0; i < 2; ++i) {
    const Value factor = product->operands[1 - i];
    const std::optional<double> known = p.splat(factor);
    const Node* power = p.as(product->operands[i], OpId::exp);
    if (power && known && *known > 0 && std::isfinite(*known))
      return p.make(OpId::add, {power->operands[0], p.make(OpId::log, {factor})});
  }
  return {};
}

Value log_rule(Peephole& p, Value x) {
  if (const Node* node = p.as(x, OpId::exp)) return node->operands[0];
  if (const Node* node = p.as(x, OpId::sigmoid)) return log_sigmoid(p, node->operands[0]);
  if (const Node* node = p.as(x, OpId::sub); node && p.is_splat(node->operands[0], 1))
    if (const Node* inner = p.as(node->operands[1], OpId::sigmoid))
      return p.make(OpId::neg, {p.make(OpId::softplus, {inner->operands[0]})});
  // exp(a) / -0 is -infinity, which has no logarithm.
  if (const Node* node = p.as(x, OpId::div); node && p.has_sign(node->operands[1], Sign::unsigned_zero)) {
    const Value divisor = node->operands[1];
    if (const Node* power = p.as(node->operands[0], OpId::exp))
      return p.make(OpId::sub, {power->operands[0], p.make(OpId::log, {divisor})});
  }
  if (const Value value = log_of_scaled_power(p, x)) return value;
  for (OpId op : {OpId::broadcast, OpId::reshape})
    if (const Node* node = p.as(x, op)) {
      const std::vector<Value> operands = node->operands;
      const Attributes attributes = node->attributes;
      return p.make(op, {p.make(OpId::log, operands)}, attributes);
    }
  if (Value value = log_sum_exp(p, x)) return value;
  if (const Node* node = p.as(x, OpId::add))
    for (size_t i = 0; i < 2; ++i)
      if (p.is_splat(node->operands[i], 1)) return p.make(OpId::log1p, {node->operands[1 - i]});
  return {};
}

Value log1p_rule(Peephole& p, Value x) {
  const Node* power = p.as(x, OpId::exp);
  return power ? p.make(OpId::softplus, {power->operands[0]}) : Value{};
}

// exp(a) / sum(exp(a)), each row by its own sum: subtract the largest first.
Value softmax_rule(Peephole& p, Operands x) {
  const Node* power = p.as(x[0], OpId::exp);
  if (!power) return {};
  const Value exponent = power->operands[0];
  const Shape shape = p.type(exponent).shape;
  Axes reduced;
  const Value total = p.spread_of(x[1]).source_where([&](Value source) -> std::optional<Axes> {
    const Node* sum = p.as(source, OpId::sum);
    if (!sum || sum->operands[0] != x[0]) return std::nullopt;
    reduced = sum->attributes.integers("axes");
    return kept_axes(shape, reduced);
  });
  if (!total || !has_largest(shape, reduced) || is_shifted(p, exponent, reduced)) return {};
  const Value wide = spread_over_rows(p, shift_of(p, exponent, reduced), shape, reduced);
  const Value shifted = p.make(OpId::exp, {p.make(OpId::sub, {exponent, wide})});
  const Value sum = p.make(OpId::sum, {shifted}, {{"axes", reduced}});
  return p.make(OpId::div, {shifted, spread_over_rows(p, sum, shape, reduced)});
}

// 1 / (1 + exp(−z)) = sigmoid(z)
Value sigmoid_rule(Peephole& p, Operands x) {
  if (!p.is_splat(x[0], 1)) return {};
  const Node* sum = p.as(x[1], OpId::add);
  if (!sum) return {};
  for (size_t i = 0; i < 2; ++i) {
    if (!p.is_splat(sum->operands[i], 1)) continue;
    if (const Node* power = p.as(sum->operands[1 - i], OpId::exp))
      return p.make(OpId::sigmoid, {p.make(OpId::neg, {power->operands[0]})});
  }
  return {};
}

Value double_negative(Peephole& p, Operands x) {
  const Node* node = p.as(x[0], OpId::neg);
  return node ? node->operands[0] : Value{};
}

// x·log x with 0·log 0 = 0.
Value entropy_rule(Peephole& p, Operands x) {
  for (size_t i = 0; i < 2; ++i) {
    const Node* logarithm = p.as(x[i], OpId::log);
    const Value other = x[1 - i];
    if (!logarithm || logarithm->operands[0] != other) continue;
    const Value is_zero = p.make(OpId::equal, {other, p.constant_like(other, 0)});
    const Value safe = p.make(OpId::select, {is_zero, p.constant_like(other, 1), other});
    return p.make(OpId::mul, {other, p.make(OpId::log, {safe})});
  }
  return {};
}

Value stable_form(Peephole& p, OpId op, Operands x, const Attributes&) {
  if (x.empty() || !is_float(p.type(x[0]).element)) return {};
  if (op == OpId::log) return log_rule(p, x[0]);
  if (op == OpId::log1p) return log1p_rule(p, x[0]);
  if (op == OpId::neg) return double_negative(p, x);
  if (op == OpId::mul) return entropy_rule(p, x);
  if (op == OpId::sub && p.is_splat(x[1], 1))
    if (const Node* power = p.as(x[0], OpId::exp)) return p.make(OpId::expm1, {power->operands[0]});
  if (op == OpId::div) {
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
