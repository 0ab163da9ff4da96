#include "ir/ops/convolution.h"

#include <fmt/format.h>

#include "ir/ops/check.h"
#include "ir/ops/window_axis.h"

namespace gradus::ops {

namespace {

// Splits "b01f" into the positions of its two letters and of its digits.
void parse_axes(const OpUse& use, const char* which, char first_letter, char second_letter, size_t& first,
                size_t& second, std::vector<size_t>& spatial) {
  const std::string& text = use.attributes.text(which);
  const size_t rank = text.size(), unknown = rank;
  spatial.assign(rank < 2 ? 0 : rank - 2, unknown);
  first = second = unknown;
  bool good = rank >= 3 && rank <= 5;
  for (size_t axis = 0; good && axis < rank; ++axis) {
    const char letter = text[axis];
    const size_t digit = static_cast<size_t>(letter) - '0';
    size_t* const place = letter == first_letter    ? &first
                          : letter == second_letter ? &second
                          : digit < spatial.size()  ? &spatial[digit]
                                                    : nullptr;
    good = place && *place == unknown;
    if (good) *place = axis;
  }
  if (!good)
    shape_error(
        use, fmt::format("the axes of the {} are \"{}\"", which, text),
        fmt::format("expected {}, {} and the digits of one to three spatial axes, each once, such as \"{}\"",
                    first_letter, second_letter, first_letter == 'b' ? "b01f" : "01io"));
}

void parse_axes(const OpUse& use, Convolution& c) {
  DataAxes &x = c.input_axes, &y = c.output_axes;
  FilterAxes& w = c.filter_axes;
  parse_axes(use, "input", 'b', 'f', x.batch, x.feature, x.spatial);
  parse_axes(use, "filter", 'i', 'o', w.input, w.output, w.spatial);
  parse_axes(use, "output", 'b', 'f', y.batch, y.feature, y.spatial);
  if (x.spatial.size() != w.spatial.size() || x.spatial.size() != y.spatial.size())
    shape_error(
        use, fmt::format(
                 "input \"{}\", filter \"{}\" and output \"{}\" differ in their number of spatial axes",
                 use.attributes.text("input"), use.attributes.text("filter"), use.attributes.text("output")));
}

ConvolutionKind parse_kind(const OpUse& use) {
  const std::string& text = use.attributes.text("kind");
  if (text == "forward") return ConvolutionKind::forward;
  if (text == "input_gradient") return ConvolutionKind::input_gradient;
  if (text == "filter_gradient") return ConvolutionKind::filter_gradient;
  shape_error(use, fmt::format("there is no kind \"{}\"", text),
              "forward, input_gradient or filter_gradient");
}

int64_t extent(const Type& type, size_t axis) { return type.shape[axis]; }

std::vector<int64_t> extents(const Type& type, const std::vector<size_t>& axes) {
  std::vector<int64_t> list;
  for (const size_t axis : axes) list.push_back(extent(type, axis));
  return list;
}

void check_rank(const OpUse& use, size_t operand, const char* what, const char* attribute) {
  const std::string& axes = use.attributes.text(attribute);
  if (use.operands[operand].shape.size() != axes.size())
    shape_error(
        use,
        fmt::format("the {} is {}, but its axes are \"{}\"", what, to_string(use.operands[operand]), axes),
        fmt::format("expected {} axes", axes.size()));
}

void check_channels(const OpUse& use, int64_t data, int64_t filter, const char* what) {
  if (data != filter)
    shape_error(use,
                fmt::format("{} channels differ: {} and {} ({} against {})", what, to_string(use.operands[0]),
                            to_string(use.operands[1]), data, filter),
                fmt::format("the filter must have {} {} channels", data, what));
}

std::vector<int64_t> per_axis(const OpUse& use, const char* name, size_t count) {
  const std::vector<int64_t>& list = use.attributes.integers(name);
  if (list.size() != count)
    shape_error(
        use, fmt::format("{} has {} entries; expected one per spatial axis ({})", name, list.size(), count));
  return list;
}

int64_t read_groups(const OpUse& use) {
  const int64_t groups = use.attributes.integer_or("groups", 1);
  if (groups < 1) shape_error(use, fmt::format("groups is {}; expected at least 1", groups));
  return groups;
}

void check_divides(const OpUse& use, int64_t channels, int64_t groups, const char* what) {
  if (channels % groups != 0)
    shape_error(use,
                fmt::format("{} {} channels cannot be cut into {} groups: {}", channels, what, groups,
                            operand_types(use)),
                "the number of channels must be a multiple of the groups");
}

// Channels of the input, by the filter; too many are an error.
int64_t all_inputs(const OpUse& use, int64_t of_a_group, int64_t groups) {
  int64_t all = 0;
  if (__builtin_mul_overflow(of_a_group, groups, &all))
    shape_error(use, fmt::format("{} groups of {} channels are too large", groups, of_a_group));
  return all;
}

// `size` belongs to the gradients: it is what the forward result alone does not tell.
std::vector<int64_t> gradient_size(const OpUse& use, const Convolution& c) {
  if (!use.attributes.has("size"))
    shape_error(use, "the attribute 'size' is missing", "a gradient needs the spatial extents of its result");
  std::vector<int64_t> size = per_axis(use, "size", c.filter_axes.spatial.size());
  for (const int64_t extent : size)
    if (extent < 1) shape_error(use, fmt::format("size {} must be positive", to_string(size)));
  return size;
}

void read_forward(const OpUse& use, Convolution& c) {
  const Type &x = use.operands[0], &w = use.operands[1];
  check_rank(use, 0, "input", "input");
  check_rank(use, 1, "filter", "filter");
  if (use.attributes.has("size")) shape_error(use, "'size' is for the gradient kinds only");
  c.batch = extent(x, c.input_axes.batch);
  c.inputs = extent(x, c.input_axes.feature);
  c.outputs = extent(w, c.filter_axes.output);
  c.input = extents(x, c.input_axes.spatial);
  c.filter = extents(w, c.filter_axes.spatial);
  check_divides(use, c.inputs, c.groups, "input");
  check_divides(use, c.outputs, c.groups, "output");
  if (c.groups > 1 && extent(w, c.filter_axes.input) != c.group_inputs())
    shape_error(use,
                fmt::format("the filter of {} groups has {} input channels: {}", c.groups,
                            extent(w, c.filter_axes.input), operand_types(use)),
                fmt::format("expected {}, those of one group", c.group_inputs()));
  check_channels(use, c.group_inputs(), extent(w, c.filter_axes.input), "input");
}

// Output extents as the operand has them; compared with those of the forward convolution afterwards.
std::vector<int64_t> read_input_gradient(const OpUse& use, Convolution& c) {
  const Type &dy = use.operands[0], &w = use.operands[1];
  check_rank(use, 0, "output's adjoint", "output");
  check_rank(use, 1, "filter", "filter");
  c.batch = extent(dy, c.output_axes.batch);
  c.inputs = all_inputs(use, extent(w, c.filter_axes.input), c.groups);
  c.outputs = extent(w, c.filter_axes.output);
  check_divides(use, c.outputs, c.groups, "output");
  c.input = gradient_size(use, c);
  c.filter = extents(w, c.filter_axes.spatial);
  check_channels(use, extent(dy, c.output_axes.feature), c.outputs, "output");
  return extents(dy, c.output_axes.spatial);
}

std::vector<int64_t> read_filter_gradient(const OpUse& use, Convolution& c) {
  const Type &x = use.operands[0], &dy = use.operands[1];
  check_rank(use, 0, "input", "input");
  check_rank(use, 1, "output's adjoint", "output");
  c.batch = extent(x, c.input_axes.batch);
  c.inputs = extent(x, c.input_axes.feature);
  c.outputs = extent(dy, c.output_axes.feature);
  check_divides(use, c.inputs, c.groups, "input");
  check_divides(use, c.outputs, c.groups, "output");
  c.input = extents(x, c.input_axes.spatial);
  c.filter = gradient_size(use, c);
  if (c.batch != extent(dy, c.output_axes.batch))
    shape_error(use, fmt::format("batch sizes differ: {} and {}", to_string(x), to_string(dy)));
  return extents(dy, c.output_axes.spatial);
}

Shape placed(size_t first_axis, int64_t first, size_t second_axis, int64_t second,
             const std::vector<size_t>& axes, const std::vector<int64_t>& extents) {
  Shape shape(axes.size() + 2);
  shape[first_axis] = first;
  shape[second_axis] = second;
  for (size_t i = 0; i < axes.size(); ++i) shape[axes[i]] = extents[i];
  return shape;
}

}  // namespace

Shape Convolution::input_shape() const {
  return placed(input_axes.batch, batch, input_axes.feature, inputs, input_axes.spatial, input);
}

Shape Convolution::filter_shape() const {
  return placed(filter_axes.input, group_inputs(), filter_axes.output, outputs, filter_axes.spatial, filter);
}

Shape Convolution::output_shape() const {
  return placed(output_axes.batch, batch, output_axes.feature, outputs, output_axes.spatial, output);
}

Convolution convolution_of(const OpUse& use) {
  Convolution c;
  c.kind = parse_kind(use);
  parse_axes(use, c);
  c.groups = read_groups(use);
  const size_t spatial = c.filter_axes.spatial.size();
  c.stride = per_axis(use, "stride", spatial);
  c.low = per_axis(use, "low", spatial);
  c.high = per_axis(use, "high", spatial);
  c.dilation = per_axis(use, "dilation", spatial);
  std::vector<int64_t> found;
  if (c.kind == ConvolutionKind::forward) read_forward(use, c);
  if (c.kind == ConvolutionKind::input_gradient) found = read_input_gradient(use, c);
  if (c.kind == ConvolutionKind::filter_gradient) found = read_filter_gradient(use, c);
  for (size_t i = 0; i < spatial; ++i)
    c.output.push_back(
        window_positions(use, {c.input[i], c.filter[i], c.stride[i], c.low[i], c.high[i], c.dilation[i]},
                         fmt::format("spatial axis {}", i)));
  if (c.kind != ConvolutionKind::forward && found != c.output)
    shape_error(use,
                fmt::format("the output's adjoint has spatial extents {}, the forward convolution gives {}",
                            to_string(found), to_string(c.output)));
  return c;
}

Convolution convolution_of(const Node& node, const std::vector<Type>& operands) {
  return convolution_of(OpUse{*node.op, operands, node.attributes, nullptr});
}

Convolution convolution_of(const Graph& graph, const Node& node) {
  return convolution_of(node, {graph.type(node.operands[0]), graph.type(node.operands[1])});
}

}  // namespace gradus::ops
