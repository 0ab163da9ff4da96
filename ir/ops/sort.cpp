// sort and top_k: elements in order, and where they came from. Both are one permutation away from gather,
// which is how they are differentiated.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "ir/build.h"
#include "ir/evaluate/rule.h"
#include "ir/ops/check.h"
#include "ir/ops/ops.h"

namespace gradus::ops {

namespace {

// Positions are i32.
void check_extent(const OpUse& use, size_t axis) {
  check_numeric(use, 0);
  if (use.operands[0].shape[axis] > std::numeric_limits<int32_t>::max())
    shape_error(use, fmt::format("axis {} of {} is too long", axis, to_string(use.operands[0])),
                "positions are i32");
}

std::vector<Type> infer_sort(const OpUse& use) {
  const Type& x = use.operands[0];
  const int64_t axis = use.attributes.integer("axis");
  check_axis(use, "axis", axis, x.shape);
  check_extent(use, static_cast<size_t>(axis));
  return {x, Type(ElementType::i32, x.shape)};
}

std::vector<Type> infer_top_k(const OpUse& use) {
  const Type& x = use.operands[0];
  if (x.rank() == 0) shape_error(use, "a scalar has no last axis");
  check_extent(use, x.shape.size() - 1);
  const int64_t k = use.attributes.integer("k");
  if (k < 1 || k > x.shape.back())
    shape_error(use, fmt::format("k is {} for {}", k, to_string(x)),
                fmt::format("expected 1 to {}, the extent of the last axis", x.shape.back()));
  Shape shape = x.shape;
  shape.back() = k;
  return {Type(x.element, shape), Type(ElementType::i32, shape)};
}

// NaN is the largest number: last in ascending order.
template <class T>
bool is_less(const T& a, const T& b) {
  if constexpr (std::is_same_v<T, int64_t>) {
    return a < b;
  } else {
    const double x = evaluate::primal(a), y = evaluate::primal(b);
    if (std::isnan(x) || std::isnan(y)) return !std::isnan(x);
    evaluate::decide(a, b);
    return x < y;
  }
}

// Orders every row along the axis and writes its first elements, and their positions, to the results.
template <bool descending, class C>
void take_sorted(C& call, size_t axis) {
  const Shape& shape = call.operand().shape();
  const int64_t from_stride = row_major_strides(shape)[axis];
  const int64_t to_stride = row_major_strides(call.result().shape())[axis];
  const auto length = static_cast<size_t>(shape[axis]);
  const int64_t kept = call.result().shape()[axis];
  Shape rows = shape;
  rows[axis] = 1;
  std::vector<int64_t> from_strides = row_major_strides(shape);
  std::vector<int64_t> to_strides = row_major_strides(call.result().shape());
  evaluate::with_elements(call.result(), call.operand(), [&](auto& to, const auto& from) {
    evaluate::for_each_index(rows, [&](const std::vector<int64_t>& row, size_t) {
      const size_t begin = evaluate::flat_index(row, from_strides);
      const auto element = [&](int64_t i) -> const auto& {
        return from[begin + static_cast<size_t>(i * from_stride)];
      };
      std::vector<int64_t> order(length);
      std::iota(order.begin(), order.end(), 0);
      std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
        return descending ? is_less(element(b), element(a)) : is_less(element(a), element(b));
      });
      for (int64_t k = 0; k < kept; ++k) {
        const size_t place = evaluate::flat_index(row, to_strides) + static_cast<size_t>(k * to_stride);
        to[place] = element(order[static_cast<size_t>(k)]);
        call.result(1).integers[place] = order[static_cast<size_t>(k)];
      }
    });
  });
}

constexpr evaluate::Rule sort_rule = evaluate::make_rule(
    [](auto& call) { take_sorted<false>(call, static_cast<size_t>(call.attributes().integer("axis"))); });
constexpr evaluate::Rule top_k_rule =
    evaluate::make_rule([](auto& call) { take_sorted<true>(call, call.operand().shape().size() - 1); });

// Every element of the adjoint goes back to where the value came from.
std::vector<Value> scatter_back(const GradientUse& use, int64_t axis) {
  if (!use.adjoint()) return {Value{}};
  GraphBuilder& b = use.builder;
  const Shape shape = b.shape(use.operand(0));
  std::vector<int64_t> dims = build::all_axes(shape);
  std::swap(dims[static_cast<size_t>(axis)], dims.back());
  const auto last = [&](Value v) {
    return dims == build::all_axes(shape) ? v : build::transpose(b, v, dims);
  };
  const Value scattered =
      b.add(scatter_add, {last(use.adjoint()), last(use.result(1))},
            {{"batch", static_cast<int64_t>(shape.size()) - 1}, {"size", shape[static_cast<size_t>(axis)]}});
  return {last(scattered)};
}

std::vector<Value> sort_adjoint(const GradientUse& use) {
  return scatter_back(use, use.node.attributes.integer("axis"));
}

std::vector<Value> top_k_adjoint(const GradientUse& use) {
  return scatter_back(use, use.builder.type(use.operand(0)).rank() - 1);
}

}  // namespace

const Op sort = [] {
  Op o{.id = OpId::sort};
  o.family = OpFamily::indexed;
  o.traits = {.access = Access::ordering, .keeps_finite = true};
  o.summary =
      "The elements along an axis in ascending order, NaN last; equal elements keep their order. Second "
      "result: the position each one came from.";
  o.formula = "y_k = x[p_k], y_0 <= y_1 <= ...";
  o.attributes = {{"axis", "The axis to sort along.", int64_t{0}}};
  o.infer = infer_sort;
  o.evaluate = &sort_rule;
  o.differentiation = Adjoint{sort_adjoint};
  return o;
}();

const Op top_k = [] {
  Op o{.id = OpId::top_k};
  o.family = OpFamily::indexed;
  o.traits = {.access = Access::ordering, .keeps_finite = true};
  o.summary =
      "The k largest elements along the last axis, the largest first; of equal ones the first. NaN counts as "
      "the largest number, as in max. Second result: the position each one came from.";
  o.formula = "y_0 >= ... >= y_(k-1) >= all others, y_j = x[p_j]";
  o.attributes = {{"k", "How many.", int64_t{2}}};
  o.infer = infer_top_k;
  o.evaluate = &top_k_rule;
  o.differentiation = Adjoint{top_k_adjoint};
  return o;
}();

}  // namespace gradus::ops
