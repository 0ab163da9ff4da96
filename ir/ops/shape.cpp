// Ops that move elements without changing them.
#include <fmt/format.h>

#include <algorithm>

#include "ir/build.h"
#include "ir/evaluate/rule.h"
#include "ir/ops/check.h"
#include "ir/ops/ops.h"

namespace gradus::ops {

namespace {

using Use = const GradientUse&;

AccessMap reshape_view(const Attributes&, const Shape&) { return {.same_position = true, .axes = {}}; }

AccessMap transpose_view(const Attributes& attributes, const Shape& from) {
  const std::vector<int64_t>& dims = attributes.integers("dims");
  AccessMap map{false, std::vector<AxisAccess>(from.size())};
  for (size_t i = 0; i < dims.size(); ++i) map.axes[static_cast<size_t>(dims[i])].along = i;
  return map;
}

AccessMap broadcast_view(const Attributes& attributes, const Shape&) {
  AccessMap map;
  for (int64_t axis : attributes.integers("dims")) map.axes.push_back({static_cast<size_t>(axis)});
  return map;
}

AccessMap slice_view(const Attributes& attributes, const Shape& from) {
  AccessMap map;
  for (size_t axis = 0; axis < from.size(); ++axis)
    map.axes.push_back({axis, attributes.integers("start")[axis], attributes.integers("stride")[axis]});
  return map;
}

AccessMap reverse_view(const Attributes& attributes, const Shape& from) {
  AccessMap map;
  for (size_t axis = 0; axis < from.size(); ++axis) map.axes.push_back({axis});
  for (int64_t axis : attributes.integers("axes")) {
    const auto a = static_cast<size_t>(axis);
    map.axes[a] = {a, from[a] - 1, -1};
  }
  return map;
}

template <View view>
constexpr evaluate::Rule view_rule = evaluate::make_rule([](auto& call) {
  const AccessMap map = view(call.attributes(), call.operand().shape());
  const FlatAccess flat = flat_access(map, call.operand().shape(), call.result().shape());
  evaluate::with_elements(call.result(), call.operand(), [&](auto& to, const auto& from) {
    evaluate::for_each_index(call.result().shape(), [&](const auto& index, size_t at) {
      int64_t source = flat.start;
      for (size_t axis = 0; axis < index.size(); ++axis) source += index[axis] * flat.strides[axis];
      to[at] = from[static_cast<size_t>(source)];
    });
  });
});

constexpr evaluate::Rule pad_rule = evaluate::make_rule([](auto& call) {
  const std::vector<int64_t>& low = call.attributes().integers("low");
  const std::vector<int64_t>& interior = call.attributes().integers("interior");
  const Shape& shape = call.result().shape();
  const std::vector<int64_t> strides = row_major_strides(shape);
  evaluate::with_elements(call.result(), call.operand(1),
                          [](auto& to, const auto& fill) { std::fill(to.begin(), to.end(), fill[0]); });
  evaluate::with_elements(call.result(), call.operand(), [&](auto& to, const auto& from) {
    evaluate::for_each_index(call.operand().shape(), [&](const auto& index, size_t flat) {
      int64_t target = 0;
      for (size_t a = 0; a < index.size(); ++a) {
        const int64_t place = low[a] + index[a] * (interior[a] + 1);
        if (place < 0 || place >= shape[a]) return;
        target += place * strides[a];
      }
      to[static_cast<size_t>(target)] = from[flat];
    });
  });
});

constexpr evaluate::Rule concat_rule = evaluate::make_rule([](auto& call) {
  const auto axis = static_cast<size_t>(call.attributes().integer("axis"));
  const std::vector<int64_t> strides = row_major_strides(call.result().shape());
  int64_t offset = 0;
  for (const auto* part : call.operands) {
    evaluate::with_elements(call.result(), *part, [&](auto& to, const auto& from) {
      evaluate::for_each_index(part->shape(), [&](const auto& index, size_t flat) {
        to[evaluate::flat_index(index, strides) + static_cast<size_t>(offset * strides[axis])] = from[flat];
      });
    });
    offset += part->shape()[axis];
  }
});

std::vector<Type> infer_reshape(const OpUse& use) {
  const Shape& shape = use.attributes.integers("shape");
  check_shape(use, shape);
  const Shape& from = use.operands[0].shape;
  if (element_count(shape) != element_count(from))
    shape_error(use,
                fmt::format("{} has {} elements, {} has {}", to_string(from), element_count(from),
                            to_string(shape), element_count(shape)),
                "a reshape keeps the number of elements");
  return {Type(use.operands[0].element, shape)};
}

std::vector<Type> infer_transpose(const OpUse& use) {
  const Shape& from = use.operands[0].shape;
  const std::vector<int64_t>& dims = use.attributes.integers("dims");
  check_length(use, "dims", dims.size(), from);
  std::vector<int64_t> sorted = dims;
  std::sort(sorted.begin(), sorted.end());
  if (sorted != build::all_axes(from))
    shape_error(use,
                fmt::format("dims {} is not a permutation of the {} axes of {}", to_string(dims), from.size(),
                            to_string(from)),
                "result axis i is operand axis dims[i]");
  Shape shape;
  for (int64_t axis : dims) shape.push_back(from[static_cast<size_t>(axis)]);
  return {Type(use.operands[0].element, std::move(shape))};
}

std::vector<Type> infer_broadcast(const OpUse& use) {
  const Shape& from = use.operands[0].shape;
  const Shape& shape = use.attributes.integers("shape");
  const std::vector<int64_t>& dims = use.attributes.integers("dims");
  check_shape(use, shape);
  check_length(use, "dims", dims.size(), from);
  check_axes(use, "dims", dims, shape);
  for (size_t i = 0; i < dims.size(); ++i)
    if (from[i] != shape[static_cast<size_t>(dims[i])])
      shape_error(use,
                  fmt::format("axis {} of {} has {} elements, axis {} of {} has {}", i, to_string(from),
                              from[i], dims[i], to_string(shape), shape[static_cast<size_t>(dims[i])]),
                  "axes of extent 1 do not stretch: reshape them away first");
  return {Type(use.operands[0].element, shape)};
}

std::vector<Type> infer_slice(const OpUse& use) {
  const Shape& from = use.operands[0].shape;
  const auto &start = use.attributes.integers("start"), &limit = use.attributes.integers("limit"),
             &stride = use.attributes.integers("stride");
  check_length(use, "start", start.size(), from);
  check_length(use, "limit", limit.size(), from);
  check_length(use, "stride", stride.size(), from);
  Shape shape;
  for (size_t a = 0; a < from.size(); ++a) {
    if (start[a] < 0 || start[a] > limit[a] || limit[a] > from[a])
      shape_error(use,
                  fmt::format("axis {}: {} to {} is not within {}", a, start[a], limit[a], to_string(from)),
                  "0 <= start <= limit <= extent");
    if (stride[a] < 1)
      shape_error(use, fmt::format("axis {}: stride {}, expected at least 1", a, stride[a]), "use reverse");
    shape.push_back(limit[a] == start[a] ? 0 : (limit[a] - start[a] - 1) / stride[a] + 1);
  }
  return {Type(use.operands[0].element, std::move(shape))};
}

std::vector<Type> infer_pad(const OpUse& use) {
  const Type &from = use.operands[0], &fill = use.operands[1];
  if (fill.rank() != 0 || fill.element != from.element)
    shape_error(use, fmt::format("the fill is {}, expected {}[]", to_string(fill), name(from.element)));
  const auto &low = use.attributes.integers("low"), &high = use.attributes.integers("high"),
             &interior = use.attributes.integers("interior");
  check_length(use, "low", low.size(), from.shape);
  check_length(use, "high", high.size(), from.shape);
  check_length(use, "interior", interior.size(), from.shape);
  constexpr int64_t limit = int64_t{1} << 45;  // keeps the sums below from overflowing
  Shape shape;
  for (size_t a = 0; a < from.shape.size(); ++a) {
    if (interior[a] < 0) shape_error(use, fmt::format("axis {}: interior {} is negative", a, interior[a]));
    if (low[a] < -limit || low[a] > limit || high[a] < -limit || high[a] > limit ||
        interior[a] > limit / std::max<int64_t>(1, from.shape[a]))
      shape_error(use, fmt::format("axis {}: the padding is too large", a));
    const int64_t gaps = std::max<int64_t>(0, from.shape[a] - 1) * interior[a];
    shape.push_back(low[a] + from.shape[a] + gaps + high[a]);
    if (shape.back() < 0)
      shape_error(use, fmt::format("axis {}: cropping {} and {} leaves {} of {} elements", a, -low[a],
                                   -high[a], shape.back(), from.shape[a] + gaps));
  }
  check_shape(use, shape);
  return {Type(from.element, std::move(shape))};
}

std::vector<Type> infer_concat(const OpUse& use) {
  Type result = use.operands[0];
  result.layout = {};
  const int64_t axis = use.attributes.integer("axis");
  check_axis(use, "axis", axis, result.shape);
  for (size_t i = 1; i < use.operands.size(); ++i) {
    const Type& part = use.operands[i];
    Shape expected = use.operands[0].shape;
    if (part.rank() == result.rank())
      expected[static_cast<size_t>(axis)] = part.shape[static_cast<size_t>(axis)];
    if (part.element != result.element || part.shape != expected)
      shape_error(use, fmt::format("{} do not line up along axis {}", operand_types(use), axis),
                  "all axes but that one must be equal, and the element types");
    result.shape[static_cast<size_t>(axis)] += part.shape[static_cast<size_t>(axis)];
  }
  check_shape(use, result.shape);
  return {result};
}

std::vector<Type> infer_reverse(const OpUse& use) {
  check_axes(use, "axes", use.attributes.integers("axes"), use.operands[0].shape);
  return {Type(use.operands[0].element, use.operands[0].shape)};
}

Value transpose_transpose(Use use, size_t) {
  const std::vector<int64_t>& dims = use.node.attributes.integers("dims");
  std::vector<int64_t> inverse(dims.size());
  for (size_t i = 0; i < dims.size(); ++i) inverse[static_cast<size_t>(dims[i])] = static_cast<int64_t>(i);
  return build::transpose(use.builder, use.adjoint(), std::move(inverse));
}

Value broadcast_transpose(Use use, size_t) {
  const std::vector<int64_t>& dims = use.node.attributes.integers("dims");
  std::vector<int64_t> added;
  for (int64_t axis : build::all_axes(use.node.types[0].shape))
    if (std::find(dims.begin(), dims.end(), axis) == dims.end()) added.push_back(axis);
  return build::sum(use.builder, use.adjoint(), std::move(added));
}

Value slice_transpose(Use use, size_t) {
  const auto &start = use.node.attributes.integers("start"), &stride = use.node.attributes.integers("stride");
  const Shape &from = use.builder.shape(use.operand(0)), &to = use.node.types[0].shape;
  std::vector<int64_t> high, interior;
  for (size_t a = 0; a < from.size(); ++a) {
    high.push_back(from[a] - start[a] - (to[a] == 0 ? 0 : (to[a] - 1) * stride[a] + 1));
    interior.push_back(to[a] > 1 ? stride[a] - 1 : 0);
  }
  return build::pad(use.builder, use.adjoint(), 0, start, std::move(high), std::move(interior));
}

Value pad_transpose(Use use, size_t operand) {
  GraphBuilder& b = use.builder;
  const Attributes& attributes = use.node.attributes;
  const auto &low = attributes.integers("low"), &high = attributes.integers("high"),
             &interior = attributes.integers("interior");
  if (operand == 1) {  // the sum over the padding, picked by a mask: cancellation-free
    const Type boolean(ElementType::boolean, b.shape(use.operand(0)));
    const Value filled = build::constant_integer(b, Type(ElementType::boolean), 1);
    const Value mask = b.add(OpId::pad, {build::constant_integer(b, boolean, 0), filled}, attributes);
    return build::sum_all(b, build::select(b, mask, use.adjoint(), build::zeros_like(b, use.adjoint())));
  }
  std::vector<int64_t> start(low.size(), 0), cropped_low, cropped_high, stride;
  for (size_t a = 0; a < low.size(); ++a) {
    cropped_low.push_back(-low[a]);
    cropped_high.push_back(-high[a]);
    stride.push_back(interior[a] + 1);
  }
  const Value cropped = build::pad(b, use.adjoint(), 0, std::move(cropped_low), std::move(cropped_high),
                                   std::vector<int64_t>(low.size(), 0));
  const Shape limit = b.shape(cropped);
  return build::slice(b, cropped, std::move(start), limit, std::move(stride));
}

Value concat_transpose(Use use, size_t operand) {
  const auto axis = static_cast<size_t>(use.node.attributes.integer("axis"));
  std::vector<int64_t> start(use.node.types[0].shape.size(), 0), limit = use.node.types[0].shape;
  for (size_t i = 0; i < operand; ++i) start[axis] += use.builder.shape(use.operand(i))[axis];
  limit[axis] = start[axis] + use.builder.shape(use.operand(operand))[axis];
  return build::slice(use.builder, use.adjoint(), std::move(start), std::move(limit),
                      std::vector<int64_t>(use.node.types[0].shape.size(), 1));
}

std::vector<Value> concat_adjoint(Use use) {
  std::vector<Value> adjoints(use.node.operands.size());
  for (size_t i = 0; i < adjoints.size(); ++i)
    if (use.wants(i) && use.adjoint()) adjoints[i] = concat_transpose(use, i);
  return adjoints;
}

NodeAccess pad_reads(const Graph& graph, const Node& node) {
  const auto& low = node.attributes.integers("low");
  const auto& interior = node.attributes.integers("interior");
  AccessMap padded, fill;
  for (size_t axis = 0; axis < graph.type(node.operands[0]).shape.size(); ++axis)
    padded.axes.push_back(
        {.along = axis, .start = -low[axis], .divisor = interior[axis] + 1, .guarded = true});
  return {.operands = {padded, fill}};
}

NodeAccess concat_reads(const Graph& graph, const Node& node) {
  const auto joined = static_cast<size_t>(node.attributes.integer("axis"));
  NodeAccess access;
  int64_t begin = 0;
  for (const Value part : node.operands) {
    const Shape& shape = graph.type(part).shape;
    AccessMap map = same_index(shape.size());
    map.axes[joined].start = -begin;
    map.axes[joined].guarded = true;
    access.operands.push_back(std::move(map));
    begin += shape[joined];
  }
  return access;
}

constexpr evaluate::Rule relayout_rule = evaluate::make_rule([](auto& call) {
  call.result().floats = call.operand().floats;
  call.result().integers = call.operand().integers;
});

}  // namespace

const Op reshape = {
    .id = OpId::reshape,
    .family = OpFamily::shape,
    .traits = {.access = Access::view, .cost = Cost::free, .keeps_finite = true},
    .summary = "The same elements in row-major order, in another shape.",
    .formula = "y[j] = x[i], where i and j have the same row-major position",
    .min_operands = 1,
    .max_operands = 1,
    .attributes = {{"shape", "shape of the result", std::vector<int64_t>{5, 3}}},
    .infer = infer_reshape,
    .differentiation = Transpose{[](Use use, size_t) {
                                   return build::reshape(use.builder, use.adjoint(),
                                                         use.builder.shape(use.operand(0)));
                                 },
                                 {0}},
    .evaluate = &view_rule<reshape_view>,
    .scalar = nullptr,
    .view = reshape_view,
};

const Op transpose = {
    .id = OpId::transpose,
    .family = OpFamily::shape,
    .traits = {.access = Access::view, .cost = Cost::free, .keeps_finite = true},
    .summary = "Axes in another order: result axis i is operand axis dims[i].",
    .formula = "y[i_dims[0], i_dims[1], …] = x[i_0, i_1, …]",
    .min_operands = 1,
    .max_operands = 1,
    .attributes = {{"dims", "operand axis of every result axis", std::vector<int64_t>{1, 0}}},
    .infer = infer_transpose,
    .differentiation = Transpose{transpose_transpose, {0}},
    .evaluate = &view_rule<transpose_view>,
    .scalar = nullptr,
    .view = transpose_view,
};

const Op broadcast = {
    .id = OpId::broadcast,
    .family = OpFamily::shape,
    .traits = {.access = Access::view, .cost = Cost::free, .keeps_finite = true},
    .summary = "Repetition along new axes: operand axis i becomes result axis dims[i].",
    .formula = "y[j] = x[j_dims[0], j_dims[1], …]",
    .min_operands = 1,
    .max_operands = 1,
    .attributes = {{"shape", "shape of the result", std::vector<int64_t>{3, 5}},
                   {"dims", "result axis of every operand axis, ascending", std::vector<int64_t>{1}}},
    .infer = infer_broadcast,
    .differentiation = Transpose{broadcast_transpose, {0}},
    .evaluate = &view_rule<broadcast_view>,
    .scalar = nullptr,
    .view = broadcast_view,
};

const Op slice = {
    .id = OpId::slice,
    .family = OpFamily::shape,
    .traits = {.access = Access::view, .cost = Cost::free, .keeps_finite = true},
    .summary = "A part along every axis: from start (included) to limit (excluded), every stride-th element.",
    .formula = "y[j] = x[start + j · stride]",
    .min_operands = 1,
    .max_operands = 1,
    .attributes = {{"start", "first index, per axis", std::vector<int64_t>{0, 1}},
                   {"limit", "index after the last, per axis", std::vector<int64_t>{3, 5}},
                   {"stride", "distance of the elements taken, per axis", std::vector<int64_t>{1, 2}}},
    .infer = infer_slice,
    .differentiation = Transpose{slice_transpose, {0}},
    .evaluate = &view_rule<slice_view>,
    .scalar = nullptr,
    .view = slice_view,
};

const Op pad = {
    .id = OpId::pad,
    .family = OpFamily::shape,
    .traits = {.access = Access::computed_view, .keeps_finite = true},
    .summary =
        "Elements equal to the second operand before, after and between those of the first; negative low and "
        "high crop.",
    .formula = "y[low + i · (interior + 1)] = x[i], elsewhere the fill",
    .min_operands = 2,
    .max_operands = 2,
    .attributes = {{"low", "elements before, per axis", std::vector<int64_t>{1, 0}},
                   {"high", "elements after, per axis", std::vector<int64_t>{-1, 2}},
                   {"interior", "elements between neighbours, per axis", std::vector<int64_t>{0, 1}}},
    .infer = infer_pad,
    .differentiation = Transpose{pad_transpose, {0, 1}},
    .evaluate = &pad_rule,
    .scalar = nullptr,
    .reads = pad_reads,
};

const Op concat = {
    .id = OpId::concat,
    .family = OpFamily::shape,
    .traits = {.access = Access::computed_view, .keeps_finite = true},
    .summary = "The operands one after the other along an axis.",
    .formula = "y[…, offset_k + i, …] = x_k[…, i, …]",
    .min_operands = 1,
    .max_operands = -1,
    .attributes = {{"axis", "the axis", int64_t{1}}},
    .infer = infer_concat,
    .differentiation = Adjoint{concat_adjoint},
    .evaluate = &concat_rule,
    .scalar = nullptr,
    .reads = concat_reads,
};

const Op reverse = {
    .id = OpId::reverse,
    .family = OpFamily::shape,
    .traits = {.access = Access::view, .cost = Cost::free, .keeps_finite = true},
    .summary = "Elements in the opposite order along the given axes.",
    .formula = "y[…, i, …] = x[…, n - 1 - i, …]",
    .min_operands = 1,
    .max_operands = 1,
    .attributes = {{"axes", "the axes, ascending", std::vector<int64_t>{0}}},
    .infer = infer_reverse,
    .differentiation = Transpose{[](Use use, size_t) {
                                   return build::reverse(use.builder, use.adjoint(),
                                                         use.node.attributes.integers("axes"));
                                 },
                                 {0}},
    .evaluate = &view_rule<reverse_view>,
    .scalar = nullptr,
    .view = reverse_view,
};

const Op relayout = {
    .id = OpId::relayout,
    .family = OpFamily::shape,
    .traits = {.access = Access::elementwise, .cost = Cost::free, .keeps_finite = true},
    .summary =
        "The same value in another place in memory, in the layout that its type says; packing a matrix into "
        "panels is one.",
    .formula = "y = x",
    .min_operands = 1,
    .max_operands = 1,
    .attributes = {},
    .infer = [](const OpUse& use) { return std::vector<Type>{use.operands[0]}; },
    .differentiation = Transpose{[](Use use, size_t) { return use.adjoint(); }, {0}},
    .evaluate = &relayout_rule,
    .scalar = nullptr,
};

}  // namespace gradus::ops
