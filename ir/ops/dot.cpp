// dot: sums of products over pairs of axes; matrix product, inner and outer product, batched products.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "ir/build.h"
#include "ir/evaluate/rule.h"
#include "ir/ops/check.h"
#include "ir/ops/offsets.h"
#include "ir/ops/ops.h"

namespace gradus::ops {

namespace {

AxisPairs pairs_of(const Attributes& attributes, std::string_view name) {
  const AxisPairs* pairs = attributes.axis_pairs(name);
  return pairs ? *pairs : AxisPairs{};
}

bool contains(const std::vector<int64_t>& axes, int64_t axis) {
  return std::find(axes.begin(), axes.end(), axis) != axes.end();
}

// Axes of an operand that are neither contracted nor batch, ascending.
std::vector<int64_t> free_axes(int64_t rank, const std::vector<int64_t>& contract,
                               const std::vector<int64_t>& batch) {
  std::vector<int64_t> axes;
  for (int64_t axis = 0; axis < rank; ++axis)
    if (!contains(contract, axis) && !contains(batch, axis)) axes.push_back(axis);
  return axes;
}

void check_side(const OpUse& use, const std::vector<int64_t>& contract, const std::vector<int64_t>& batch,
                const Type& type, std::string_view side) {
  std::vector<bool> used(type.shape.size());
  for (const auto* axes : {&contract, &batch})
    for (const int64_t axis : *axes) {
      if (axis < 0 || axis >= type.rank())
        shape_error(
            use,
            fmt::format("axis {} of the {} operand does not exist: it is {}", axis, side, to_string(type)),
            type.rank() == 0 ? "a scalar has no axes; use mul"
                             : fmt::format("its axes are 0 to {}", type.rank() - 1));
      if (used[static_cast<size_t>(axis)])
        shape_error(use, fmt::format("axis {} of the {} operand is named twice", axis, side));
      used[static_cast<size_t>(axis)] = true;
    }
}

// The second operand that would fit the first.
std::string fitting(const OpUse& use, const AxisPairs& contract, const AxisPairs& batch) {
  Type wanted = use.operands[1];
  for (const AxisPairs* pairs : {&contract, &batch})
    for (size_t i = 0; i < pairs->left.size(); ++i)
      wanted.shape[static_cast<size_t>(pairs->right[i])] =
          use.operands[0].shape[static_cast<size_t>(pairs->left[i])];
  return fmt::format("the second operand must be {}", to_string(wanted));
}

void check_extents(const OpUse& use, const AxisPairs& pairs, std::string_view what, const std::string& hint) {
  for (size_t i = 0; i < pairs.left.size(); ++i) {
    const int64_t left = use.operands[0].shape[static_cast<size_t>(pairs.left[i])];
    const int64_t right = use.operands[1].shape[static_cast<size_t>(pairs.right[i])];
    if (left != right)
      shape_error(
          use,
          fmt::format("{} sizes differ: {} @ {} (axis {} of the first has {}, axis {} of the second {})",
                      what, to_string(use.operands[0]), to_string(use.operands[1]), pairs.left[i], left,
                      pairs.right[i], right),
          hint);
  }
}

std::vector<Type> infer(const OpUse& use) {
  check_same_element(use, 0, 1);
  check_numeric(use, 0);
  const AxisPairs contract = pairs_of(use.attributes, "contract");
  const AxisPairs batch = pairs_of(use.attributes, "batch");
  if (contract.left.size() != contract.right.size() || batch.left.size() != batch.right.size())
    shape_error(use, fmt::format("axes must come in pairs: contract={}, batch={}",
                                 to_string(AttributeValue(contract)), to_string(AttributeValue(batch))));
  const Type& a = use.operands[0];
  const Type& b = use.operands[1];
  check_side(use, contract.left, batch.left, a, "first");
  check_side(use, contract.right, batch.right, b, "second");
  const std::string hint = fitting(use, contract, batch);
  check_extents(use, contract, "inner", hint);
  check_extents(use, batch, "batch", hint);
  Type result(a.element);
  for (const int64_t axis : batch.left) result.shape.push_back(a.shape[static_cast<size_t>(axis)]);
  for (const int64_t axis : free_axes(a.rank(), contract.left, batch.left))
    result.shape.push_back(a.shape[static_cast<size_t>(axis)]);
  for (const int64_t axis : free_axes(b.rank(), contract.right, batch.right))
    result.shape.push_back(b.shape[static_cast<size_t>(axis)]);
  check_shape(use, result.shape);
  return {result};
}

std::vector<int64_t> counting(size_t first, size_t count) {
  std::vector<int64_t> axes(count);
  std::iota(axes.begin(), axes.end(), static_cast<int64_t>(first));
  return axes;
}

std::vector<int64_t> sorted(std::vector<int64_t> axes) {
  std::sort(axes.begin(), axes.end());
  return axes;
}

int64_t position(const std::vector<int64_t>& axes, int64_t axis) {
  return std::find(axes.begin(), axes.end(), axis) - axes.begin();
}

// The adjoint of one operand is the product of the result's adjoint with the other operand over the other's
// free axes. It has axes (batch, own free, own contracted in the other operand's order), for the second
// operand with the last two groups exchanged: x @ w gives dx = dy @ wᵀ and dw = xᵀ @ dy, neither with a
// transpose node.
Value transpose_first(const GradientUse& use, const AxisPairs& contract, const AxisPairs& batch) {
  GraphBuilder& b = use.builder;
  const int64_t rank = b.type(use.operand(0)).rank();
  const int64_t other_rank = b.type(use.operand(1)).rank();
  const std::vector<int64_t> own_free = free_axes(rank, contract.left, batch.left);
  const std::vector<int64_t> other_free = free_axes(other_rank, contract.right, batch.right);
  const size_t batches = batch.left.size();
  const Value product = build::dot(b, use.adjoint(), use.operand(1),
                                   {counting(batches + own_free.size(), other_free.size()), other_free},
                                   {counting(0, batches), batch.right});
  const std::vector<int64_t> order = sorted(contract.right);
  std::vector<int64_t> dims;
  for (int64_t axis = 0; axis < rank; ++axis) {
    const auto inner = static_cast<size_t>(position(contract.left, axis));
    if (contains(batch.left, axis))
      dims.push_back(position(batch.left, axis));
    else if (inner == contract.left.size())
      dims.push_back(static_cast<int64_t>(batches) + position(own_free, axis));
    else
      dims.push_back(static_cast<int64_t>(batches + own_free.size()) +
                     position(order, contract.right[inner]));
  }
  return build::transpose(b, product, std::move(dims));
}

Value transpose_second(const GradientUse& use, const AxisPairs& contract, const AxisPairs& batch) {
  GraphBuilder& b = use.builder;
  const int64_t rank = b.type(use.operand(1)).rank();
  const int64_t other_rank = b.type(use.operand(0)).rank();
  const std::vector<int64_t> own_free = free_axes(rank, contract.right, batch.right);
  const std::vector<int64_t> other_free = free_axes(other_rank, contract.left, batch.left);
  const size_t batches = batch.left.size();
  const Value product =
      build::dot(b, use.operand(0), use.adjoint(), {other_free, counting(batches, other_free.size())},
                 {batch.left, counting(0, batches)});
  const std::vector<int64_t> order = sorted(contract.left);
  std::vector<int64_t> dims;
  for (int64_t axis = 0; axis < rank; ++axis) {
    const auto inner = static_cast<size_t>(position(contract.right, axis));
    if (contains(batch.right, axis))
      dims.push_back(position(batch.right, axis));
    else if (inner == contract.right.size())
      dims.push_back(static_cast<int64_t>(batches + contract.right.size()) + position(own_free, axis));
    else
      dims.push_back(static_cast<int64_t>(batches) + position(order, contract.left[inner]));
  }
  return build::transpose(b, product, std::move(dims));
}

Value dot_transpose(const GradientUse& use, size_t operand) {
  const AxisPairs contract = pairs_of(use.node.attributes, "contract");
  const AxisPairs batch = pairs_of(use.node.attributes, "batch");
  return operand == 0 ? transpose_first(use, contract, batch) : transpose_second(use, contract, batch);
}

constexpr evaluate::Rule rule = evaluate::make_rule([](auto& call) {
  const AxisPairs contract = pairs_of(call.attributes(), "contract");
  const AxisPairs batch = pairs_of(call.attributes(), "batch");
  const Shape& a = call.operand(0).shape();
  const Shape& b = call.operand(1).shape();
  const auto a_batch = offsets(a, batch.left), b_batch = offsets(b, batch.right);
  const auto a_free = offsets(a, free_axes(call.operand(0).type.rank(), contract.left, batch.left));
  const auto b_free = offsets(b, free_axes(call.operand(1).type.rank(), contract.right, batch.right));
  const auto a_inner = offsets(a, contract.left), b_inner = offsets(b, contract.right);
  with_elements(
      call.result(), call.operand(0), call.operand(1), [&](auto& result, const auto& x, const auto& y) {
        size_t at = 0;
        for (size_t n = 0; n < a_batch.size(); ++n)
          for (const size_t i : a_free)
            for (const size_t j : b_free) {
              for (size_t k = 0; k < a_inner.size(); ++k)
                add_product(result[at], x[a_batch[n] + i + a_inner[k]], y[b_batch[n] + j + b_inner[k]]);
              ++at;
            }
      });
});

}  // namespace

const Op dot = [] {
  Op o{.id = OpId::dot};
  o.family = OpFamily::contraction;
  o.traits = {.access = Access::contraction};
  o.summary =
      "Sum of products over pairs of axes. Result axes: the batch pairs as listed, the free axes of the "
      "first "
      "operand, the free axes of the second. Each element is one chain of multiply-add over the contracted "
      "indices "
      "in the order of the listed pairs.";
  o.formula = "y[b, i, j] = sum over k of x[b, i, k] * w[b, k, j]";
  o.min_operands = o.max_operands = 2;
  o.attributes = {{"contract", "Axes that are multiplied and summed; may be none: an outer product.",
                   AxisPairs{{1}, {0}}},
                  {"batch", "Axes that both operands share with the result.", AxisPairs{{0}, {0}}, false}};
  o.infer = infer;
  o.evaluate = &rule;
  o.differentiation = Transpose{dot_transpose, {0, 1}};
  return o;
}();

}  // namespace gradus::ops
