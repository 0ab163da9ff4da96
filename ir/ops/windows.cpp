#include "ir/ops/windows.h"

#include <fmt/format.h>

#include "ir/ops/check.h"
#include "ir/ops/window_axis.h"

namespace gradus::ops {

namespace {

WindowKind kind_of(const OpUse& use) {
  const std::string& text = use.attributes.text("kind");
  if (text == "max") return WindowKind::max;
  if (text == "min") return WindowKind::min;
  if (text == "sum" && use.op.name == "reduce_window") return WindowKind::sum;
  shape_error(use, fmt::format("there is no kind \"{}\"", text),
              use.op.name == "reduce_window" ? "sum, max or min" : "max or min");
}

}  // namespace

std::vector<AttributeSpec> window_attributes() {
  return {{"kind", "sum (reduce_window only), max or min.", std::string("max")},
          {"window", "Extents of a window, one per axis.", std::vector<int64_t>{2, 2}},
          {"stride", "Step between windows, one per axis.", std::vector<int64_t>{2, 2}},
          {"low", "Padding before the first element, one number per axis.", std::vector<int64_t>{0, 0}},
          {"high", "Padding after the last element, one number per axis.", std::vector<int64_t>{0, 0}}};
}

Windows windows_of(const OpUse& use) {
  Windows w;
  w.kind = kind_of(use);
  w.input = use.operands[0].shape;
  w.window = use.attributes.integers("window");
  w.stride = use.attributes.integers("stride");
  w.low = use.attributes.integers("low");
  w.high = use.attributes.integers("high");
  check_length(use, "window", w.window.size(), w.input);
  check_length(use, "stride", w.stride.size(), w.input);
  check_length(use, "low", w.low.size(), w.input);
  check_length(use, "high", w.high.size(), w.input);
  for (size_t i = 0; i < w.input.size(); ++i) {
    w.output.push_back(window_positions(use, {w.input[i], w.window[i], w.stride[i], w.low[i], w.high[i], 1},
                                        fmt::format("axis {}", i)));
    // An extreme needs an element; with less padding than this every window has one.
    if (w.kind != WindowKind::sum && (w.low[i] >= w.window[i] || w.high[i] >= w.window[i]))
      shape_error(use,
                  fmt::format("a window of {} on axis {} would lie in the padding ({} and {}) entirely",
                              w.window[i], i, w.low[i], w.high[i]),
                  "pad by less than the window");
  }
  return w;
}

Windows windows_of(const Node& node, const Shape& input) {
  return windows_of(OpUse{*node.op, {Type(node.types[0].element, input)}, node.attributes, nullptr});
}

}  // namespace gradus::ops
