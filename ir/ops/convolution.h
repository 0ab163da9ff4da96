// What a `conv` node computes, in numbers: for evaluation, lowering and tests.
//
// Every kind relates the same three arrays of the forward convolution, input x, filter w and output y:
//   y[n, o, q] = sum over i, k of x[n, i, q * stride - low + k * dilation] * w[k, i, o]
// and computes one of them from the other two. Taps outside the input are left out. With groups, the channels
// of x and of y are cut into as many equal parts, and each part of y sees its own part of x only: i counts
// within it.
#pragma once

#include <cstdint>
#include <vector>

#include "ir/op.h"

namespace gradus::ops {

enum class ConvolutionKind { forward, input_gradient, filter_gradient };

// Which axis of x or y means what; spatial axes in the order of their digits.
struct DataAxes {
  size_t batch = 0, feature = 0;
  std::vector<size_t> spatial;
};
// Which axis of w means what.
struct FilterAxes {
  size_t input = 0, output = 0;
  std::vector<size_t> spatial;
};

struct Convolution {
  ConvolutionKind kind = ConvolutionKind::forward;
  DataAxes input_axes, output_axes;
  FilterAxes filter_axes;
  int64_t batch = 0;
  int64_t inputs = 0;                          // channels of x
  int64_t outputs = 0;                         // channels of y
  int64_t groups = 1;                          // inputs as many: depthwise
  std::vector<int64_t> input, filter, output;  // spatial extents
  std::vector<int64_t> stride, low, high, dilation;

  size_t spatial() const { return filter.size(); }
  int64_t group_inputs() const { return inputs / groups; }
  int64_t group_outputs() const { return outputs / groups; }
  Shape input_shape() const;
  Shape filter_shape() const;
  Shape output_shape() const;
};

// Throws ShapeError.
Convolution convolution_of(const OpUse& use);
// The same for a node that exists.
Convolution convolution_of(const Node& node, const std::vector<Type>& operands);
Convolution convolution_of(const Graph& graph, const Node& node);

}  // namespace gradus::ops
