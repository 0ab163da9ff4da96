#include "ir/kernel/convolution_nest.h"

#include <algorithm>
#include <numeric>

#include "ir/kernel/panels.h"
#include "ir/op.h"
#include "ir/sum_order.h"

namespace gradus {

namespace {

int64_t floor_divide(int64_t a, int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }

// Of an axis of the forward convolution.
struct WindowAxis {
  int64_t outputs, source, window, stride, low, dilation;
};

std::vector<Taps> forward_taps(const WindowAxis& axis) {
  return {{0, 1, axis.outputs, axis.window, 0, 1, axis.stride, -axis.low, axis.dilation, axis.source}};
}

std::vector<Taps> gradient_taps(const WindowAxis& axis) {
  const int64_t stride = axis.stride;
  const int64_t apart = stride / std::gcd(stride, axis.dilation);
  std::vector<Taps> phases;
  for (int64_t phase = 0; phase < std::min(stride, axis.outputs); ++phase) {
    Taps taps;
    taps.phase = phase;
    taps.period = stride;
    taps.outputs = (axis.outputs - phase + stride - 1) / stride;
    taps.weight_step = -apart;
    taps.step = apart * axis.dilation / stride;
    taps.source = axis.source;
    for (int64_t k = axis.window - 1; k >= 0; --k) {
      const int64_t distance = phase + axis.low - k * axis.dilation;
      if (floor_divide(distance, stride) * stride != distance) continue;
      if (taps.count++ > 0) continue;
      taps.weight_first = k;
      taps.first = floor_divide(distance, stride);
    }
    phases.push_back(taps);
  }
  return phases;
}

// What the operand is a view of that keeps all of it, dense and row-major, possibly under another shape.
std::optional<Value> dense_source(const Graph& body, Value operand, const Reads::IsAtHand& is_placed) {
  IndexSpace space;
  const Shape& shape = body.type(operand).shape;
  const Indices tuple = tuple_of(make_axes(space, shape));
  const auto read = viewed(body, operand, tuple, space, is_placed);
  if (!read) return std::nullopt;
  const Index at = space.position(read->tuple, type_in_memory(body, read->value));
  if (at != space.linearize(tuple, shape)) return std::nullopt;
  return read->value;
}

// The filter as it is, laid out in panels of its outputs.
bool take_panels(const Graph& body, Value operand, size_t outputs_axis, const Reads::IsAtHand& is_placed,
                 ConvolutionNest& nest) {
  if (!is_placed(operand)) return false;
  const Type type = type_in_memory(body, operand);
  const std::optional<PanelStrides> panels = panel_strides(type);
  if (!panels || panels->axis != outputs_axis) return false;
  nest.filter = operand;
  nest.panel_width = panels->width;
  nest.panel_step = panels->step;
  const size_t channels_axis = outputs_axis + 1 == type.shape.size() ? outputs_axis - 1 : outputs_axis + 1;
  nest.weight_steps[0] = type.shape.size() == 4 ? panels->strides[0] : 0;
  nest.weight_steps[1] = panels->strides[channels_axis];
  nest.weight_steps[2] = panels->strides[type.shape.size() - 3];
  return true;
}

bool has_tiles(const Node& node, const ops::Convolution& conv) {
  const ElementType element = node.types[0].element;
  if (element != ElementType::f32 && element != ElementType::f64) return false;
  if (conv.spatial() > 2 || conv.groups > 1 || element_count(node.types[0].shape) == 0) return false;
  const bool rows = conv.spatial() == 2;
  const std::string data = rows ? "b01f" : "b0f";
  return node.attributes.text("input") == data && node.attributes.text("output") == data &&
         node.attributes.text("filter") == (rows ? "01io" : "0io");
}

}  // namespace

std::pair<int64_t, int64_t> Taps::valid(int64_t j) const {
  const int64_t at = first + j * step;
  return {std::max<int64_t>(0, -floor_divide(at, stride)),
          std::min(outputs, floor_divide(source - 1 - at, stride) + 1)};
}

int64_t ConvolutionNest::widest() const {
  int64_t most = 1;
  for (const Taps& phase : taps[1]) most = std::max(most, phase.outputs);
  return most;
}

std::optional<ConvolutionNest> convolution_nest(const Graph& body, const Node& node,
                                                const Reads::IsAtHand& is_placed) {
  const ops::Convolution conv = ops::convolution_of(body, node);
  if (conv.kind == ops::ConvolutionKind::filter_gradient || !has_tiles(node, conv)) return std::nullopt;
  const auto source_value = dense_source(body, node.operands[0], is_placed);
  if (!source_value) return std::nullopt;
  const Shape& source = body.type(node.operands[0]).shape;
  const Shape& result = node.types[0].shape;
  const Shape& filter = body.type(node.operands[1]).shape;
  const size_t spatial = conv.spatial();
  ConvolutionNest nest;
  nest.forward = conv.kind == ops::ConvolutionKind::forward;
  nest.source = *source_value;
  nest.batch = result[0];
  nest.channels = source.back();
  nest.outputs = result.back();
  nest.filter_in = filter[spatial];
  nest.filter_out = filter[spatial + 1];
  if (nest.channels == 0) return std::nullopt;
  for (size_t i = 0; i < 2; ++i) {
    if (i == 0 && spatial == 1) {
      nest.taps[0] = forward_taps({1, 1, 1, 1, 0, 1});
      continue;
    }
    const size_t axis = spatial == 1 ? 0 : i;
    nest.window[i] = conv.filter[axis];
    nest.extent[i] = source[axis + 1];
    nest.taps[i] = (nest.forward ? forward_taps
                                 : gradient_taps)({result[axis + 1], source[axis + 1], nest.window[i],
                                                   conv.stride[axis], conv.low[axis], conv.dilation[axis]});
  }
  if (!take_panels(body, node.operands[1], nest.forward ? spatial + 1 : spatial, is_placed, nest)) {
    const auto filter_value = dense_source(body, node.operands[1], is_placed);
    if (!filter_value) return std::nullopt;
    nest.filter = *filter_value;
    nest.weight_steps[0] = nest.window[1] * nest.channels * nest.outputs;
    nest.weight_steps[1] = nest.outputs;
    nest.weight_steps[2] = nest.channels * nest.outputs;
  }
  nest.chunked = nest.window[0] * nest.window[1] * nest.channels > sum_order::chain_terms;
  nest.block = nest.chunked ? sum_order::chain_channels(nest.channels, nest.window[1]) : nest.channels;
  return nest;
}

Layout filter_panels(const ConvolutionNest& nest, const Shape& filter, int64_t width) {
  const auto in = static_cast<int64_t>(filter.size()) - 2, out = in + 1;
  std::vector<int64_t> order = {nest.forward ? out : in};
  if (filter.size() == 4) order.push_back(0);
  order.push_back(nest.forward ? in : out);
  order.push_back(in - 1);
  return panel_layout(std::move(order), static_cast<size_t>(nest.forward ? out : in), width);
}

std::optional<FilterNest> filter_nest(const Graph& body, const Node& node, const Reads::IsAtHand& is_placed) {
  const ops::Convolution conv = ops::convolution_of(body, node);
  if (conv.kind != ops::ConvolutionKind::filter_gradient || !has_tiles(node, conv)) return std::nullopt;
  const auto input = dense_source(body, node.operands[0], is_placed);
  const auto gradient = dense_source(body, node.operands[1], is_placed);
  if (!input || !gradient) return std::nullopt;
  const Shape& x = body.type(node.operands[0]).shape;
  const Shape& dy = body.type(node.operands[1]).shape;
  FilterNest nest;
  nest.input = *input;
  nest.gradient = *gradient;
  nest.channels = x.back();
  nest.outputs = dy.back();
  for (size_t i = conv.spatial() == 1 ? 1 : 0; i < 2; ++i) {
    const size_t axis = conv.spatial() == 1 ? 0 : i;
    nest.window[i] = conv.filter[axis];
    nest.extent[i] = x[axis + 1];
    nest.output[i] = dy[axis + 1];
    nest.stride[i] = conv.stride[axis];
    nest.low[i] = conv.low[axis];
    nest.dilation[i] = conv.dilation[axis];
  }
  nest.rows = dy[0] * nest.output[0];
  if (nest.rows * nest.output[1] == 0) return std::nullopt;
  const bool chunked = nest.rows * nest.output[1] > sum_order::chain_terms;
  nest.chunk_rows = chunked ? sum_order::chain_rows(nest.rows, nest.output[1]) : nest.rows;
  return nest;
}

}  // namespace gradus
