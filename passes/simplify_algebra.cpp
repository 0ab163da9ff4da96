// Identities of elementwise ops.
#include <algorithm>
#include <cmath>

#include "ir/op.h"
#include "passes/simplify_rules.h"

namespace gradus::simplify_rules {

namespace {

using Operands = const std::vector<Value>&;

Value add(Peephole& p, Operands x) {
  if (p.is_splat(x[0], 0)) return x[1];
  if (p.is_splat(x[1], 0)) return x[0];
  if (x[0] == x[1]) return p.make("mul", {x[0], p.constant_like(x[0], 2)});
  if (const Node* negated = p.as(x[1], "neg")) return p.make("sub", {x[0], negated->operands[0]});
  if (const Node* negated = p.as(x[0], "neg")) return p.make("sub", {x[1], negated->operands[0]});
  return {};
}

Value sub(Peephole& p, Operands x) {
  if (p.is_splat(x[1], 0)) return x[0];
  if (x[0] == x[1]) return p.constant_like(x[0], 0);
  if (p.is_splat(x[0], 0)) return p.make("neg", {x[1]});
  if (const Node* negated = p.as(x[1], "neg")) return p.make("add", {x[0], negated->operands[0]});
  return {};
}

// x * select(c, 1, 0) = select(c, x, 0), and the like with zero on the other side.
Value mask(Peephole& p, Value x, Value factor) {
  const Node* node = p.as(factor, "select");
  if (!node) return {};
  const std::vector<Value> operands = node->operands;
  const bool first = p.is_splat(operands[1], 1) && p.is_splat(operands[2], 0);
  const bool second = p.is_splat(operands[1], 0) && p.is_splat(operands[2], 1);
  if (!first && !second) return {};
  const Value zero = p.constant_like(x, 0);
  return p.make("select", {operands[0], first ? x : zero, first ? zero : x});
}

Value mul(Peephole& p, Operands x) {
  for (size_t i = 0; i < 2; ++i) {
    const Value other = x[1 - i];
    if (p.is_splat(x[i], 1)) return other;
    if (p.is_splat(x[i], 0)) return x[i];
    if (p.is_splat(x[i], -1)) return p.make("neg", {other});
  }
  if (!is_float(p.type(x[0]).element)) return {};
  // One constant at the end: (x * 2) * 3 = x * 6, 2 * x = x * 2.
  if (p.splat(x[0]) && !p.splat(x[1])) return p.make("mul", {x[1], x[0]});
  if (p.splat(x[1]))
    if (const Node* inner = p.as(x[0], "mul"); inner && p.splat(inner->operands[1])) {
      const std::vector<Value> operands = inner->operands;
      return p.make("mul", {operands[0], p.make("mul", {operands[1], x[1]})});
    }
  for (size_t i = 0; i < 2; ++i) {
    const Value other = x[1 - i];
    if (const Node* negated = p.as(x[i], "neg")) {
      const Value inner = negated->operands[0];
      if (p.splat(other)) return p.make("mul", {inner, p.make("neg", {other})});
      return p.make("neg", {p.make("mul", {inner, other})});
    }
  }
  for (size_t i = 0; i < 2; ++i)
    if (Value masked = mask(p, x[1 - i], x[i])) return masked;
  return {};
}

Value div(Peephole& p, Operands x) {
  if (p.is_splat(x[1], 1)) return x[0];
  if (!is_float(p.type(x[0]).element)) return {};
  if (x[0] == x[1]) return p.constant_like(x[0], 1);
  if (p.is_splat(x[0], 0)) return x[0];
  // Division by a power of two is exact as a product.
  if (const std::optional<double> divisor = p.splat(x[1]);
      divisor && *divisor != 0 && std::isfinite(*divisor)) {
    int exponent = 0;
    if (std::abs(std::frexp(*divisor, &exponent)) == 0.5 && std::abs(exponent) < 64)
      return p.make("mul", {x[0], p.constant_like(x[0], 1 / *divisor)});
  }
  if (const Node* negated = p.as(x[0], "neg"))
    return p.make("neg", {p.make("div", {negated->operands[0], x[1]})});
  return {};
}

Value power(Peephole& p, Operands x) {
  const std::optional<double> exponent = p.splat(x[1]);
  if (!exponent) return {};
  if (*exponent == 0) return p.constant_like(x[0], 1);
  if (*exponent == 1) return x[0];
  if (*exponent == 2) return p.make("mul", {x[0], x[0]});
  if (*exponent == 3) return p.make("mul", {p.make("mul", {x[0], x[0]}), x[0]});
  if (!is_float(p.type(x[0]).element)) return {};
  if (*exponent == 0.5) return p.make("sqrt", {x[0]});
  if (*exponent == -1) return p.make("div", {p.constant_like(x[0], 1), x[0]});
  return {};
}

Value select(Peephole& p, Operands x) {
  if (x[1] == x[2]) return x[1];
  if (const std::optional<double> condition = p.splat(x[0])) return *condition != 0 ? x[1] : x[2];
  if (const Node* negated = p.as(x[0], "logical_not"))
    return p.make("select", {negated->operands[0], x[2], x[1]});
  return {};
}

Value inverse(Peephole& p, std::string_view inner, Operands x) {
  const Node* node = p.as(x[0], inner);
  return node ? node->operands[0] : Value{};
}

Value unary(Peephole& p, std::string_view op, Operands x) {
  if (op == "neg") {
    if (Value value = inverse(p, "neg", x)) return value;
    if (const Node* node = p.as(x[0], "sub")) {
      const std::vector<Value> operands = node->operands;
      return p.make("sub", {operands[1], operands[0]});
    }
  }
  if (op == "log") return inverse(p, "exp", x);
  if (op == "exp") return inverse(p, "log", x);
  if (op == "logical_not") return inverse(p, "logical_not", x);
  if (op == "abs") {
    if (p.as(x[0], "abs")) return x[0];
    if (const Node* node = p.as(x[0], "neg")) return p.make("abs", {node->operands[0]});
  }
  return {};
}

Value cast(Peephole& p, Operands x, const Attributes& attributes) {
  return p.type(x[0]).element == attributes.element_type("to") ? x[0] : Value{};
}

}  // namespace

Value algebra(Peephole& p, std::string_view op, Operands x, const Attributes& attributes) {
  if (op == "add") return add(p, x);
  if (op == "sub") return sub(p, x);
  if (op == "mul") return mul(p, x);
  if (op == "div") return div(p, x);
  if (op == "pow") return power(p, x);
  if (op == "select") return select(p, x);
  if (op == "cast") return cast(p, x, attributes);
  if (op == "maximum" || op == "minimum") return x[0] == x[1] ? x[0] : Value{};
  if (x.size() == 1) return unary(p, op, x);
  return {};
}

namespace {

// A product as factors above and below the line.
struct Product {
  bool negative = false;
  std::vector<Value> above;
  std::vector<Value> below;
};

void decompose(const Peephole& p, Value value, bool below, int depth, Product& product) {
  if (depth > 0) {
    if (const Node* node = p.as(value, "mul")) {
      for (Value factor : node->operands) decompose(p, factor, below, depth - 1, product);
      return;
    }
    if (const Node* node = p.as(value, "div")) {
      decompose(p, node->operands[0], below, depth - 1, product);
      decompose(p, node->operands[1], !below, depth - 1, product);
      return;
    }
    if (const Node* node = p.as(value, "neg")) {
      product.negative = !product.negative;
      decompose(p, node->operands[0], below, depth - 1, product);
      return;
    }
  }
  if (!p.is_splat(value, 1)) (below ? product.below : product.above).push_back(value);
}

constexpr int decompose_depth = 4;

bool cancel(Product& product) {
  bool changed = false;
  for (size_t i = 0; i < product.below.size();) {
    auto match = std::find(product.above.begin(), product.above.end(), product.below[i]);
    if (match == product.above.end()) {
      ++i;
      continue;
    }
    product.above.erase(match);
    product.below.erase(product.below.begin() + static_cast<std::ptrdiff_t>(i));
    changed = true;
  }
  return changed;
}

Value compose(Peephole& p, const Product& product, Value like) {
  auto multiply = [&](const std::vector<Value>& factors) {
    Value result;
    for (Value factor : factors) result = result ? p.make("mul", {result, factor}) : factor;
    return result ? result : p.constant_like(like, 1);
  };
  Value result = multiply(product.above);
  if (!product.below.empty()) result = p.make("div", {result, multiply(product.below)});
  return product.negative ? p.make("neg", {result}) : result;
}

// Whether every divisor of `value` is a factor of `product`.
bool divisors_cancel(const Peephole& p, Value value, const Product& product) {
  Product parts;
  decompose(p, value, false, decompose_depth, parts);
  if (parts.below.empty()) return false;
  for (Value divisor : parts.below)
    if (std::find(product.above.begin(), product.above.end(), divisor) == product.above.end()) return false;
  return true;
}

// (a / p + b / q) * (p q): the derivative of cross-entropy meets that of the sigmoid.
Value distribute(Peephole& p, Value sum, Value factor) {
  for (std::string_view op : {"add", "sub"}) {
    const Node* node = p.as(sum, op);
    if (!node) continue;
    Product product;
    decompose(p, factor, false, decompose_depth, product);
    const std::vector<Value> terms = node->operands;
    if (!divisors_cancel(p, terms[0], product) || !divisors_cancel(p, terms[1], product)) return {};
    return p.make(op, {p.make("mul", {terms[0], factor}), p.make("mul", {terms[1], factor})});
  }
  return {};
}

}  // namespace

Value cancel_factors(Peephole& p, std::string_view op, Operands x, const Attributes&) {
  if ((op != "mul" && op != "div") || !is_float(p.type(x[0]).element)) return {};
  if (op == "mul")
    for (size_t i = 0; i < 2; ++i)
      if (Value value = distribute(p, x[i], x[1 - i])) return value;
  Product product;
  decompose(p, x[0], false, decompose_depth, product);
  decompose(p, x[1], op == "div", decompose_depth, product);
  if (product.below.empty() || !cancel(product)) return {};
  return compose(p, product, x[0]);
}

}  // namespace gradus::simplify_rules
