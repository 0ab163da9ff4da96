// Convolution, windows, random draws, gradients.
#include <fmt/format.h>

#include "frontend/language/elaborate/builtin_call.h"

namespace gradus::language {

namespace {

// Axis letters of an image with its spatial axes in the middle: b01f, 01io.
std::string letters(size_t spatial, const char* first, const char* last) {
  std::string out = first;
  for (size_t i = 0; i < spatial; ++i) out += static_cast<char>('0' + i);
  return out + last;
}

Object convolve(BuiltinCall& call) {
  const ElementType element = call.common_element({&call.object("x"), &call.object("w")}, true);
  const Value x = call.to_value(call.object("x"), element);
  const Value w = call.to_value(call.object("w"), element);
  GraphBuilder& b = call.builder();
  const Type xt = b.type(x);
  const Type wt = b.type(w);
  if (xt.rank() < 3 || wt.rank() != xt.rank())
    call.error(fmt::format("convolve: {} and {}: expected [batch, spatial…, in] and [spatial…, in, out]",
                           to_string(xt), to_string(wt)));
  const auto spatial = static_cast<size_t>(xt.rank() - 2);
  const std::vector<int64_t> stride = call.integers("stride", spatial, 1);
  const std::vector<int64_t> low = call.integers("low", spatial, 0);
  const std::vector<int64_t> high = call.integers("high", spatial, 0);
  const std::vector<int64_t> dilation = call.integers("dilation", spatial, 1);
  if (xt.shape.back() != wt.shape[spatial])
    call.error(fmt::format("convolve: {} has {} channels, the window {} takes {}", to_string(xt),
                           xt.shape.back(), to_string(wt), wt.shape[spatial]));
  for (size_t i = 0; i < spatial; ++i) {
    if (stride[i] < 1 || dilation[i] < 1) call.error("convolve: stride and dilation must be at least 1");
    const int64_t window = (wt.shape[i] - 1) * dilation[i] + 1;
    const int64_t size = xt.shape[i + 1] + low[i] + high[i];
    if (window > size)
      call.error(fmt::format("the kernel is larger than its input: {} over {} (axis {} of {})", window, size,
                             i + 1, to_string(xt)),
                 "use a smaller kernel, or `padding: same`");
  }
  return call.result(b.add("conv", {x, w},
                           {{"kind", std::string("forward")},
                            {"input", letters(spatial, "b", "f")},
                            {"filter", letters(spatial, "", "io")},
                            {"output", letters(spatial, "b", "f")},
                            {"stride", stride},
                            {"low", low},
                            {"high", high},
                            {"dilation", dilation}}));
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
    if (size[i] > type.shape[i] + low[i] + high[i])
      call.error(fmt::format("the window is larger than its input: {} over {} (axis {} of {})", size[i],
                             type.shape[i] + low[i] + high[i], i, to_string(type)),
                 "use a smaller window, or `padding: same`");
  }
  return call.result(b.add(
      "reduce_window", {x},
      {{"kind", std::string(kind)}, {"window", size}, {"stride", stride}, {"low", low}, {"high", high}}));
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
  const Value draw = call.draw("uniform", shape);
  const auto* from = low.as<int64_t>();
  const auto* to = high.as<int64_t>();
  if (from && to && *from == 0 && *to == 1) return call.result(draw);
  return call.result(scaled(call, draw, call.minus(high, low), low));
}

Object normal(BuiltinCall& call) {
  const Shape shape = call.shape("shape");
  const Value draw = call.draw("normal", shape);
  std::optional<Object> deviation;
  std::optional<Object> mean;
  if (call.has("deviation")) deviation = call.object("deviation");
  if (call.has("mean")) mean = call.object("mean");
  return call.result(scaled(call, draw, deviation, mean));
}

Object bernoulli(BuiltinCall& call) {
  const Shape shape = call.shape("shape");
  const Value draw = call.draw("uniform", shape);
  GraphBuilder& b = call.builder();
  const Value probability = call.to_value(call.object("probability"), call.precision());
  return call.result(build::binary(b, "less", draw, build::broadcast_to(b, probability, shape)));
}

Object gradient(BuiltinCall& call) { return call.gradient(); }

Object stop_gradient(BuiltinCall& call) {
  return call.result(call.builder().add("stop_gradient", {call.value("x")}));
}

// a / b; as a metric, both are summed over the steps before they are divided.
Object ratio(BuiltinCall& call) {
  GraphBuilder& b = call.builder();
  std::vector<Value> sides;
  for (const char* name : {"a", "b"}) {
    const Value value = call.to_value(call.object(name), call.precision());
    if (!b.shape(value).empty())
      call.error(fmt::format("ratio: `{}` is one number, found {}", name, to_string(b.type(value))),
                 "reduce it: sum(…)");
    sides.push_back(value);
  }
  call.origin();
  Object quotient = call.result(build::div(b, sides[0], sides[1]));
  Tensor& tensor = std::get<Tensor>(quotient.kind);
  tensor.ratio = std::make_shared<const Ratio>(Ratio{sides[0], sides[1]});
  return quotient;
}

Object custom_gradient(BuiltinCall& call) {
  const std::vector<Value> both = call.same_shape({&call.object("value"), &call.object("surrogate")}, true);
  return call.result(call.builder().add("custom_gradient", both));
}

Object unreachable(BuiltinCall& call) { call.error("a parameter needs a name"); }

}  // namespace

std::vector<BuiltinRecord> contraction_builtins() {
  const std::vector<std::string> windowed = {"x", "window", "stride = 1", "low = 0", "high = 0"};
  return {
      {{"convolve", {"x", "w", "stride = 1", "low = 0", "high = 0", "dilation = 1"}}, convolve},
      {{"window_max", windowed}, [](BuiltinCall& call) { return window(call, "max"); }},
      {{"window_sum", windowed}, [](BuiltinCall& call) { return window(call, "sum"); }},
  };
}

std::vector<BuiltinRecord> other_builtins() {
  return {
      {{"uniform", {"shape", "low = 0", "high = 1", "seed = none"}}, uniform},
      {{"normal", {"shape", "deviation = 1", "mean = 0", "seed = none"}}, normal},
      {{"bernoulli", {"shape", "probability", "seed = none"}}, bernoulli},
      {{"gradient", {"y", "x"}}, gradient},
      {{"ratio", {"a", "b"}}, ratio},
      {{"stop_gradient", {"x"}}, stop_gradient},
      {{"custom_gradient", {"value", "surrogate"}}, custom_gradient},
      {{"parameter", {"shape", "initializer"}}, unreachable},
      {{"state", {"shape", "initializer"}}, unreachable},
  };
}

}  // namespace gradus::language
