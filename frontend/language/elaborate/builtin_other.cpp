// Convolution, windows, random draws, gradients.
#include <fmt/format.h>

#include "frontend/language/elaborate/builtin_call.h"

namespace gradus::language {

namespace {

// Sums and products of what a user gives, which may be any 64-bit integers.
__extension__ using Wide = __int128;

// Axis letters of an image with its spatial axes in the middle: b01f, 01io.
std::string letters(size_t spatial, const char* first, const char* last) {
  std::string out = first;
  for (size_t i = 0; i < spatial; ++i) out += static_cast<char>('0' + i);
  return out + last;
}

// What both directions of a convolution take.
struct ConvolutionArguments {
  Value x, w;
  Type x_type, w_type;
  size_t spatial = 0;
  std::vector<int64_t> stride, low, high, dilation;
  int64_t groups = 1;

  ConvolutionArguments(BuiltinCall& call, const char* layout) {
    const ElementType element = call.common_element({&call.object("x"), &call.object("w")}, true);
    x = call.to_value(call.object("x"), element);
    w = call.to_value(call.object("w"), element);
    x_type = call.builder().type(x);
    w_type = call.builder().type(w);
    const std::string& name = call.builtin.name;
    if (x_type.rank() < 3 || x_type.rank() > 5 || w_type.rank() != x_type.rank())
      call.error(
          fmt::format("{}: {} and {}: expected [batch, spatial…, in] and {}, with one to three spatial axes",
                      name, to_string(x_type), to_string(w_type), layout));
    spatial = static_cast<size_t>(x_type.rank() - 2);
    stride = call.integers("stride", spatial, 1);
    low = call.integers("low", spatial, 0);
    high = call.integers("high", spatial, 0);
    dilation = call.integers("dilation", spatial, 1);
    groups = call.integer_or("groups", 1);
    for (size_t i = 0; i < spatial; ++i)
      if (stride[i] < 1 || dilation[i] < 1)
        call.error(fmt::format("{}: stride and dilation must be at least 1", name));
    if (groups < 1 || w_type.shape.back() % groups != 0)
      call.error(
          fmt::format("{}: {} channels cannot be cut into {} groups", name, w_type.shape.back(), groups));
  }
  Wide window(size_t axis) const { return Wide{w_type.shape[axis] - 1} * dilation[axis] + 1; }
  Attributes attributes(const char* kind) const {
    Attributes a{{"kind", std::string(kind)},
                 {"input", letters(spatial, "b", "f")},
                 {"filter", letters(spatial, "", "io")},
                 {"output", letters(spatial, "b", "f")},
                 {"stride", stride},
                 {"low", low},
                 {"high", high},
                 {"dilation", dilation}};
    if (groups > 1) a.set("groups", groups);
    return a;
  }
};

Object convolve(BuiltinCall& call) {
  const ConvolutionArguments c(call, "[spatial…, in, out]");
  const int64_t channels = c.x_type.shape.back();
  if (channels % c.groups != 0)
    call.error(fmt::format("convolve: {} channels of {} cannot be cut into {} groups", channels,
                           to_string(c.x_type), c.groups));
  if (channels / c.groups != c.w_type.shape[c.spatial])
    call.error(c.groups == 1
                   ? fmt::format("convolve: {} has {} channels, the window {} takes {}", to_string(c.x_type),
                                 channels, to_string(c.w_type), c.w_type.shape[c.spatial])
                   : fmt::format("convolve: a group of {} has {} channels, the window {} takes {}",
                                 to_string(c.x_type), channels / c.groups, to_string(c.w_type),
                                 c.w_type.shape[c.spatial]));
  for (size_t i = 0; i < c.spatial; ++i)
    if (const Wide size = Wide{c.x_type.shape[i + 1]} + c.low[i] + c.high[i]; c.window(i) > size)
      call.error(fmt::format("the kernel is larger than its input: {} over {} (axis {} of {})", c.window(i),
                             size, i + 1, to_string(c.x_type)),
                 "use a smaller kernel, or `padding: same`");
  return call.result(call.builder().add(OpId::conv, {c.x, c.w}, c.attributes("forward")));
}

// The transposed map of `convolve`: every element spreads over a window. w is that of the convolution which
// leads back, so its last axis is x's channels.
Object convolve_transpose(BuiltinCall& call) {
  const ConvolutionArguments c(call, "[spatial…, out, in]");
  if (c.x_type.shape.back() != c.w_type.shape.back())
    call.error(fmt::format("convolve_transpose: {} has {} channels, the window {} takes {}",
                           to_string(c.x_type), c.x_type.shape.back(), to_string(c.w_type),
                           c.w_type.shape.back()));
  std::vector<int64_t> size;
  std::vector<Wide> least;
  for (size_t i = 0; i < c.spatial; ++i) {
    least.push_back(Wide{c.x_type.shape[i + 1] - 1} * c.stride[i] + c.window(i) - c.low[i] - c.high[i]);
    if (least[i] > INT64_MAX || least[i] < INT64_MIN)
      call.error(
          fmt::format("convolve_transpose: size overflow: axis {} would get {} elements", i, least[i]));
    size.push_back(static_cast<int64_t>(least[i]));
  }
  if (call.has("size")) size = call.integers("size", c.spatial, 1);
  for (size_t i = 0; i < c.spatial; ++i)
    if (size[i] < std::max<Wide>(1, least[i]) || size[i] >= least[i] + c.stride[i])
      call.error(fmt::format("convolve_transpose: a size of {} along axis {} does not lead back to {}",
                             size[i], i + 1, to_string(c.x_type)),
                 fmt::format("{} to {} does", least[i], least[i] + c.stride[i] - 1));
  Attributes attributes = c.attributes("input_gradient");
  attributes.set("size", size);
  return call.result(call.builder().add(OpId::conv, {c.x, c.w}, std::move(attributes)));
}

Object window(BuiltinCall& call, const char* kind) {
  const Value x = call.float_value("x");
  GraphBuilder& b = call.builder();
  const Type type = b.type(x);
  if (type.rank() < 3)
    call.error(fmt::format("{}: expected [batch, spatial…, channels], found {}", call.builtin.name,
                           to_string(type)));
  const auto spatial = static_cast<size_t>(type.rank() - 2);
  const auto whole = [&](std::vector<int64_t> values, int64_t other) {
    values.insert(values.begin(), other);
    values.push_back(other);
    return values;
  };
  const std::vector<int64_t> size = whole(call.integers("window", spatial, 1), 1);
  const std::vector<int64_t> stride = whole(call.integers("stride", spatial, 1), 1);
  const std::vector<int64_t> low = whole(call.integers("low", spatial, 0), 0);
  const std::vector<int64_t> high = whole(call.integers("high", spatial, 0), 0);
  for (size_t i = 0; i < size.size(); ++i) {
    if (size[i] < 1 || stride[i] < 1)
      call.error(fmt::format("{}: window and stride must be at least 1", call.builtin.name));
    const Wide padded = Wide{type.shape[i]} + low[i] + high[i];
    if (size[i] > padded)
      call.error(fmt::format("the window is larger than its input: {} over {} (axis {} of {})", size[i],
                             padded, i, to_string(type)),
                 "use a smaller window, or `padding: same`");
    const Wide last = (padded - size[i]) / stride[i] * stride[i];  // where the last window begins
    if (low[i] >= size[i] || last >= Wide{low[i]} + type.shape[i])
      call.error(fmt::format("a window of {} lies in the padding: {} and {} beyond axis {} of {}", size[i],
                             low[i], high[i], i, to_string(type)),
                 "padding is never counted, so that such a window would hold nothing");
  }
  return call.result(b.add(
      OpId::reduce_window, {x},
      {{"kind", std::string(kind)}, {"window", size}, {"stride", stride}, {"low", low}, {"high", high}}));
}

// x [batch, spatial…, channels] with elements mirrored at its edges, which are not repeated: 3 2 | 1 2 3 |
// 2 1.
Object mirror(BuiltinCall& call) {
  Value x = call.value("x");
  GraphBuilder& b = call.builder();
  const Type type = b.type(x);
  if (type.rank() < 3)
    call.error(fmt::format("mirror: expected [batch, spatial…, channels], found {}", to_string(type)));
  const auto spatial = static_cast<size_t>(type.rank() - 2);
  const std::vector<int64_t> low = call.integers("low", spatial, 0), high = call.integers("high", spatial, 0);
  for (size_t i = 0; i < spatial; ++i) {
    const auto axis = static_cast<int64_t>(i) + 1;
    const int64_t size = type.shape[i + 1];
    if (std::min(low[i], high[i]) < 0 || std::max(low[i], high[i]) >= size)
      call.error(fmt::format("mirror: {} and {} elements beyond axis {} of {}", low[i], high[i], axis,
                             to_string(type)),
                 fmt::format("0 to {} can be mirrored, all but the edge itself", size - 1));
    const auto mirrored = [&](int64_t first, int64_t last) {
      const Shape shape = b.shape(x);
      std::vector<int64_t> start(shape.size(), 0), limit = shape;
      start[i + 1] = first;
      limit[i + 1] = last;
      return build::reverse(b, build::slice(b, x, start, limit, std::vector<int64_t>(shape.size(), 1)),
                            {axis});
    };
    std::vector<Value> parts;
    if (low[i] > 0) parts.push_back(mirrored(1, low[i] + 1));
    parts.push_back(x);
    if (high[i] > 0) parts.push_back(mirrored(size - 1 - high[i], size - 1));
    if (parts.size() > 1) x = build::concat(b, std::move(parts), axis);
  }
  return call.result(x);
}

// x * scale + offset, with known or run-time numbers.
Value scaled(BuiltinCall& call, Value draw, const std::optional<Object>& scale,
             const std::optional<Object>& offset) {
  GraphBuilder& b = call.builder();
  const auto spread = [&](const Object& object) {
    const Value number = call.to_value(object, call.precision());
    const Shape shape = b.shape(draw);  // of a node that may move
    return build::broadcast_to(b, number, shape);
  };
  if (scale) draw = build::mul(b, draw, spread(*scale));
  if (offset) draw = build::add(b, draw, spread(*offset));
  return draw;
}

Object uniform(BuiltinCall& call) {
  const Shape shape = call.shape("shape");
  const Object low = call.has("low") ? call.object("low") : Object(int64_t{0});
  const Object high = call.has("high") ? call.object("high") : Object(int64_t{1});
  const Value draw = call.draw(OpId::uniform, shape);
  const auto* from = low.as<int64_t>();
  const auto* to = high.as<int64_t>();
  if (from && to && *from == 0 && *to == 1) return call.result(draw);
  return call.result(scaled(call, draw, call.minus(high, low), low));
}

Object normal(BuiltinCall& call) {
  const Shape shape = call.shape("shape");
  const Value draw = call.draw(OpId::normal, shape);
  std::optional<Object> deviation;
  std::optional<Object> mean;
  if (call.has("deviation")) deviation = call.object("deviation");
  if (call.has("mean")) mean = call.object("mean");
  return call.result(scaled(call, draw, deviation, mean));
}

Object bernoulli(BuiltinCall& call) {
  const Shape shape = call.shape("shape");
  const Value draw = call.draw(OpId::uniform, shape);
  GraphBuilder& b = call.builder();
  const Value probability = call.to_value(call.object("probability"), call.precision());
  return call.result(build::binary(b, OpId::less, draw, build::broadcast_to(b, probability, shape)));
}

Object gradient(BuiltinCall& call) { return call.gradient(); }

Object stop_gradient(BuiltinCall& call) {
  return call.result(call.builder().add(OpId::stop_gradient, {call.value("x")}));
}

// x; in a metric, its sum over the set.
Object total(BuiltinCall& call) {
  const Value x = call.value("x");
  call.origin();
  return call.result(
      call.total(is_float(call.builder().type(x).element) ? x : call.promote(x, call.precision())));
}

Object custom_gradient(BuiltinCall& call) {
  const std::vector<Value> both = call.same_shape({&call.object("value"), &call.object("surrogate")}, true);
  return call.result(call.builder().add(OpId::custom_gradient, both));
}

Object unreachable(BuiltinCall& call) { call.error("a parameter needs a name"); }

}  // namespace

std::vector<BuiltinRecord> contraction_builtins() {
  const std::vector<std::string> windowed = {"x", "window", "stride = 1", "low = 0", "high = 0"};
  return {
      {{"convolve", {"x", "w", "stride = 1", "low = 0", "high = 0", "dilation = 1", "groups = 1"}}, convolve},
      {{"convolve_transpose",
        {"x", "w", "size = smallest", "stride = 1", "low = 0", "high = 0", "dilation = 1", "groups = 1"}},
       convolve_transpose},
      {{"window_max", windowed}, [](BuiltinCall& call) { return window(call, "max"); }},
      {{"window_sum", windowed}, [](BuiltinCall& call) { return window(call, "sum"); }},
      {{"mirror", {"x", "low", "high"}}, mirror},
  };
}

std::vector<BuiltinRecord> other_builtins() {
  return {
      {{"uniform", {"shape", "low = 0", "high = 1", "seed = none"}}, uniform},
      {{"normal", {"shape", "deviation = 1", "mean = 0", "seed = none"}}, normal},
      {{"bernoulli", {"shape", "probability", "seed = none"}}, bernoulli},
      {{"gradient", {"y", "x"}}, gradient},
      {{"total", {"x"}}, total},
      {{"stop_gradient", {"x"}}, stop_gradient},
      {{"custom_gradient", {"value", "surrogate"}}, custom_gradient},
      {{"parameter", {"shape", "initializer"}}, unreachable},
      {{"state", {"shape", "initializer"}}, unreachable},
  };
}

}  // namespace gradus::language
