// Convolutions as nests for register tiles: the forward convolution and the gradient by its input as one, the
// gradient by the filter as another.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "ir/ops/convolution.h"
#include "ir/reads.h"

namespace gradus {

// One axis, one phase: output phase + period * q reads source q * stride + first + j * step at tap j.
struct Taps {
  int64_t phase = 0, period = 1, outputs = 0;
  int64_t count = 0;
  int64_t weight_first = 0, weight_step = 1;  // window index of tap j
  int64_t stride = 1, first = 0, step = 1;
  int64_t source = 0;  // extent

  // The outputs q at which tap j lies inside the source.
  std::pair<int64_t, int64_t> valid(int64_t j) const;
};

// Both are one list of taps per axis; the input gradient of a strided convolution is one such problem per
// phase of the output column and row. A convolution with one spatial axis has a single row.
struct ConvolutionNest {
  bool forward = true;
  Value source, filter;  // the source dense in memory
  // Of the filter's elements: between window rows, channels and window columns; output channels lie side by
  // side, in panels where its layout has some.
  int64_t weight_steps[3] = {0, 0, 0};
  int64_t panel_width = 0;  // 0: not in panels
  int64_t panel_step = 0;
  int64_t batch = 0, channels = 0, outputs = 0;
  int64_t filter_in = 0, filter_out = 0;  // channels as the filter names them
  int64_t window[2] = {1, 1};
  int64_t extent[2] = {1, 1};  // of the source
  std::vector<Taps> taps[2];   // phases of rows and of columns
  bool chunked = false;
  int64_t block = 0;  // channels of a chunk

  int64_t widest() const;  // outputs of a row, in the phase that has most
  // Whether the filter lies so that the outputs of a tile stand side by side.
  bool is_readable() const { return panel_width > 0 || forward; }
  // Whether the pixels of a row follow each other in the result.
  bool rows_are_dense() const { return taps[1][0].period == 1; }
};

// Rows of the tile are taps (window row, window column, input channel), the chain runs over pixels.
struct FilterNest {
  Value input, gradient;  // dense in memory
  int64_t channels = 0, outputs = 0;
  int64_t window[2] = {1, 1}, extent[2] = {1, 1}, output[2] = {1, 1};
  int64_t stride[2] = {1, 1}, low[2] = {0, 0}, dilation[2] = {1, 1};
  int64_t rows = 0, chunk_rows = 0;  // of output pixels, of all images

  int64_t elements() const { return window[0] * window[1] * channels * outputs; }
};

// The layout of a filter in panels of so many output channels, or of input channels where they are the
// outputs of the gradient by the input.
Layout filter_panels(const ConvolutionNest& nest, const Shape& filter, int64_t width);

// Nothing if the node is of the other kind, has groups or more than two spatial axes, if an operand does not
// lie dense and channels last, or if there is nothing to add up.
std::optional<ConvolutionNest> convolution_nest(const Graph& body, const Node& node,
                                                const Reads::IsAtHand& is_placed);
std::optional<FilterNest> filter_nest(const Graph& body, const Node& node, const Reads::IsAtHand& is_placed);

}  // namespace gradus
