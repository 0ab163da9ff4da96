// Reductions over axes, and cumulative sums.
#include <fmt/format.h>

#include <algorithm>

#include "ir/build.h"
#include "ir/evaluate/rule.h"
#include "ir/ops/check.h"
#include "ir/ops/offsets.h"
#include "ir/ops/ops.h"

namespace gradus::ops {

namespace {

using Use = const GradientUse&;

bool contains(const std::vector<int64_t>& axes, int64_t axis) {
  return std::find(axes.begin(), axes.end(), axis) != axes.end();
}

// Strides that lead from an operand index to the flat index of its result: 0 along reduced axes.
std::vector<int64_t> result_strides(const Shape& shape, const std::vector<int64_t>& axes) {
  std::vector<int64_t> strides(shape.size(), 0);
  int64_t stride = 1;
  for (size_t axis = shape.size(); axis-- > 0;) {
    if (contains(axes, static_cast<int64_t>(axis))) continue;
    strides[axis] = stride;
    stride *= shape[axis];
  }
  return strides;
}

// Integers wrap.
template <class T>
T plus(T a, const T& b) {
  if constexpr (!std::is_same_v<T, int64_t>) return a + b;
  add_to(a, b);
  return a;
}
template <class T>
T times(const T& a, const T& b) {
  if constexpr (!std::is_same_v<T, int64_t>) return a * b;
  T product(0);
  add_product(product, a, b);
  return product;
}

// to[j] = f(to[j], x[i]) for all i that reduce to j, ascending.
template <class C, class F>
void fold(C& call, double initial, F f) {
  const std::vector<int64_t> strides =
      result_strides(call.operand().shape(), call.attributes().integers("axes"));
  evaluate::with_elements(call.result(), call.operand(), [&](auto& to, const auto& from) {
    using E = std::decay_t<decltype(to[0])>;
    std::fill(to.begin(), to.end(), static_cast<E>(initial));
    evaluate::for_each_index(call.operand().shape(), [&](const auto& index, size_t flat) {
      auto& target = to[evaluate::flat_index(index, strides)];
      target = f(target, from[flat]);
    });
  });
}

// From -0, as compiled code starts: a sum of -0 alone is -0.
constexpr evaluate::Rule sum_rule = evaluate::make_rule([](auto& call) {
  fold(call, -0.0, [](auto sum, const auto& term) {
    add_to(sum, term);
    return sum;
  });
});
constexpr evaluate::Rule prod_rule = evaluate::make_rule(
    [](auto& call) { fold(call, 1, [](const auto& a, const auto& b) { return times(a, b); }); });
constexpr evaluate::Rule any_rule = evaluate::make_rule(
    [](auto& call) { fold(call, 0, [](const auto& a, const auto& b) { return evaluate::maximum(a, b); }); });
constexpr evaluate::Rule all_rule = evaluate::make_rule(
    [](auto& call) { fold(call, 1, [](const auto& a, const auto& b) { return evaluate::minimum(a, b); }); });

template <bool largest, class T>
bool stays_extreme(const T& found, const T& next) {
  if constexpr (std::is_same_v<T, int64_t>) {
    return largest ? found >= next : found <= next;
  } else {
    const double x = evaluate::primal(found), y = evaluate::primal(next);
    return std::isnan(x) || (!std::isnan(y) && (largest ? x >= y : x <= y));
  }
}

// For every result, the flat index of the first extreme element of the operand; NaN beats everything.
template <bool largest, class C>
std::vector<int64_t> first_extremes(const C& call, const std::vector<int64_t>& axes, size_t results) {
  const std::vector<int64_t> strides = result_strides(call.operand().shape(), axes);
  std::vector<int64_t> best(results, -1);
  const auto scan = [&](const auto& from) {
    evaluate::for_each_index(call.operand().shape(), [&](const auto& index, size_t flat) {
      int64_t& place = best[evaluate::flat_index(index, strides)];
      if (place >= 0 && stays_extreme<largest>(from[static_cast<size_t>(place)], from[flat])) return;
      place = static_cast<int64_t>(flat);
    });
  };
  if (call.operand().holds_floats())
    scan(call.operand().floats);
  else
    scan(call.operand().integers);
  return best;
}

template <bool largest>
constexpr evaluate::Rule extreme_rule = evaluate::make_rule([](auto& call) {
  const std::vector<int64_t> places =
      first_extremes<largest>(call, call.attributes().integers("axes"), call.result().size());
  evaluate::with_elements(call.result(), call.operand(), [&](auto& to, const auto& from) {
    for (size_t i = 0; i < to.size(); ++i) to[i] = from[static_cast<size_t>(places[i])];
    if constexpr (std::is_same_v<std::decay_t<decltype(to[0])>, evaluate::Bounded>) {
      // The value is continuous: close elements add their error, nothing is ambiguous.
      const std::vector<int64_t> strides =
          result_strides(call.operand().shape(), call.attributes().integers("axes"));
      evaluate::for_each_index(call.operand().shape(), [&](const auto& index, size_t flat) {
        auto& target = to[evaluate::flat_index(index, strides)];
        target = largest ? evaluate::maximum(target, from[flat]) : evaluate::minimum(target, from[flat]);
      });
    }
  });
});

template <bool largest>
constexpr evaluate::Rule position_rule = evaluate::make_rule([](auto& call) {
  const int64_t axis = call.attributes().integer("axis");
  const Shape& shape = call.operand().shape();
  const int64_t stride = row_major_strides(shape)[static_cast<size_t>(axis)];
  const std::vector<int64_t> places = first_extremes<largest>(call, {axis}, call.result().size());
  for (size_t i = 0; i < places.size(); ++i)
    call.result().integers[i] = places[i] / stride % shape[static_cast<size_t>(axis)];
  const std::vector<int64_t> strides = result_strides(shape, {axis});
  if (call.operand().holds_floats())
    evaluate::for_each_index(shape, [&](const auto& index, size_t flat) {
      const int64_t place = places[evaluate::flat_index(index, strides)];
      evaluate::decide(call.operand().floats[static_cast<size_t>(place)], call.operand().floats[flat]);
    });
});

constexpr evaluate::Rule cumsum_rule = evaluate::make_rule([](auto& call) {
  const auto axis = static_cast<size_t>(call.attributes().integer("axis"));
  const auto stride = static_cast<size_t>(row_major_strides(call.operand().shape())[axis]);
  evaluate::with_elements(call.result(), call.operand(), [&](auto& to, const auto& from) {
    evaluate::for_each_index(call.operand().shape(), [&](const auto& index, size_t flat) {
      to[flat] = index[axis] ? plus(to[flat - stride], from[flat]) : from[flat];
    });
  });
});

Type without_axes(const Type& type, const std::vector<int64_t>& axes) {
  Type result(type.element);
  for (int64_t axis = 0; axis < type.rank(); ++axis)
    if (!contains(axes, axis)) result.shape.push_back(type.shape[static_cast<size_t>(axis)]);
  return result;
}

std::vector<Type> infer_numeric(const OpUse& use) {
  const std::vector<int64_t>& axes = use.attributes.integers("axes");
  check_axes(use, "axes", axes, use.operands[0].shape);
  if (use.operands[0].element == ElementType::boolean)
    shape_error(use, fmt::format("operand 0 is {}, expected numbers", to_string(use.operands[0])),
                "use any or all, or convert it with cast");
  return {without_axes(use.operands[0], axes)};
}

void check_not_empty(const OpUse& use, int64_t axis) {
  if (use.operands[0].shape[static_cast<size_t>(axis)] == 0)
    shape_error(use,
                fmt::format("axis {} of {} is empty: it has no extreme", axis, to_string(use.operands[0])));
}

std::vector<Type> infer_extreme(const OpUse& use) {
  std::vector<Type> types = infer_numeric(use);
  for (int64_t axis : use.attributes.integers("axes")) check_not_empty(use, axis);
  return types;
}

std::vector<Type> infer_bool(const OpUse& use) {
  check_bool(use, 0);
  const std::vector<int64_t>& axes = use.attributes.integers("axes");
  check_axes(use, "axes", axes, use.operands[0].shape);
  return {without_axes(use.operands[0], axes)};
}

std::vector<Type> infer_position(const OpUse& use) {
  const int64_t axis = use.attributes.integer("axis");
  check_axis(use, "axis", axis, use.operands[0].shape);
  check_not_empty(use, axis);
  if (use.operands[0].shape[static_cast<size_t>(axis)] > INT32_MAX)
    shape_error(use,
                fmt::format("axis {} of {} is too long for i32 positions", axis, to_string(use.operands[0])));
  return {Type(ElementType::i32, without_axes(use.operands[0], {axis}).shape)};
}

std::vector<Type> infer_cumsum(const OpUse& use) {
  check_axis(use, "axis", use.attributes.integer("axis"), use.operands[0].shape);
  if (use.operands[0].element == ElementType::boolean)
    shape_error(use, fmt::format("operand 0 is {}, expected numbers", to_string(use.operands[0])));
  return {Type(use.operands[0].element, use.operands[0].shape)};
}

// A reduction with its operand brought to [kept axes…, all reduced axes flattened]: the form in which the
// rules of max, min and prod are written.
struct Flattened {
  Use use;
  std::vector<int64_t> order, inverse;  // the transpose to kept-then-reduced, and back
  Shape transposed, flat;
  std::vector<int64_t> kept_axes;  // of `flat`

