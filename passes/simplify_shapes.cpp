// Shape ops cancel, move outwards through elementwise ops and out of reductions.
#include <algorithm>
#include <numeric>

#include "ir/evaluate/scalar.h"
#include "ir/op.h"
#include "passes/simplify_rules.h"

namespace gradus::simplify_rules {

namespace {

using Operands = const std::vector<Value>&;

Value splat_of_shape(Peephole& p, Value x, const Shape& shape) {
  const AttributeValue* number = p.known(x);
  if (!number) return {};
  return p.builder().add(OpId::constant, {},
                         {{"element", p.type(x).element}, {"shape", shape}, {"value", *number}});
}

bool all_equal_to(const std::vector<int64_t>& values, int64_t number) {
  return std::all_of(values.begin(), values.end(), [&](int64_t v) { return v == number; });
}

Value reshape(Peephole& p, Operands x, const Attributes& attributes) {
  const Shape& shape = attributes.integers("shape");
  if (p.type(x[0]).shape == shape) return x[0];
  if (Value constant = splat_of_shape(p, x[0], shape)) return constant;
  if (const Node* inner = p.as(x[0], OpId::reshape))
    return p.make(OpId::reshape, {inner->operands[0]}, attributes);
  return {};
}

Value transpose(Peephole& p, Operands x, const Attributes& attributes) {
  const std::vector<int64_t> dims = attributes.integers("dims");
  if (dims == build::all_axes(p.type(x[0]).shape)) return x[0];
  Shape shape(dims.size());
  for (size_t i = 0; i < dims.size(); ++i) shape[i] = p.type(x[0]).shape[static_cast<size_t>(dims[i])];
  if (Value constant = splat_of_shape(p, x[0], shape)) return constant;
  if (const Node* inner = p.as(x[0], OpId::transpose)) {
    const std::vector<int64_t>& first = inner->attributes.integers("dims");
    std::vector<int64_t> both(dims.size());
    for (size_t i = 0; i < dims.size(); ++i) both[i] = first[static_cast<size_t>(dims[i])];
    return p.make(OpId::transpose, {inner->operands[0]}, {{"dims", both}});
  }
  return {};
}

Value broadcast(Peephole& p, Operands x, const Attributes& attributes) {
  const Shape& shape = attributes.integers("shape");
  if (p.type(x[0]).shape == shape) return x[0];
  if (Value constant = splat_of_shape(p, x[0], shape)) return constant;
  const std::vector<int64_t>& dims = attributes.integers("dims");
  if (const Node* inner = p.as(x[0], OpId::broadcast)) {
    std::vector<int64_t> both;
    for (int64_t axis : inner->attributes.integers("dims")) both.push_back(dims[static_cast<size_t>(axis)]);
    return p.make(OpId::broadcast, {inner->operands[0]}, {{"shape", shape}, {"dims", both}});
  }
  return {};
}

Value slice(Peephole& p, Operands x, const Attributes& attributes) {
  const std::vector<int64_t>& start = attributes.integers("start");
  const std::vector<int64_t>& limit = attributes.integers("limit");
  const std::vector<int64_t>& stride = attributes.integers("stride");
  if (all_equal_to(start, 0) && limit == p.type(x[0]).shape && all_equal_to(stride, 1)) return x[0];
  if (!p.splat(x[0])) return {};
  const Value sliced = p.builder().add(OpId::slice, x, attributes);  // the op knows the shape
  return splat_of_shape(p, x[0], p.type(sliced).shape);
}

Value pad(Peephole&, Operands x, const Attributes& attributes) {
  const bool nothing = all_equal_to(attributes.integers("low"), 0) &&
                       all_equal_to(attributes.integers("high"), 0) &&
                       all_equal_to(attributes.integers("interior"), 0);
  return nothing ? x[0] : Value{};
}

// op(broadcast a, broadcast b, constant) = broadcast(op(a, b, constant)): less to compute.
Value sink_broadcast(Peephole& p, OpId op, Operands x, const Attributes& attributes) {
  const Node* first = nullptr;
  for (Value operand : x) {
    const Node* node = p.as(operand, OpId::broadcast);
    if (!node && !p.known(operand)) return {};
    if (!node) continue;
    if (first && (node->attributes.integers("dims") != first->attributes.integers("dims") ||
                  p.type(node->operands[0]).shape != p.type(first->operands[0]).shape))
      return {};
    first = node;
  }
  if (!first) return {};
  const Attributes outer = first->attributes;
  const Shape small = p.type(first->operands[0]).shape;
  std::vector<Value> inner;
  for (Value operand : x) {
    const Node* node = p.as(operand, OpId::broadcast);
    inner.push_back(node ? node->operands[0] : splat_of_shape(p, operand, small));
  }
  return p.make(OpId::broadcast, {p.make(op, std::move(inner), attributes)}, outer);
}

// sum(broadcast x) over new axes is a product; max and min of equal values are the value.
Value reduce_broadcast(Peephole& p, OpId op, Operands x, const Attributes& attributes) {
  const Node* node = p.as(x[0], OpId::broadcast);
  if (!node) return {};
  const Value source = node->operands[0];
  const std::vector<int64_t> dims = node->attributes.integers("dims");
  const Shape outer = p.type(x[0]).shape;
  const std::vector<int64_t>& axes = attributes.integers("axes");
  int64_t count = 1;
  std::vector<int64_t> inner_axes;
  Shape shape;
  std::vector<int64_t> kept_dims;
  for (int64_t axis = 0; axis < static_cast<int64_t>(outer.size()); ++axis) {
    const bool reduced = std::find(axes.begin(), axes.end(), axis) != axes.end();
    const auto inner = std::find(dims.begin(), dims.end(), axis);
    if (reduced && inner == dims.end()) count *= outer[static_cast<size_t>(axis)];
    if (reduced && inner != dims.end()) inner_axes.push_back(inner - dims.begin());
    if (reduced) continue;
    if (inner != dims.end()) kept_dims.push_back(static_cast<int64_t>(shape.size()));
    shape.push_back(outer[static_cast<size_t>(axis)]);
  }
  // A reduction of nothing does not see the value. A float must hold the count exactly; integers wrap.
  const ElementType element = p.type(source).element;
  const bool exact =
      !is_float(element) || evaluate::number_from(element, count) == static_cast<double>(count);
  if (inner_axes.size() == axes.size() || count == 0 || (op == OpId::sum && !exact)) return {};
  Value value = inner_axes.empty() ? source : p.make(op, {source}, {{"axes", inner_axes}});
  if (op == OpId::sum)
    value = p.make(OpId::mul, {value, build::constant_integer(p.builder(), p.type(value), count)});
  return p.make(OpId::broadcast, {value}, {{"shape", shape}, {"dims", kept_dims}});
}

}  // namespace

Value shapes(Peephole& p, OpId op, Operands x, const Attributes& attributes) {
  if (x.empty()) return {};
  if (op == OpId::reshape) return reshape(p, x, attributes);
  if (op == OpId::transpose) return transpose(p, x, attributes);
  if (op == OpId::broadcast) return broadcast(p, x, attributes);
  if (op == OpId::slice) return slice(p, x, attributes);
  if (op == OpId::pad) return pad(p, x, attributes);
  if (op == OpId::concat && x.size() == 1) return x[0];
  if (op == OpId::sum || op == OpId::max || op == OpId::min) return reduce_broadcast(p, op, x, attributes);
  if (op_of(op).family == OpFamily::elementwise) return sink_broadcast(p, op, x, attributes);
  return {};
}

namespace {

// Axes of a transposed operand that are not named by an attribute must keep their order, since they order the
// result.
bool free_axes_ascend(const std::vector<int64_t>& dims, const std::vector<int64_t>& contracted,
                      const std::vector<int64_t>& batch) {
  int64_t last = -1;
  for (int64_t axis = 0; axis < static_cast<int64_t>(dims.size()); ++axis) {
    const auto named = [&](const std::vector<int64_t>& list) {
      return std::find(list.begin(), list.end(), axis) != list.end();
    };
    if (named(contracted) || named(batch)) continue;
    if (dims[static_cast<size_t>(axis)] < last) return false;
    last = dims[static_cast<size_t>(axis)];
  }
  return true;
}

// Terms that lie in a row stay so: a product over one long axis is the fast one.
bool terms_stay_together(const std::vector<int64_t>& dims, const std::vector<int64_t>& contracted) {
  const auto moved = [&](size_t i) { return dims[static_cast<size_t>(contracted[i])]; };
  for (size_t i = 1; i < contracted.size(); ++i)
    if (contracted[i] == contracted[i - 1] + 1 && moved(i) != moved(i - 1) + 1) return false;
  return true;
}

Value fold_transposed_operand(Peephole& p, Operands x, const Attributes& attributes) {
  AxisPairs contract = *attributes.axis_pairs("contract");
  AxisPairs batch = attributes.axis_pairs("batch") ? *attributes.axis_pairs("batch") : AxisPairs{};
  for (size_t side = 0; side < 2; ++side) {
    const Node* node = p.as(x[side], OpId::transpose);
    if (!node) continue;
    const std::vector<int64_t> dims = node->attributes.integers("dims");
    auto& contracted = side == 0 ? contract.left : contract.right;
    auto& batched = side == 0 ? batch.left : batch.right;
    if (!free_axes_ascend(dims, contracted, batched) || !terms_stay_together(dims, contracted)) continue;
    for (auto* list : {&contracted, &batched})
      for (int64_t& axis : *list) axis = dims[static_cast<size_t>(axis)];
    std::vector<Value> operands = x;
    operands[side] = node->operands[0];
    Attributes folded{{"contract", contract}};
    if (!batch.left.empty()) folded.set("batch", batch);
    return p.make(OpId::dot, std::move(operands), std::move(folded));
  }
  return {};
}

// (A B)ᵀ = Bᵀ Aᵀ: the same product with its operands exchanged.
Value fold_transposed_result(Peephole& p, Operands x, const Attributes& attributes) {
  const Node* node = p.as(x[0], OpId::dot);
  if (!node || node->attributes.has("batch")) return {};
  const AxisPairs contract = *node->attributes.axis_pairs("contract");
  const std::vector<Value> operands = node->operands;
  const int64_t free_left = p.type(operands[0]).rank() - static_cast<int64_t>(contract.left.size());
  const std::vector<int64_t>& dims = attributes.integers("dims");
  const auto rank = static_cast<int64_t>(dims.size());
  for (int64_t i = 0; i < rank; ++i)
    if (dims[static_cast<size_t>(i)] != (i + free_left) % rank) return {};
  return p.make(OpId::dot, {operands[1], operands[0]},
                {{"contract", AxisPairs{contract.right, contract.left}}});
}

}  // namespace

Value contractions(Peephole& p, OpId op, Operands x, const Attributes& attributes) {
  if (op == OpId::dot) return fold_transposed_operand(p, x, attributes);
  if (op == OpId::transpose) return fold_transposed_result(p, x, attributes);
  return {};
}

}  // namespace gradus::simplify_rules
