// dynamic_slice and dynamic_update_slice: a box whose place is known only when the program runs. As in XLA,
// the place is moved as far as needed for the whole box to lie inside, so that nothing can be out of range.
#include <fmt/format.h>

#include <algorithm>

#include "ir/build.h"
#include "ir/evaluate/rule.h"
#include "ir/ops/check.h"
#include "ir/ops/ops.h"

namespace gradus::ops {

namespace {

// One integer scalar per axis of the operand, from operand `first` on.
void check_starts(const OpUse& use, size_t first) {
  const Type& x = use.operands[0];
  if (use.operands.size() != first + x.shape.size())
    shape_error(use,
                fmt::format("{} has {} axes, but there are {} starts", to_string(x), x.shape.size(),
                            use.operands.size() - std::min(first, use.operands.size())),
                "expected one integer scalar per axis");
  for (size_t i = first; i < use.operands.size(); ++i) {
    check_integer(use, i);
    if (use.operands[i].rank() != 0)
      shape_error(use,
                  fmt::format("start {} is {}, expected a scalar", i - first, to_string(use.operands[i])));
  }
}

void check_box(const OpUse& use, const Shape& size) {
  const Shape& from = use.operands[0].shape;
  for (size_t axis = 0; axis < from.size(); ++axis)
    if (size[axis] < 0 || size[axis] > from[axis])
      shape_error(use, fmt::format("{} elements of axis {} of {}", size[axis], axis, to_string(from)),
                  fmt::format("expected at most {}", from[axis]));
}

std::vector<Type> infer_slice(const OpUse& use) {
  check_starts(use, 1);
  const Shape& size = use.attributes.integers("size");
  check_length(use, "size", size.size(), use.operands[0].shape);
  check_box(use, size);
  return {Type(use.operands[0].element, size)};
}

std::vector<Type> infer_update(const OpUse& use) {
  if (use.operands.size() < 2) shape_error(use, "the update is missing");
  check_same_element(use, 0, 1);
  if (use.operands[0].rank() != use.operands[1].rank())
    shape_error(use, fmt::format("numbers of axes differ: {} and {}", to_string(use.operands[0]),
                                 to_string(use.operands[1])));
  check_starts(use, 2);
  check_box(use, use.operands[1].shape);
  return {use.operands[0]};
}

// f(flat index into x, flat index into the box) for every element of the box.
template <class C, class F>
void for_each_in_box(const C& call, size_t first, const Shape& size, F f) {
  const Shape& shape = call.operand(0).shape();
  const std::vector<int64_t> strides = row_major_strides(shape);
  int64_t begin = 0;
  for (size_t axis = 0; axis < shape.size(); ++axis)
    begin += strides[axis] *
             std::clamp<int64_t>(call.operand(first + axis).integers[0], 0, shape[axis] - size[axis]);
  evaluate::for_each_index(size, [&](const std::vector<int64_t>& index, size_t flat) {
    f(static_cast<size_t>(begin) + evaluate::flat_index(index, strides), flat);
  });
}

constexpr evaluate::Rule slice_rule = evaluate::make_rule([](auto& call) {
  evaluate::with_elements(call.result(), call.operand(), [&](auto& to, const auto& from) {
    for_each_in_box(call, 1, call.result().shape(), [&](size_t x, size_t box) { to[box] = from[x]; });
  });
});

constexpr evaluate::Rule update_rule = evaluate::make_rule([](auto& call) {
  call.result() = call.operand();
  evaluate::with_elements(call.result(), call.operand(1), [&](auto& to, const auto& update) {
    for_each_in_box(call, 2, call.operand(1).shape(), [&](size_t x, size_t box) { to[x] = update[box]; });
  });
});

std::vector<Value> with_starts(const GradientUse& use, std::vector<Value> operands, size_t first) {
  operands.insert(operands.end(), use.node.operands.begin() + static_cast<std::ptrdiff_t>(first),
                  use.node.operands.end());
  return operands;
}

Value transpose_slice(const GradientUse& use, size_t) {
  const Value zeros = build::zeros_like(use.builder, use.operand(0));
  return use.builder.add(dynamic_update_slice, with_starts(use, {zeros, use.adjoint()}, 1));
}

// What the update covers does not depend on x.
Value transpose_update(const GradientUse& use, size_t operand) {
  if (operand == 0) {
    const Value zeros = build::zeros_like(use.builder, use.operand(1));
    return use.builder.add(dynamic_update_slice, with_starts(use, {use.adjoint(), zeros}, 2));
  }
  const Shape size = use.builder.shape(use.operand(1));
  return use.builder.add(dynamic_slice, with_starts(use, {use.adjoint()}, 2), {{"size", size}});
}

// A box's start along an axis, or its distance from there, is known when the program runs.
AccessMap in_box(const Shape& whole, const Shape& box) {
  AccessMap map = same_index(whole.size());
  for (size_t axis = 0; axis < whole.size(); ++axis) map.axes[axis].computed = whole[axis] > box[axis];
  return map;
}

NodeAccess slice_reads(const Graph& graph, const Node& node) {
  NodeAccess access;
  access.operands.resize(node.operands.size());
  access.operands[0] = in_box(graph.type(node.operands[0]).shape, node.types[0].shape);
  return access;
}

NodeAccess update_reads(const Graph& graph, const Node& node) {
  NodeAccess access;
  access.operands.resize(node.operands.size());
  access.operands[0] = same_index(node.types[0].shape.size());
  access.operands[1] = in_box(node.types[0].shape, graph.type(node.operands[1]).shape);
  for (AxisAccess& axis : access.operands[1].axes) axis.guarded = true;
  return access;
}

}  // namespace

const Op dynamic_slice = [] {
  Op o{.id = OpId::dynamic_slice};
  o.family = OpFamily::indexed;
  o.traits = {.access = Access::computed_view, .keeps_finite = true};
  o.summary =
      "A box of x that begins at the starts, one integer scalar per axis. A start outside [0, extent - size] "
      "is moved to its nearer end, so that the whole box lies inside.";
  o.formula = "y[i] = x[clamp(start, 0, extent - size) + i]";
  o.min_operands = 1;
  o.max_operands = -1;
  o.attributes = {{"size", "Extents of the box.", std::vector<int64_t>{2, 3}}};
  o.infer = infer_slice;
  o.evaluate = &slice_rule;
  o.differentiation = Transpose{transpose_slice, {0}};
  o.reads = slice_reads;
  return o;
}();

const Op dynamic_update_slice = [] {
  Op o{.id = OpId::dynamic_update_slice};
  o.family = OpFamily::indexed;
  o.traits = {.access = Access::computed_view, .keeps_finite = true};
  o.summary =
      "x with a box of it replaced by the second operand. The box begins at the starts, one integer scalar "
      "per axis, which are moved as those of dynamic_slice.";
  o.formula = "y[clamp(start, 0, extent - size) + i] = update[i]; elsewhere y = x";
  o.min_operands = 2;
  o.max_operands = -1;
  o.infer = infer_update;
  o.evaluate = &update_rule;
  o.differentiation = Transpose{transpose_update, {0, 1}};
  o.reads = update_reads;
  return o;
}();

}  // namespace gradus::ops