  explicit Flattened(Use of) : use(of) {
    const Shape& shape = use.builder.shape(use.operand(0));
    const std::vector<int64_t>& axes = use.node.attributes.integers("axes");
    int64_t reduced = 1;
    for (int64_t axis : build::all_axes(shape))
      if (!contains(axes, axis)) order.push_back(axis);
    for (int64_t axis : order) flat.push_back(shape[static_cast<size_t>(axis)]);
    kept_axes = build::all_axes(flat);
    for (int64_t axis : axes) {
      order.push_back(axis);
      reduced *= shape[static_cast<size_t>(axis)];
    }
    flat.push_back(reduced);
    inverse.resize(order.size());
    for (size_t i = 0; i < order.size(); ++i) {
      inverse[static_cast<size_t>(order[i])] = static_cast<int64_t>(i);
      transposed.push_back(shape[static_cast<size_t>(order[i])]);
    }
  }
  int64_t last() const { return static_cast<int64_t>(flat.size()) - 1; }
  Value operand() const {
    return build::reshape(use.builder, build::transpose(use.builder, use.operand(0), order), flat);
  }
  Value spread(Value reduced) const { return build::broadcast(use.builder, reduced, flat, kept_axes); }
  Value restore(Value value) const {
    return build::transpose(use.builder, build::reshape(use.builder, value, transposed), inverse);
  }
};

// The adjoint goes to the first extreme element only.
std::vector<Value> extreme_adjoint(Use use, OpId position_op) {
  GraphBuilder& b = use.builder;
  const Flattened form(use);
  const Value place = b.add(position_op, {form.operand()}, {{"axis", form.last()}});
  const Value positions = build::iota(b, Type(ElementType::i32, form.flat), form.last());
  const Value chosen = build::binary(b, OpId::equal, positions, form.spread(place));
  const Value spread = form.spread(use.adjoint());
  return {form.restore(build::select(b, chosen, spread, build::zeros_like(b, spread)))};
}

// The product of all elements before (sign +1) or after (-1) each one, along the last axis: log₂ n shifted
// products, exact also where elements are zero, and differentiable like anything else.
Value exclusive_product(GraphBuilder& b, Value x, int64_t sign) {
  const Shape shape = b.shape(x);
  const auto shifted = [&](Value value, int64_t distance) {
    std::vector<int64_t> low(shape.size(), 0), high(shape.size(), 0);
    low.back() = sign * distance;
    high.back() = -sign * distance;
    return build::pad(b, value, 1, std::move(low), std::move(high), std::vector<int64_t>(shape.size(), 0));
  };
  Value product = shifted(x, 1);
  for (int64_t distance = 1; distance < shape.back() - 1; distance *= 2)
    product = build::mul(b, product, shifted(product, distance));
  return product;
}

std::vector<Value> product_adjoint(Use use) {
  GraphBuilder& b = use.builder;
  const Flattened form(use);
  const Value x = form.operand();
  const Value others = build::mul(b, exclusive_product(b, x, 1), exclusive_product(b, x, -1));
  // The product of the others may overflow where nothing flows.
  return {form.restore(build::binary(b, OpId::mul_no_nan, form.spread(use.adjoint()), others))};
}

Value sum_transpose(Use use, size_t) {
  const Shape shape = use.builder.shape(use.operand(0));
  std::vector<int64_t> kept;
  for (int64_t axis : build::all_axes(shape))
    if (!contains(use.node.attributes.integers("axes"), axis)) kept.push_back(axis);
  return build::broadcast(use.builder, use.adjoint(), shape, std::move(kept));
}

Value cumsum_transpose(Use use, size_t) {
  GraphBuilder& b = use.builder;
  const std::vector<int64_t> axis{use.node.attributes.integer("axis")};
  const Value sums = b.add(OpId::cumsum, {build::reverse(b, use.adjoint(), axis)}, use.node.attributes);
  return build::reverse(b, sums, axis);
}

const std::vector<AttributeSpec> axes_attribute = {
    {"axes", "the axes to reduce, ascending; they vanish from the shape", std::vector<int64_t>{0}}};
const std::vector<AttributeSpec> axis_attribute = {{"axis", "the axis", int64_t{0}}};

constexpr Traits folds(Fold fold) { return {.access = Access::reduction, .fold = fold}; }
constexpr Traits chooses(Fold fold) {
  return {.access = Access::reduction, .fold = fold, .keeps_finite = true, .compares = true};
}

Op reduction(OpId id, const char* summary, const char* formula, Traits traits,
             std::vector<Type> (*infer)(const OpUse&), Differentiation differentiation,
             const evaluate::Rule& rule) {
  return {.id = id,
          .family = OpFamily::reduction,
          .traits = traits,
          .summary = summary,
          .formula = formula,
          .min_operands = 1,
          .max_operands = 1,
          .attributes = axes_attribute,
          .infer = infer,
          .differentiation = std::move(differentiation),
          .evaluate = &rule,
          .scalar = nullptr};
}

Op position(OpId id, Fold fold, const char* summary, const char* formula, const evaluate::Rule& rule) {
  return {.id = id,
          .family = OpFamily::reduction,
          .traits = {.access = Access::search, .fold = fold},
          .summary = summary,
          .formula = formula,
          .min_operands = 1,
          .max_operands = 1,
          .attributes = axis_attribute,
          .infer = infer_position,
          .differentiation = PiecewiseConstant{},
          .evaluate = &rule,
          .scalar = nullptr};
}

}  // namespace

const Op sum = reduction(OpId::sum, "Sum over axes; 0 of nothing.", "y = Σ x_i", folds(Fold::sum),
                         infer_numeric, Transpose{sum_transpose, {0}}, sum_rule);
const Op prod = reduction(OpId::prod, "Product over axes; 1 of nothing.", "y = Π x_i", folds(Fold::product),
                          infer_numeric, Adjoint{product_adjoint}, prod_rule);
const Op max =
    reduction(OpId::max,
              "The largest element over axes; NaN if there is one. The derivative goes to the first largest.",
              "y = max x_i", chooses(Fold::maximum), infer_extreme,
              Adjoint{[](Use use) { return extreme_adjoint(use, OpId::argmax); }}, extreme_rule<true>);
const Op min = reduction(
    OpId::min,
    "The smallest element over axes; NaN if there is one. The derivative goes to the first smallest.",
    "y = min x_i", chooses(Fold::minimum), infer_extreme,
    Adjoint{[](Use use) { return extreme_adjoint(use, OpId::argmin); }}, extreme_rule<false>);
const Op any = reduction(OpId::any, "Whether some element holds; false of nothing.", "y = ∃i x_i",
                         folds(Fold::any), infer_bool, PiecewiseConstant{}, any_rule);
const Op all = reduction(OpId::all, "Whether all elements hold; true of nothing.", "y = ∀i x_i",
                         folds(Fold::all), infer_bool, PiecewiseConstant{}, all_rule);
const Op argmax = position(OpId::argmax, Fold::maximum,
                           "Position of the first largest element along an axis (of the first NaN, if any).",
                           "y = min { i : x_i = max x }", position_rule<true>);
const Op argmin = position(OpId::argmin, Fold::minimum,
                           "Position of the first smallest element along an axis (of the first NaN, if any).",
                           "y = min { i : x_i = min x }", position_rule<false>);

const Op cumsum = {
    .id = OpId::cumsum,
    .family = OpFamily::reduction,
    .traits = {.access = Access::running},
    .summary = "Sums of all elements up to each one along an axis.",
    .formula = "y_i = Σ_{j ≤ i} x_j",
    .min_operands = 1,
    .max_operands = 1,
    .attributes = axis_attribute,
    .infer = infer_cumsum,
    .differentiation = Transpose{cumsum_transpose, {0}},
    .evaluate = &cumsum_rule,
    .scalar = nullptr,
};

}  // namespace gradus::ops
