// Identities of elementwise ops that hold bit by bit for every number, infinities, NaN and the sign of zero
// included, or that are for what obeys the algebra of real numbers (Peephole::obeys_algebra).
#include <cmath>
#include <limits>

#include "ir/op.h"
#include "passes/simplify_rules.h"

namespace gradus::simplify_rules {

namespace {

using Operands = const std::vector<Value>&;

// Neither 0, subnormal nor beyond the range of the type.
bool is_normal(double number, ElementType element) {
  constexpr double smallest_f16 = 0x1p-14, largest_f16 = 65504;
  constexpr double largest_bf16 = 0x1.fep127;
  const double size = std::abs(number);
  switch (element) {
    case ElementType::f64:
      return std::isnormal(number);
    case ElementType::f32:
      return size >= static_cast<double>(std::numeric_limits<float>::min()) &&
             size <= static_cast<double>(std::numeric_limits<float>::max());
    case ElementType::bf16:
      return size >= static_cast<double>(std::numeric_limits<float>::min()) && size <= largest_bf16;
    case ElementType::f16:
      return size >= smallest_f16 && size <= largest_f16;
    default:
      return false;
  }
}

bool is_negative_zero(const Peephole& p, Value value) {
  const std::optional<double> number = p.splat(value);
  return number && *number == 0 && std::signbit(*number);
}

Value add(Peephole& p, Operands x) {
  if (p.obeys_algebra(x[0])) {
    if (p.is_splat(x[0], 0)) return x[1];
    if (p.is_splat(x[1], 0)) return x[0];
  }
  for (size_t i = 0; i < 2; ++i)
    if (is_negative_zero(p, x[i])) return x[1 - i];
  if (x[0] == x[1]) return p.make(OpId::mul, {x[0], p.constant_like(x[0], 2)});
  if (const Node* negated = p.as(x[1], OpId::neg)) return p.make(OpId::sub, {x[0], negated->operands[0]});
  if (const Node* negated = p.as(x[0], OpId::neg)) return p.make(OpId::sub, {x[1], negated->operands[0]});
  return {};
}

Value sub(Peephole& p, Operands x) {
  const bool algebra = p.obeys_algebra(x[0]);
  if (p.is_splat(x[1], 0) && (algebra || !is_negative_zero(p, x[1]))) return x[0];
  if (algebra && x[0] == x[1]) return p.constant_like(x[0], 0);
  if (p.is_splat(x[0], 0) && (algebra || is_negative_zero(p, x[0]))) return p.make(OpId::neg, {x[1]});
  if (const Node* negated = p.as(x[1], OpId::neg)) return p.make(OpId::add, {x[0], negated->operands[0]});
  return {};
}

bool is_power_of_two(double number) {
  int exponent = 0;
  return std::abs(std::frexp(number, &exponent)) == 0.5;
}

// Whether (x · a) · b may be x · ab. The product of the constants is a normal number, and where x · a leaves
// the range of normal numbers so does the result, at the same end: both constants make x smaller, or both
// make it larger and x · a is exact, for a subnormal x loses bits otherwise. A derivative may become finite.
bool may_join_factors(const Peephole& p, double a, double b, Value like) {
  if (!is_normal(a * b, p.type(like).element)) return false;
  const double first = std::abs(a), second = std::abs(b);
  if (p.obeys_algebra(like)) return second <= 1 || first >= 1;
  return (first <= 1 && second <= 1) || (first >= 1 && second >= 1 && is_power_of_two(a));
}

Value mul(Peephole& p, Operands x) {
  for (size_t i = 0; i < 2; ++i) {
    const Value other = x[1 - i];
    if (p.is_splat(x[i], 1)) return other;
    if (p.is_splat(x[i], 0) && p.obeys_algebra(other)) return p.constant_like(other, 0);
    if (p.is_splat(x[i], -1)) return p.make(OpId::neg, {other});
  }
  if (!is_float(p.type(x[0]).element)) return {};
  // One constant at the end: (x * 2) * 3 = x * 6, 2 * x = x * 2.
  if (p.splat(x[0]) && !p.splat(x[1])) return p.make(OpId::mul, {x[1], x[0]});
  if (const std::optional<double> outer = p.splat(x[1]))
    if (const Node* inner = p.as(x[0], OpId::mul))
      if (const std::optional<double> first = p.splat(inner->operands[1]);
          first && may_join_factors(p, *first, *outer, x[0])) {
        const std::vector<Value> operands = inner->operands;
        return p.make(OpId::mul, {operands[0], p.make(OpId::mul, {operands[1], x[1]})});
      }
  for (size_t i = 0; i < 2; ++i) {
    const Value other = x[1 - i];
    if (const Node* negated = p.as(x[i], OpId::neg)) {
      const Value inner = negated->operands[0];
      if (p.splat(other)) return p.make(OpId::mul, {inner, p.make(OpId::neg, {other})});
      return p.make(OpId::neg, {p.make(OpId::mul, {inner, other})});
    }
  }
  return {};
}

Value div(Peephole& p, Operands x) {
  if (p.is_splat(x[1], 1)) return x[0];
  const ElementType element = p.type(x[0]).element;
  if (!is_float(element)) return {};
  // Division by a power of two is exact as a product.
  if (const std::optional<double> divisor = p.splat(x[1])) {
    if (is_power_of_two(*divisor) && is_normal(*divisor, element) && is_normal(1 / *divisor, element))
      return p.make(OpId::mul, {x[0], p.constant_like(x[0], 1 / *divisor)});
  }
  if (const Node* negated = p.as(x[0], OpId::neg))
    return p.make(OpId::neg, {p.make(OpId::div, {negated->operands[0], x[1]})});
  return {};
}

Value power(Peephole& p, Operands x) {
  const std::optional<double> exponent = p.splat(x[1]);
  if (!exponent) return {};
  if (*exponent == 0) return p.constant_like(x[0], 1);
  if (*exponent == 1) return x[0];
  if (*exponent == 2) return p.make(OpId::mul, {x[0], x[0]});
  if (*exponent == 3) return p.make(OpId::mul, {p.make(OpId::mul, {x[0], x[0]}), x[0]});
  if (!is_float(p.type(x[0]).element)) return {};
  // pow takes -inf to inf and -0 to 0, which sqrt does not.
  if (*exponent == 0.5 && p.has_sign(x[0], Sign::non_negative))
    return p.make(OpId::sqrt, {p.make(OpId::add, {x[0], p.constant_like(x[0], 0)})});
  if (*exponent == -1) return p.make(OpId::div, {p.constant_like(x[0], 1), x[0]});
  return {};
}

Value select(Peephole& p, Operands x) {
  if (x[1] == x[2]) return x[1];
  if (const std::optional<double> condition = p.splat(x[0])) return *condition != 0 ? x[1] : x[2];
  if (const Node* negated = p.as(x[0], OpId::logical_not))
    return p.make(OpId::select, {negated->operands[0], x[2], x[1]});
  return {};
}

Value inverse(Peephole& p, OpId inner, Operands x) {
  const Node* node = p.as(x[0], inner);
  return node ? node->operands[0] : Value{};
}

Value unary(Peephole& p, OpId op, Operands x) {
  if (op == OpId::neg) {
    if (Value value = inverse(p, OpId::neg, x)) return value;
    // 0 - 0 is 0 on either side.
    if (const Node* node = p.as(x[0], OpId::sub); node && p.obeys_algebra(x[0])) {
      const std::vector<Value> operands = node->operands;
      return p.make(OpId::sub, {operands[1], operands[0]});
    }
  }
  if (op == OpId::logical_not) return inverse(p, OpId::logical_not, x);
  if (op == OpId::abs) {
    if (p.as(x[0], OpId::abs)) return x[0];
    // Negation wraps in u8, and abs takes nothing back there.
    if (const Node* node = p.as(x[0], OpId::neg); node && p.type(x[0]).element != ElementType::u8)
      return p.make(OpId::abs, {node->operands[0]});
  }
  return {};
}

Value cast(Peephole& p, Operands x, const Attributes& attributes) {
  return p.type(x[0]).element == attributes.element_type("to") ? x[0] : Value{};
}

}  // namespace

Value algebra(Peephole& p, OpId op, Operands x, const Attributes& attributes) {
  if (op == OpId::add) return add(p, x);
  if (op == OpId::sub) return sub(p, x);
  if (op == OpId::mul) return mul(p, x);
  if (op == OpId::div) return div(p, x);
  if (op == OpId::pow) return power(p, x);
  if (op == OpId::select) return select(p, x);
  if (op == OpId::cast) return cast(p, x, attributes);
  if (op == OpId::maximum || op == OpId::minimum) return x[0] == x[1] ? x[0] : Value{};
  if (x.size() == 1) return unary(p, op, x);
  return {};
}

}  // namespace gradus::simplify_rules
