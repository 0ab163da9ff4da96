// Identities of real numbers, applied to derivatives only: they hold where operands are finite and ignore the
// sign of zero. What a user wrote keeps its IEEE meaning. No rule makes a finite result infinite: each
// computes nothing on the way that was not there before, save its result, unless a factor of at most 1 keeps
// it small.
#include <algorithm>

#include "ir/op.h"
#include "passes/simplify_rules.h"

namespace gradus::simplify_rules {

namespace {

using Operands = const std::vector<Value>&;

// x * select(c, 1, 0) = select(c, x, 0), and the like with zero on the other side.
Value mask(Peephole& p, Value x, Value factor) {
  const Node* node = p.as(factor, OpId::select);
  if (!node) return {};
  const std::vector<Value> operands = node->operands;
  const bool first = p.is_splat(operands[1], 1) && p.is_splat(operands[2], 0);
  const bool second = p.is_splat(operands[1], 0) && p.is_splat(operands[2], 1);
  if (!first && !second) return {};
  const Value zero = p.constant_like(x, 0);
  return p.make(OpId::select, {operands[0], first ? x : zero, first ? zero : x});
}

// ±above / below, or ±above · (1 / below) as rules of derivatives write it
struct Fraction {
  bool negative = false;
  Value above;
  Value below;
};

std::optional<Fraction> fraction(const Peephole& p, Value value) {
  Fraction result;
  while (const Node* negated = p.as(value, OpId::neg)) {
    result.negative = !result.negative;
    value = negated->operands[0];
  }
  if (const Node* node = p.as(value, OpId::div)) {
    result.above = node->operands[0];
    result.below = node->operands[1];
    return result;
  }
  if (const Node* node = p.as(value, OpId::mul))
    for (size_t i = 0; i < 2; ++i)
      if (const Node* inverse = p.as(node->operands[i], OpId::div);
          inverse && p.is_splat(inverse->operands[0], 1)) {
        result.above = node->operands[1 - i];
        result.below = inverse->operands[1];
        return result;
      }
  return std::nullopt;
}

Value with_sign(Peephole& p, bool negative, Value value) {
  return negative ? p.make(OpId::neg, {value}) : value;
}

// mul, or mul_no_nan where a mask is among the factors: what takes its place is such a product, too.
using Product = OpId;

// (a / p) · other, where p is a factor of `other` or what it is divided by: (a / p)(p q) = a q,
// (a / p)(p / q) = a / q.
Value cancel(Peephole& p, Product times, Value value, Value other) {
  if (const Node* node = p.as(value, OpId::neg)) {
    const Value inner = node->operands[0];
    const Value product = cancel(p, times, inner, other);
    return product ? p.make(OpId::neg, {product}) : Value{};
  }
  const std::optional<Fraction> left = fraction(p, value);
  if (!left) return {};
  if (other == left->below) return left->above;
  if (const Node* factors = p.as(other, OpId::mul))
    for (size_t i = 0; i < 2; ++i)
      if (factors->operands[i] == left->below) return p.make(times, {left->above, factors->operands[1 - i]});
  if (const std::optional<Fraction> right = fraction(p, other); right && right->above == left->below) {
    const Value rest =
        times == OpId::mul
            ? p.make(OpId::div, {left->above, right->below})
            : p.make(times, {left->above, p.make(OpId::div, {p.constant_like(other, 1), right->below})});
    return with_sign(p, right->negative, rest);
  }
  return {};
}

// Between 0 and 1 by the op that makes it.
bool is_probability(const Peephole& p, Value value) {
  if (p.as(value, OpId::sigmoid)) return true;
  const Node* rest = p.as(value, OpId::sub);
  return rest && p.is_splat(rest->operands[0], 1) && p.as(rest->operands[1], OpId::sigmoid);
}

// (a / p + b / q) · (p q) = a q + b p: the derivative of cross-entropy meets that of the sigmoid.
Value distribute(Peephole& p, Product times, Value sum, Value factor) {
  const Node* product = p.as(factor, OpId::mul);
  if (!product || !is_probability(p, product->operands[0]) || !is_probability(p, product->operands[1]))
    return {};
  for (OpId op : {OpId::add, OpId::sub}) {
    const Node* node = p.as(sum, op);
    if (!node) continue;
    const std::vector<Value> terms = node->operands;
    const Value first = cancel(p, times, terms[0], factor);
    const Value second = first ? cancel(p, times, terms[1], factor) : Value{};
    return second ? p.make(op, {first, second}) : Value{};
  }
  return {};
}

// select(c, a, 0) ⊗ s = select(c, a ⊗ s, 0)
Value masked(Peephole& p, Value x, Value factor) {
  const Node* node = p.as(x, OpId::select);
  if (!node) return {};
  const std::vector<Value> operands = node->operands;
  const bool first = p.is_splat(operands[2], 0);
  if (!first && !p.is_splat(operands[1], 0)) return {};
  const Value rest = p.make(OpId::mul_no_nan, {operands[first ? 1 : 2], factor});
  return p.make(OpId::select, {operands[0], first ? rest : operands[1], first ? operands[2] : rest});
}

Value product(Peephole& p, Product times, Operands x) {
  if (times == OpId::mul_no_nan)
    for (size_t i = 0; i < 2; ++i) {
      if (p.is_splat(x[i], 0)) return x[i];
      if (p.is_splat(x[i], 1)) return x[1 - i];
      if (Value rest = masked(p, x[i], x[1 - i])) return rest;
    }
  for (size_t i = 0; i < 2; ++i) {
    if (Value masked = mask(p, x[1 - i], x[i])) return masked;
    if (Value rest = cancel(p, times, x[i], x[1 - i])) return rest;
    if (Value sum = distribute(p, times, x[i], x[1 - i])) return sum;
  }
  return {};
}

Value quotient(Peephole& p, Operands x) {
  if (x[0] == x[1]) return p.constant_like(x[0], 1);
  if (p.is_splat(x[0], 0)) return p.constant_like(x[0], 0);
  if (const Node* node = p.as(x[0], OpId::mul))
    for (size_t i = 0; i < 2; ++i)
      if (node->operands[i] == x[1]) return node->operands[1 - i];
  return {};
}

}  // namespace

Value derivatives(Peephole& p, OpId op, Operands x, const Attributes&) {
  if (x.empty() || !is_float(p.type(x[0]).element) || !p.obeys_algebra(x[0])) return {};
  if (op == OpId::mul || op == OpId::mul_no_nan) return product(p, op, x);
  if (op == OpId::div) return quotient(p, x);
  if (op == OpId::exp)
    if (const Node* node = p.as(x[0], OpId::log)) return node->operands[0];
  return {};
}

}  // namespace gradus::simplify_rules
