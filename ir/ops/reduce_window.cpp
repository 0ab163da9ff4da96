// reduce_window: sums and extremes over windows, the heart of pooling.
#include <fmt/format.h>

#include "ir/build.h"
#include "ir/evaluate/rule.h"
#include "ir/ops/check.h"
#include "ir/ops/offsets.h"
#include "ir/ops/ops.h"
#include "ir/ops/sample.h"
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

Sample sample(const std::string& x, const std::string& attributes, const std::string& result) {
  return {sample_text("%x: " + x, fmt::format("%0 = reduce_window %x {{{}}} : {}", attributes, result))};
}

BadSample bad(const std::string& x, const std::string& attributes, const std::string& message) {
  return {sample(x, attributes, "f32[1]").text, message};
}

std::string kinds_attributes(const char* kind, const char* rest) {
  return fmt::format("kind=\"{}\", {}", kind, rest);
}

std::vector<Sample> make_samples() {
  std::vector<Sample> s;
  for (const char* kind : {"sum", "max", "min"}) {
    const auto add = [&](const char* x, const char* rest, const char* y) {
      s.push_back(sample(x, kinds_attributes(kind, rest), y));
    };
    add("f32[2,4,6,3]", "window=[1,2,2,1], stride=[1,2,2,1], low=[0,0,0,0], high=[0,0,0,0]", "f32[2,2,3,3]");
    add("f64[1,5,7,2]", "window=[1,2,3,1], stride=[1,2,3,1], low=[0,0,0,0], high=[0,0,0,0]", "f64[1,2,2,2]");
    add("f32[1,7,7,2]", "window=[1,3,3,1], stride=[1,2,2,1], low=[0,1,0,0], high=[0,1,2,0]", "f32[1,4,4,2]");
    add("f64[3,5,6]", "window=[1,2,3], stride=[1,1,3], low=[0,1,0], high=[0,0,2]", "f64[3,5,2]");
    add("f32[17]", "window=[5], stride=[3], low=[2], high=[1]", "f32[6]");
    add("f64[3,4]", "window=[3,4], stride=[1,1], low=[0,0], high=[0,0]", "f64[1,1]");
  }
  s.push_back(sample("f64[5]", "kind=\"sum\", window=[5], stride=[1], low=[4], high=[0]", "f64[5]"));
  s.push_back(sample("f32[2]", "kind=\"sum\", window=[2], stride=[3], low=[3], high=[4]", "f32[3]"));
  s.push_back(sample("f64[]", "kind=\"max\", window=[], stride=[], low=[], high=[]", "f64[]"));
  s.push_back(
      sample("i32[5,5]", "kind=\"max\", window=[2,2], stride=[2,2], low=[0,0], high=[1,1]", "i32[3,3]"));
  s.back().differentiate = false;
  return s;
}

std::vector<BadSample> make_bad_samples() {
  return {
      bad("f32[5]", "kind=\"max\", window=[6], stride=[1], low=[0], high=[0]",
          "the window is larger than its input"),
      bad("f32[5]", "kind=\"max\", window=[2], stride=[0], low=[0], high=[0]", "stride 0 on axis 0"),
      bad("f32[5]", "kind=\"max\", window=[0], stride=[1], low=[0], high=[0]", "window 0 on axis 0"),
      bad("f32[5]", "kind=\"max\", window=[2], stride=[1], low=[2], high=[0]", "would lie in the padding"),
      bad("f32[5]", "kind=\"sum\", window=[2], stride=[9223372036854775807], low=[0], high=[0]",
          "stride 9223372036854775807"),
      bad("f32[5]", "kind=\"sum\", window=[2], stride=[1], low=[35184372088832], high=[35184372088832]",
          "too large"),
      bad("f32[5]", "kind=\"sum\", window=[2], stride=[1], low=[-1], high=[0]", "low padding -1"),
      bad("f32[5,5]", "kind=\"sum\", window=[2], stride=[1,1], low=[0,0], high=[0,0]",
          "window has 1 entries"),
      bad("f32[5]", "kind=\"mean\", window=[2], stride=[1], low=[0], high=[0]", "there is no kind \"mean\""),
      bad("bool[5]", "kind=\"max\", window=[2], stride=[1], low=[0], high=[0]", "expected numbers"),
  };
}

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
  o.samples = make_samples();
  o.bad_samples = make_bad_samples();
  return o;
}();

}  // namespace gradus::ops
