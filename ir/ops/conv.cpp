// conv: cross-correlation over one to three spatial axes, and its two adjoints. The three kinds are closed
// among themselves under differentiation.
#include "ir/evaluate/rule.h"
#include "ir/ops/check.h"
#include "ir/ops/convolution.h"
#include "ir/ops/offsets.h"
#include "ir/ops/ops.h"

namespace gradus::ops {

namespace {

std::vector<Type> infer(const OpUse& use) {
  check_same_element(use, 0, 1);
  check_numeric(use, 0);
  const Convolution c = convolution_of(use);
  Type result(use.operands[0].element);
  if (c.kind == ConvolutionKind::forward) result.shape = c.output_shape();
  if (c.kind == ConvolutionKind::input_gradient) result.shape = c.input_shape();
  if (c.kind == ConvolutionKind::filter_gradient) result.shape = c.filter_shape();
  check_shape(use, result.shape);
  return {result};
}

Convolution convolution_of_use(const GradientUse& use) {
  std::vector<Type> types;
  for (const Value operand : use.node.operands) types.push_back(use.builder.type(operand));
  return convolution_of(use.node, types);
}

// One of x, w, y of the same forward convolution from the other two.
Value make(const GradientUse& use, const Convolution& c, ConvolutionKind kind, Value a, Value b) {
  Attributes attributes = use.node.attributes;
  attributes.erase("size");
  switch (kind) {
    case ConvolutionKind::forward:
      attributes.set("kind", std::string("forward"));
      break;
    case ConvolutionKind::input_gradient:
      attributes.set("kind", std::string("input_gradient"));
      attributes.set("size", c.input);
      break;
    case ConvolutionKind::filter_gradient:
      attributes.set("kind", std::string("filter_gradient"));
      attributes.set("size", c.filter);
      break;
  }
  return use.builder.add(conv, {a, b}, std::move(attributes));
}

// The sum over all taps of x * w * y is linear in each array, so the adjoint of one is the kind that computes
// it.
Value conv_transpose(const GradientUse& use, size_t operand) {
  using enum ConvolutionKind;
  const Convolution c = convolution_of_use(use);
  const Value t = use.adjoint();
  const Value other = use.operand(1 - operand);
  switch (c.kind) {
    case forward:  // operands x, w; t is an output
      return operand == 0 ? make(use, c, input_gradient, t, other) : make(use, c, filter_gradient, other, t);
    case input_gradient:  // operands y, w; t is an input
      return operand == 0 ? make(use, c, forward, t, other) : make(use, c, filter_gradient, t, other);
    case filter_gradient:  // operands x, y; t is a filter
      return operand == 0 ? make(use, c, input_gradient, other, t) : make(use, c, forward, other, t);
  }
  return {};
}

struct Tap {
  size_t input, filter, output;  // flat indices
};

// Calls f for every product of the forward convolution.
template <class F>
void for_each_tap(const Convolution& c, F f) {
  const auto input_strides = row_major_strides(c.input_shape());
  const auto filter_strides = row_major_strides(c.filter_shape());
  const auto output_strides = row_major_strides(c.output_shape());
  const auto stride = [](const std::vector<int64_t>& strides, size_t axis) { return strides[axis]; };
  const auto visit_channels = [&](int64_t x, int64_t w, int64_t y) {
    for (int64_t n = 0; n < c.batch; ++n)
      for (int64_t i = 0; i < c.inputs; ++i)
        for (int64_t j = 0; j < c.group_outputs(); ++j) {
          const int64_t o = i / c.group_inputs() * c.group_outputs() + j;
          f(Tap{static_cast<size_t>(x + n * stride(input_strides, c.input_axes.batch) +
                                    i * stride(input_strides, c.input_axes.feature)),
                static_cast<size_t>(w + i % c.group_inputs() * stride(filter_strides, c.filter_axes.input) +
                                    o * stride(filter_strides, c.filter_axes.output)),
                static_cast<size_t>(y + n * stride(output_strides, c.output_axes.batch) +
                                    o * stride(output_strides, c.output_axes.feature))});
        }
  };
  evaluate::for_each_index(c.output, [&](const std::vector<int64_t>& q, size_t) {
    evaluate::for_each_index(c.filter, [&](const std::vector<int64_t>& k, size_t) {
      int64_t x = 0, w = 0, y = 0;
      for (size_t axis = 0; axis < c.spatial(); ++axis) {
        const int64_t p = q[axis] * c.stride[axis] - c.low[axis] + k[axis] * c.dilation[axis];
        if (p < 0 || p >= c.input[axis]) return;
        x += p * stride(input_strides, c.input_axes.spatial[axis]);
        w += k[axis] * stride(filter_strides, c.filter_axes.spatial[axis]);
        y += q[axis] * stride(output_strides, c.output_axes.spatial[axis]);
      }
      visit_channels(x, w, y);
    });
  });
}

constexpr evaluate::Rule rule = evaluate::make_rule([](auto& call) {
  const Convolution c = convolution_of(call.node, {call.operand(0).type, call.operand(1).type});
  with_elements(call.result(), call.operand(0), call.operand(1),
                [&](auto& result, const auto& a, const auto& b) {
                  switch (c.kind) {
                    case ConvolutionKind::forward:
                      return for_each_tap(
                          c, [&](const Tap& t) { add_product(result[t.output], a[t.input], b[t.filter]); });
                    case ConvolutionKind::input_gradient:
                      return for_each_tap(
                          c, [&](const Tap& t) { add_product(result[t.input], a[t.output], b[t.filter]); });
                    case ConvolutionKind::filter_gradient:
                      return for_each_tap(
                          c, [&](const Tap& t) { add_product(result[t.filter], a[t.input], b[t.output]); });
                  }
                });
});

}  // namespace

const Op conv = [] {
  Op o{.id = OpId::conv};
  o.family = OpFamily::contraction;
  o.traits = {.access = Access::contraction};
  o.summary =
      "Cross-correlation over one to three spatial axes, also in groups of channels, and its adjoints with "
      "respect "
      "to input and filter. "
      "Stride, "
      "padding, dilation and axis orders are always those of the forward convolution. Padding taps are left "
      "out, a "
      "window that does not fit is dropped.";
  o.formula =
      "forward: y[n, q, o] = sum over k, i of x[n, q * stride - low + k * dilation, i] * w[k, i, o]; "
      "input_gradient: "
      "x from (y, w); filter_gradient: w from (x, y), by the same products";
  o.min_operands = o.max_operands = 2;
  o.attributes = {
      {"kind", "forward (x, w), input_gradient (dy, w) or filter_gradient (x, dy).", std::string("forward")},
      {"input", "Axes of the input: b batch, f feature, digits spatial.", std::string("b01f")},
      {"filter", "Axes of the filter: i input channel, o output channel, digits spatial.",
       std::string("01io")},
      {"output", "Axes of the output: b batch, f feature, digits spatial.", std::string("b01f")},
      {"stride", "Step between windows, one per spatial axis.", std::vector<int64_t>{1, 1}},
      {"low", "Zeros before the first element, one number per spatial axis.", std::vector<int64_t>{0, 0}},
      {"high", "Zeros after the last element, one number per spatial axis.", std::vector<int64_t>{0, 0}},
      {"dilation", "Step between taps, one per spatial axis.", std::vector<int64_t>{1, 1}},
      {"groups",
       "Parts that the channels are cut into: each part of the output sees its own part of the input, and "
       "the "
       "filter has the input channels of one part. 1 if absent; as many as input channels: depthwise.",
       int64_t{1}, false},
      {"size", "Gradients only: spatial extents of the result.", std::vector<int64_t>{5, 5}, false}};
  o.infer = infer;
  o.evaluate = &rule;
  o.differentiation = Transpose{conv_transpose, {0, 1}};
  return o;
}();

}  // namespace gradus::ops
