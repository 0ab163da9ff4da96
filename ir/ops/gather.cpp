// gather and scatter_add: reading and accumulating slices by index; each is the other's adjoint. An index out
// of range never touches memory: it reads zero or is dropped, and the second result names it.
#include <fmt/format.h>

#include "ir/evaluate/rule.h"
#include "ir/ops/check.h"
#include "ir/ops/index_check.h"
#include "ir/ops/offsets.h"
#include "ir/ops/ops.h"

namespace gradus::ops {

namespace {

int64_t batch_axes(const OpUse& use, const Type& data, const char* what) {
  const int64_t batch = use.attributes.integer_or("batch", 0);
  const Type& ids = use.operands[1];
  if (batch < 0 || batch > ids.rank() || batch > data.rank())
    shape_error(use,
                fmt::format("batch {} is out of range for {} {} and ids {}", batch, what, to_string(data),
                            to_string(ids)),
                "batch counts the leading axes that both share");
  return batch;
}

Shape joined(const Shape& a, size_t a_end, const Shape& b, size_t b_begin) {
  Shape shape(a.begin(), a.begin() + static_cast<ptrdiff_t>(a_end));
  shape.insert(shape.end(), b.begin() + static_cast<ptrdiff_t>(b_begin), b.end());
  return shape;
}

std::vector<Type> infer_gather(const OpUse& use) {
  check_integer(use, 1);
  const Type &x = use.operands[0], &ids = use.operands[1];
  const int64_t batch = batch_axes(use, x, "operand");
  if (x.rank() <= batch)
    shape_error(use, fmt::format("{} has no axis {} to index", to_string(x), batch),
                "the axis after the batch axes is indexed");
  for (size_t axis = 0; axis < static_cast<size_t>(batch); ++axis)
    if (x.shape[axis] != ids.shape[axis])
      shape_error(use, fmt::format("batch axis {} differs: {} by {}", axis, to_string(x), to_string(ids)),
                  "the leading axes of the ids must be those of the operand");
  Shape shape = joined(ids.shape, ids.shape.size(), x.shape, static_cast<size_t>(batch) + 1);
  check_shape(use, shape);
  return {Type(x.element, std::move(shape)), Type(ElementType::i64)};
}

std::vector<Type> infer_scatter(const OpUse& use) {
  check_integer(use, 1);
  check_numeric(use, 0);
  const Type &updates = use.operands[0], &ids = use.operands[1];
  const int64_t batch = batch_axes(use, updates, "updates");
  const int64_t size = use.attributes.integer("size");
  if (size < 1) shape_error(use, fmt::format("size {} must be positive", size));
  const size_t rank = ids.shape.size();
  if (updates.shape.size() < rank || joined(updates.shape, rank, {}, 0) != ids.shape)
    shape_error(use,
                fmt::format("the leading axes of the updates {} are not those of the ids {}",
                            to_string(updates), to_string(ids)),
                "there is one update per index");
  Shape shape(ids.shape.begin(), ids.shape.begin() + batch);
  shape.push_back(size);
  shape = joined(shape, shape.size(), updates.shape, rank);
  check_shape(use, shape);
  return {Type(updates.element, std::move(shape)), Type(ElementType::i64)};
}

// The indexed array has axes (batch, index, inner), ids have (batch, rest), the other array (batch, rest,
// inner).
struct Slices {
  int64_t batch, size, rest, inner;
};

// f(flat index into the indexed array, flat index into the array of slices), in ascending order of the
// latter. Returns the first index out of range, or -1.
template <class F>
int64_t for_each_slice(const Slices& s, const std::vector<int64_t>& ids, F f) {
  FirstBad bad;
  for (int64_t n = 0; n < s.batch; ++n)
    for (int64_t r = 0; r < s.rest; ++r) {
      const int64_t at = n * s.rest + r;
      const int64_t id = ids[static_cast<size_t>(at)];
      if (bad.check(at, id, s.size))
        for (int64_t i = 0; i < s.inner; ++i)
          f(static_cast<size_t>((n * s.size + id) * s.inner + i), static_cast<size_t>(at * s.inner + i));
    }
  return bad.first;
}

Slices slices_of(const Shape& indexed, const Shape& ids, size_t batch) {
  Slices s{1, indexed[batch], 1, 1};
  for (size_t axis = 0; axis < batch; ++axis) s.batch *= indexed[axis];
  for (size_t axis = batch; axis < ids.size(); ++axis) s.rest *= ids[axis];
  for (size_t axis = batch + 1; axis < indexed.size(); ++axis) s.inner *= indexed[axis];
  return s;
}

constexpr evaluate::Rule gather_rule = evaluate::make_rule([](auto& call) {
  const auto batch = static_cast<size_t>(call.attributes().integer_or("batch", 0));
  const Slices s = slices_of(call.operand(0).shape(), call.operand(1).shape(), batch);
  evaluate::with_elements(call.result(), call.operand(0), [&](auto& result, const auto& x) {
    call.result(1).integers[0] =
        for_each_slice(s, call.operand(1).integers, [&](size_t from, size_t to) { result[to] = x[from]; });
  });
});

constexpr evaluate::Rule scatter_rule = evaluate::make_rule([](auto& call) {
  const auto batch = static_cast<size_t>(call.attributes().integer_or("batch", 0));
  const Slices s = slices_of(call.result().shape(), call.operand(1).shape(), batch);
  evaluate::with_elements(call.result(), call.operand(0), [&](auto& result, const auto& updates) {
    call.result(1).integers[0] = for_each_slice(
        s, call.operand(1).integers, [&](size_t to, size_t from) { add_to(result[to], updates[from]); });
  });
});

// Adjoints look at the same indices as the op itself, which has checked them.
Attributes adjoint_attributes(const GradientUse& use) {
  return {{"batch", use.node.attributes.integer_or("batch", 0)}};
}

Value transpose_gather(const GradientUse& use, size_t) {
  Attributes attributes = adjoint_attributes(use);
  const Attributes& own = use.node.attributes;
  const auto axis = static_cast<size_t>(own.integer_or("batch", 0));
  attributes.set("size", use.builder.shape(use.operand(0))[axis]);
  return use.builder.add(scatter_add, {use.adjoint(), use.operand(1)}, std::move(attributes));
}

Value transpose_scatter(const GradientUse& use, size_t) {
  return use.builder.add(gather, {use.adjoint(), use.operand(1)}, adjoint_attributes(use));
}

NodeAccess gather_reads(const Graph& graph, const Node& node) {
  const auto batch = static_cast<size_t>(node.attributes.integer_or("batch", 0));
  const size_t ids = graph.type(node.operands[1]).shape.size();
  AccessMap from = same_index(batch);
  from.axes.push_back({.along = std::nullopt, .computed = true});
  for (size_t axis = ids; axis < node.types[0].shape.size(); ++axis) from.axes.push_back({.along = axis});
  return {.operands = {from, same_index(ids)}};
}

AttributeSpec batch_attribute() {
  return {"batch", "Number of leading axes that operand and ids share; 0 if absent.", int64_t{1}, false};
}

}  // namespace

const Op gather = [] {
  Op o{.id = OpId::gather};
  o.family = OpFamily::indexed;
  o.traits = {.access = Access::computed_view, .keeps_finite = true};
  o.summary =
      "Slices of x by index along the axis after the batch axes; an index out of range reads zero. Second "
      "result: the "
      "first such position in ids, or -1.";
  o.formula = "y[b, r, i] = x[b, ids[b, r], i]";
  o.min_operands = o.max_operands = 2;
  o.attributes = {batch_attribute(), check_attribute()};
  o.infer = infer_gather;
  o.evaluate = &gather_rule;
  o.differentiation = Transpose{transpose_gather, {0}};
  o.reads = gather_reads;
  return o;
}();

const Op scatter_add = [] {
  Op o{.id = OpId::scatter_add};
  o.family = OpFamily::indexed;
  o.traits = {.access = Access::scatter};
  o.summary =
      "Zeros, to which every update is added at its index along the axis after the batch axes, in ascending "
      "order; an "
      "index out of range is dropped. Second result: the first such position in ids, or -1.";
  o.formula = "y[b, j, i] = sum of updates[b, r, i] over the r with ids[b, r] = j";
  o.min_operands = o.max_operands = 2;
  o.attributes = {batch_attribute(), {"size", "Extent of the indexed axis.", int64_t{10}}, check_attribute()};
  o.infer = infer_scatter;
  o.evaluate = &scatter_rule;
  o.differentiation = Transpose{transpose_scatter, {0}};
  return o;
}();

}  // namespace gradus::ops
