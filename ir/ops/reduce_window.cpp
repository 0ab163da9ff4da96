// reduce_window: sums and extremes over windows, the heart of pooling.
#include "ir/build.h"
#include "ir/evaluate/rule.h"
#include "ir/ops/check.h"
#include "ir/ops/offsets.h"
#include "ir/ops/ops.h"
#include "ir/ops/windows.h"

namespace gradus::ops {

namespace {

std::vector<Type> infer(const OpUse& use) {
  check_numeric(use, 0);
  const Windows w = windows_of(use);
  check_shape(use, w.output);
  return {Type(use.operands[0].element, w.output)};
}

bool tiles_exactly(const Windows& w) {
  for (size_t axis = 0; axis < w.window.size(); ++axis)
    if (w.window[axis] != w.stride[axis] || w.low[axis] != 0 || w.high[axis] != 0) return false;
  return true;
}

// Windows that tile the input: every element of a window takes the window's adjoint, by copying alone.
// Elements that no window reaches (a remainder at the end) take zero.
Value spread(GraphBuilder& b, Value adjoint, const Windows& w) {
  Shape tiles, shape;
  std::vector<int64_t> dims, rest;
  for (size_t axis = 0; axis < w.window.size(); ++axis) {
    dims.push_back(static_cast<int64_t>(tiles.size()));
    tiles.push_back(w.output[axis]);
    if (w.window[axis] > 1) tiles.push_back(w.window[axis]);
    shape.push_back(w.output[axis] * w.window[axis]);
    rest.push_back(w.input[axis] - shape.back());
  }
  const Value spreaded = build::reshape(b, build::broadcast(b, adjoint, tiles, dims), shape);
  if (shape == w.input) return spreaded;
  const std::vector<int64_t> none(shape.size(), 0);
  return build::pad(b, spreaded, 0, none, rest, none);
}

// In general: element i takes the sum of the adjoints of the windows over it. With the adjoints placed
// `stride` apart and moved by the padding, these lie in one window of the same size, so that this is a
// reduce_window again.
Value gather_windows(GraphBuilder& b, Value adjoint, const Windows& w) {
  std::vector<int64_t> low, high, interior;
  for (size_t axis = 0; axis < w.window.size(); ++axis) {
    low.push_back(w.window[axis] - 1 - w.low[axis]);
    high.push_back(w.input[axis] + w.low[axis] - (w.output[axis] - 1) * w.stride[axis] - 1);
    interior.push_back(w.stride[axis] - 1);
  }
  const Value placed = build::pad(b, adjoint, 0, std::move(low), std::move(high), std::move(interior));
  const std::vector<int64_t> ones(w.window.size(), 1), none(w.window.size(), 0);
  return b.add(
      reduce_window, {placed},
      {{"kind", std::string("sum")}, {"window", w.window}, {"stride", ones}, {"low", none}, {"high", none}});
}

std::vector<Value> adjoint(const GradientUse& use) {
  GraphBuilder& b = use.builder;
  if (use.node.attributes.text("kind") != "sum")
    return {b.add(select_and_scatter, {use.operand(0), use.adjoint()}, use.node.attributes)};
  const Windows w = windows_of(use.node, b.shape(use.operand(0)));
  return {tiles_exactly(w) ? spread(b, use.adjoint(), w) : gather_windows(b, use.adjoint(), w)};
}

constexpr evaluate::Rule rule = evaluate::make_rule([](auto& call) {
  const Windows w = windows_of(call.node, call.operand().shape());
  evaluate::with_elements(call.result(), call.operand(), [&](auto& result, const auto& x) {
    for_each_window(w, [&](size_t at, const std::vector<size_t>& members) {
      if (w.kind != WindowKind::sum) {
        result[at] = extreme_value(w.kind, x, members);
        return;
      }
      for (const size_t member : members) add_to(result[at], x[member]);
    });
  });
});

}  // namespace

const Op reduce_window = [] {
  Op o{.id = OpId::reduce_window};
  o.family = OpFamily::window;
  o.traits = {.access = Access::window};
  o.summary =
      "Sum, maximum or minimum over windows, in ascending order of their elements. Padding is the identity: "
      "zero in "
      "sums, never counted in extremes. A window that does not fit is dropped.";
  o.formula = "y[q] = sum (max, min) over k < window of x[q * stride - low + k]";
  o.attributes = window_attributes();
  o.infer = infer;
  o.evaluate = &rule;
  o.differentiation = Adjoint{adjoint};
  return o;
}();

}  // namespace gradus::ops
