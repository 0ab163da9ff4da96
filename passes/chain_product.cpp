#include "passes/chain_product.h"

#include <algorithm>
#include <cmath>

#include "ir/build.h"
#include "ir/ops/ops.h"

namespace gradus {

namespace {

bool is_any(const Op* op, std::initializer_list<const Op*> list) {
  return std::find(list.begin(), list.end(), op) != list.end();
}

template <typename Predicate>
bool some_element(const Node& constant, Predicate predicate) {
  if (const AttributeValue* value = constant.attributes.find("value")) {
    const double* number = std::get_if<double>(value);
    return number ? predicate(*number) : predicate(static_cast<double>(std::get<int64_t>(*value)));
  }
  const auto* numbers = std::get_if<std::vector<double>>(constant.attributes.find("values"));
  return numbers == nullptr || std::any_of(numbers->begin(), numbers->end(), predicate);
}

bool is_zero(const GraphBuilder& b, Value value) {
  const std::optional<double> known = build::known_splat(b, value);
  return known && *known == 0;
}

// select(condition, inner, 0)
struct Masked {
  Value condition;
  Value inner;
};

std::optional<Masked> as_masked(GraphBuilder& b, Value value) {
  const Node& node = b.node(value);
  if (node.op != &ops::select) return std::nullopt;
  const Value condition = node.operands[0], taken = node.operands[1], other = node.operands[2];
  if (is_zero(b, other)) return Masked{condition, taken};
  if (is_zero(b, taken)) return Masked{b.add(ops::logical_not, {condition}), other};
  return std::nullopt;
}

}  // namespace

Value ChainProduct::operator()(Value adjoint, Value slope) {
  if (std::optional<Masked> masked = as_masked(builder_, adjoint)) {
    // Masks within masks become one, so that a chain of n branches has n of them and not n².
    while (const std::optional<Masked> inner = as_masked(builder_, masked->inner))
      masked = Masked{builder_.add(ops::logical_and, {masked->condition, inner->condition}), inner->inner};
    const Value product = (*this)(masked->inner, slope);
    return build::select(builder_, masked->condition, product, build::zeros_like(builder_, product));
  }
  const Value product = times_quotient(adjoint, slope);
  return product ? product : plain(adjoint, slope);
}

Value ChainProduct::plain(Value adjoint, Value slope) {
  const Facts a = facts(adjoint), s = facts(slope);
  const bool nan = (a.vanishes && !s.finite) || (s.vanishes && !a.finite);
  return nan ? builder_.add(ops::mul_no_nan, {adjoint, slope}) : build::mul(builder_, adjoint, slope);
}

Value ChainProduct::times_quotient(Value adjoint, Value slope) {
  const Node node = builder_.node(slope);
  if (!node.derivative) return {};
  if (node.op == &ops::neg) {
    const Value product = times_quotient(adjoint, node.operands[0]);
    return product ? build::neg(builder_, product) : Value{};
  }
  if (node.op != &ops::div || build::known_splat(builder_, node.operands[0])) return {};
  const Value part = plain(adjoint, node.operands[0]);
  return plain(part, build::div(builder_, build::ones_like(builder_, slope), node.operands[1]));
}

const ChainProduct::Facts& ChainProduct::facts(Value value) {
  // Operands come first: one ascending walk, however deep the graph is.
  for (auto i = static_cast<uint32_t>(facts_.size()); i <= value.node; ++i)
    facts_.push_back(derive(builder_.node(i)));
  return facts_[value.node];
}

ChainProduct::Facts ChainProduct::derive(const Node& node) const {
  if (node.op == &ops::input) {
    const InputKind kind =
        builder_.graph().inputs()[static_cast<size_t>(node.attributes.integer("index"))].kind;
    return {in_body_, !in_body_ && (kind == InputKind::parameter || kind == InputKind::state)};
  }
  return {vanishes(node), finite(node)};
}

bool ChainProduct::vanishes(const Node& node) const {
  const Op* op = node.op;
  const auto operand = [&](Value value) { return facts_[value.node].vanishes; };
  if (op == &ops::constant) return some_element(node, [](double x) { return x == 0; });
  if (op == &ops::select)
    return is_zero(builder_, node.operands[1]) || is_zero(builder_, node.operands[2]) ||
           operand(node.operands[1]) || operand(node.operands[2]);
  if (op == &ops::cast)
    return !is_float(builder_.type(node.operands[0]).element) || operand(node.operands[0]);
  if (op == &ops::div) return operand(node.operands[0]);
  switch (op->family) {
    case OpFamily::elementwise:
      if (!is_any(op, {&ops::add, &ops::sub, &ops::mul, &ops::mul_no_nan, &ops::neg})) return false;
      [[fallthrough]];
    case OpFamily::contraction:
    case OpFamily::reduction:
      return std::any_of(node.operands.begin(), node.operands.end(), operand);
    case OpFamily::shape:
      return op == &ops::pad || std::any_of(node.operands.begin(), node.operands.end(), operand);
    case OpFamily::window:
    case OpFamily::indexed:
      return true;
    case OpFamily::random:
      return false;
    case OpFamily::control:
      return node.body || std::any_of(node.operands.begin(), node.operands.end(), operand);
  }
  return true;
}

bool ChainProduct::finite(const Node& node) const {
  const Op* op = node.op;
  if (op == &ops::constant) return !some_element(node, [](double x) { return !std::isfinite(x); });
  if (op == &ops::cast && !is_float(builder_.type(node.operands[0]).element)) return true;
  return op->traits.keeps_finite && std::all_of(node.operands.begin(), node.operands.end(), [&](Value value) {
           return !is_float(builder_.type(value).element) || facts_[value.node].finite;
         });
}

}  // namespace gradus
