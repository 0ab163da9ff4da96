// Contractions, windows, indexed and random ops, scans.
#include <algorithm>
#include <numeric>

#include "ir/build.h"
#include "tests/support/graph_drawer.h"

namespace gradus::testing {

namespace {

// Positions of a window; the shape rule's own formula.
int64_t positions_of(int64_t extent, int64_t window, int64_t stride, int64_t low, int64_t high,
                     int64_t dilation) {
  const int64_t room = extent + low + high - ((window - 1) * dilation + 1);
  return room < 0 ? 0 : room / stride + 1;
}

}  // namespace

// Both operands get their axes (batch, free, contracted) in an order of their own.
Value GraphDrawer::dot() {
  const Value a = float_of_rank(1, 3);
  const Shape left = b_.shape(a);
  AxisPairs contract, batch;
  Shape right;
  Shape result;
  for (int64_t axis = 0; axis < static_cast<int64_t>(left.size()); ++axis) {
    const int64_t kind = between(0, 3);
    const int64_t size = left[static_cast<size_t>(axis)];
    result.push_back(kind <= 1 ? 1 : size);
    if (kind == 3) continue;
    AxisPairs& pairs = kind == 2 ? batch : contract;
    pairs.left.push_back(axis);
    pairs.right.push_back(static_cast<int64_t>(right.size()));
    right.push_back(size);
  }
  const int64_t free = between(0, 2);
  for (int64_t i = 0; i < free; ++i) {
    const int64_t size = extent(options_.most_elements / std::max<int64_t>(1, element_count(result)));
    right.insert(right.begin(), size);
    result.push_back(size);
    for (AxisPairs* pairs : {&contract, &batch})
      for (int64_t& axis : pairs->right) ++axis;
  }
  if (!small_enough(right) || !small_enough(result)) return a;
  // Permutes the second operand's axes.
  std::vector<size_t> order(right.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::shuffle(order.begin(), order.end(), engine_);
  Shape shuffled(right.size());
  for (size_t i = 0; i < right.size(); ++i) shuffled[order[i]] = right[i];
  for (AxisPairs* pairs : {&contract, &batch})
    for (int64_t& axis : pairs->right) axis = static_cast<int64_t>(order[static_cast<size_t>(axis)]);
  if (contract.left.size() > 1 && chance(0.5)) {
    std::swap(contract.left[0], contract.left[1]);
    std::swap(contract.right[0], contract.right[1]);
  }
  const Type type(b_.type(a).element, shuffled);
  const Value w = chance(0.6) ? parameter(type) : fit(recent_float(), type);
  Value y = build::dot(b_, a, w, contract, batch);
  if (chance(0.7)) y = build::mul(b_, y, 0.5);
  if (chance(0.4)) y = build::unary(b_, chance(0.5) ? OpId::tanh : OpId::sigmoid, y);
  return y;
}

Value GraphDrawer::convolution() {
  const int64_t spatial = between(1, 2);
  const bool two = spatial == 2, channels_first = chance(0.25);
  const int64_t n = between(1, 3), in = extent(5), out = extent(9);
  std::vector<int64_t> size, kernel, stride, low, high, dilation;
  for (int64_t i = 0; i < spatial; ++i) {
    size.push_back(extent(two ? 9 : 33));
    kernel.push_back(between(1, std::min<int64_t>(size.back(), 4)));
    dilation.push_back(chance(0.2) && (kernel.back() - 1) * 2 + 1 <= size.back() ? 2 : 1);
    stride.push_back(between(1, 3));
    low.push_back(between(0, 2));
    high.push_back(between(0, 2));
  }
  const auto arranged = [&](int64_t first, int64_t channel) {
    Shape of = size;
    if (channels_first) {
      of.insert(of.begin(), {first, channel});
    } else {
      of.insert(of.begin(), first);
      of.push_back(channel);
    }
    return of;
  };
  const Shape x_shape = arranged(n, in);
  Shape w_shape = kernel;
  w_shape.insert(channels_first ? w_shape.begin() : w_shape.end(), {in, out});
  if (channels_first) std::swap(w_shape[0], w_shape[1]);
  if (!small_enough(x_shape) || !small_enough(w_shape)) return recent_float();
  const std::string digits = two ? "01" : "0";
  const std::string data = channels_first ? "bf" + digits : "b" + digits + "f";
  Attributes attributes{{"kind", std::string("forward")},
                        {"input", data},
                        {"filter", channels_first ? "oi" + digits : digits + "io"},
                        {"output", data},
                        {"stride", stride},
                        {"low", low},
                        {"high", high},
                        {"dilation", dilation}};
  int64_t outputs = n * out;
  for (size_t i = 0; i < size.size(); ++i)
    outputs *= positions_of(size[i], kernel[i], stride[i], low[i], high[i], dilation[i]);
  if (outputs == 0 || outputs > options_.most_elements) return recent_float();
  const Value x = fit(recent_float(), Type(element_, x_shape));
  const Value w = parameter(Type(element_, w_shape));
  const Value y = b_.add(OpId::conv, {x, w}, attributes);
  if (chance(0.35)) {  // the gradients as ops of their own
    const bool to_input = chance(0.5);
    attributes.set("kind", std::string(to_input ? "input_gradient" : "filter_gradient"));
    attributes.set("size", to_input ? size : kernel);
    const Value dy = fit(recent_float(), b_.type(y));
    keep(y);
    return to_input ? b_.add(OpId::conv, {dy, w}, attributes) : b_.add(OpId::conv, {x, dy}, attributes);
  }
  if (chance(0.6)) {  // bias and activation
    const int64_t channel_axis = channels_first ? 1 : spatial + 1;
    const Value bias = parameter(Type(element_, {out}));
    const Value sum = build::add(b_, y, build::broadcast(b_, bias, Shape(b_.shape(y)), {channel_axis}));
    return chance(0.5) ? build::binary(b_, OpId::maximum, build::constant(b_, b_.type(sum), 0), sum)
                       : build::unary(b_, OpId::tanh, sum);
  }
  return y;
}

Value GraphDrawer::window() {
  const Value x = float_of_rank(1, 4);
  const Shape from = b_.shape(x);
  std::vector<int64_t> window, stride, low, high;
  Shape result;
  for (const int64_t size : from) {
    window.push_back(chance(0.4) ? 1 : between(1, std::min<int64_t>(size, 3)));
    stride.push_back(chance(0.5) ? window.back() : between(1, 2));
    low.push_back(between(0, window.back() - 1));
    high.push_back(between(0, window.back() - 1));
    result.push_back(positions_of(size, window.back(), stride.back(), low.back(), high.back(), 1));
  }
  if (element_count(result) == 0 || !small_enough(result)) return x;
  static const std::vector<std::string> kinds = {"sum", "max", "min"};
  const std::string kind = pick(kinds);
  Attributes attributes{{"kind", kind}, {"window", window}, {"stride", stride}, {"low", low}, {"high", high}};
  if (kind == "sum" || chance(0.7)) return b_.add(OpId::reduce_window, {x}, attributes);
  const Type of_windows(b_.type(x).element, result);
  return chance(0.5) ? b_.add(OpId::select_and_scatter, {x, fit(recent_float(), of_windows)}, attributes)
                     : b_.add(OpId::select_and_gather, {x, like(x)}, attributes);
}

Value GraphDrawer::indexed() {
  const Value x = float_of_rank(1, 3);
  const Shape from = b_.shape(x);
  const int64_t batch = from.size() > 1 && chance(0.3) ? 1 : 0;
  Shape ids_shape(from.begin(), from.begin() + batch);
  if (chance(0.8)) ids_shape.push_back(extent(9));
  const int64_t below = from[static_cast<size_t>(batch)];
  switch (between(0, 4)) {
    case 4: {  // a box, read or replaced
      Type box = b_.type(x);
      std::vector<Value> operands = {x};
      for (int64_t& size : box.shape) size = between(1, size);
      const bool replaces = chance(0.5);
      if (replaces) operands.push_back(fit(recent_float(), box));
      for (size_t i = 0; i < from.size(); ++i) operands.push_back(positions({}, from[i]));
      return replaces ? b_.add(OpId::dynamic_update_slice, operands)
                      : b_.add(OpId::dynamic_slice, operands, {{"size", box.shape}});
    }
    case 0:
    case 1: {
      Shape to = ids_shape;
      to.insert(to.end(), from.begin() + batch + 1, from.end());
      if (!small_enough(to)) return x;
      const Value y = b_.add(OpId::gather, {x, positions(ids_shape, below)}, with_check({{"batch", batch}}));
      checks_.push_back({y.node, 1});
      return y;
    }
    case 2: {  // the ids' axes lead
      const int64_t size = extent(9);
      Shape leading(from.begin(), from.begin() + batch);
      leading.push_back(below);
      Shape to(from.begin(), from.begin() + batch);
      to.push_back(size);
      to.insert(to.end(), from.begin() + batch + 1, from.end());
      if (!small_enough(to)) return x;
      const Value y = b_.add(OpId::scatter_add, {x, positions(leading, size)},
                             with_check({{"batch", batch}, {"size", size}}));
      checks_.push_back({y.node, 1});
      return y;
    }
    default: {
      const int64_t depth = extent(9);
      if (element_count(ids_shape) * depth > options_.most_elements) return x;
      const Value y = b_.add(OpId::one_hot, {positions(ids_shape, depth)},
                             with_check({{"depth", depth}, {"element", b_.type(x).element}}));
      checks_.push_back({y.node, 1});
      return build::mul(b_, y, like(y));
    }
  }
}

Attributes GraphDrawer::with_check(Attributes attributes) const {
  attributes.set("check", static_cast<int64_t>(checks_.size()));
  return attributes;
}

Value GraphDrawer::status() {
  if (checks_.empty()) return {};
  std::vector<int64_t> numbers(checks_.size());
  std::iota(numbers.begin(), numbers.end(), 0);
  return b_.add(OpId::status, checks_, {{"checks", std::move(numbers)}});
}

Value GraphDrawer::random_numbers() {
  if (in_body_) return squashed(recent_float());
  if (!seed_) {
    seed_ = b_.input("seed", InputKind::seed, Type(ElementType::i64));
    step_ = b_.input("step", InputKind::step, Type(ElementType::i64));
    for (int i = 0; i < 2; ++i) {
      inputs_.emplace_back(Type(ElementType::i64));
      inputs_.back().integers[0] = between(0, 1000);
    }
  }
  const Value site = build::constant_integer(b_, Type(ElementType::i64), between(-1000000, 1000000));
  const Value zero = build::constant_integer(b_, Type(ElementType::i64), 0);
  const Value x = recent_float();
  const std::vector<Value> draw = {seed_, step_, site, zero};
  if (chance(0.15)) {
    others_.push_back(b_.add(OpId::random_bits, draw, {{"shape", Shape(b_.shape(x))}}));
    return build::mul(b_, build::cast(b_, b_.type(x).element, others_.back()), 0x1p-31);
  }
  const Attributes attributes{{"shape", Shape(b_.shape(x))}, {"element", b_.type(x).element}};
  if (chance(0.4)) return build::add(b_, x, build::mul(b_, b_.add(OpId::normal, draw, attributes), 0.25));
  const Value keep_it = build::binary(b_, OpId::less, b_.add(OpId::uniform, draw, attributes),
                                      build::constant(b_, b_.type(x), 0.75));  // dropout
  return build::select(b_, keep_it, build::mul(b_, x, 1.5), build::zeros_like(b_, x));
}

Value GraphDrawer::integers() {
  const Value x = recent_float();
  const Type type(chance(0.5) ? ElementType::i32 : ElementType::i64, b_.shape(x));
  Value n =
      type.rank() ? build::iota(b_, type, between(0, type.rank() - 1)) : build::constant_integer(b_, type, 5);
  static const std::vector<OpId> ops = {OpId::add,
                                        OpId::sub,
                                        OpId::mul,
                                        OpId::div,
                                        OpId::rem,
                                        OpId::maximum,
                                        OpId::logical_and,
                                        OpId::logical_or,
                                        OpId::logical_xor,
                                        OpId::shift_left,
                                        OpId::shift_right_logical};
  const int64_t count = between(1, 3);
  for (int64_t i = 0; i < count; ++i)
    n = build::binary(b_, pick(ops), n, build::constant_integer(b_, type, between(-3, 9)));
  if (chance(0.3)) n = build::cast(b_, chance(0.5) ? ElementType::i8 : ElementType::u8, n);
  others_.push_back(n);
  if (chance(0.3)) {
    static const std::vector<OpId> reductions = {OpId::sum, OpId::max, OpId::min, OpId::prod};
    others_.push_back(build::reduce(b_, pick(reductions), n, axes_of(n)));
    if (b_.type(n).rank() > 0)
      others_.push_back(b_.add(OpId::cumsum, {n}, {{"axis", between(0, b_.type(n).rank() - 1)}}));
  }
  return build::mul(b_, build::cast(b_, b_.type(x).element, n), 0.0625);
}

// A few ops over the body's inputs; what they give is folded into the carry, and one value is an output.
Value GraphDrawer::scan() {
  if (depth_ > 1) return binary();
  const Value start = small_float(40);
  const Value sequence = float_of_rank(1, 3);
  const Value capture = small_float(100);
  const int64_t length = b_.shape(sequence)[0];
  const Shape carry_shape = b_.shape(start);
  Type element = b_.type(sequence);
  element.shape.erase(element.shape.begin());
  if (length > 17 || length < 1 || element_count(element.shape) > 40) return binary();
  GraphDrawer body(*this, "body");
  const bool counted = chance(0.4);  // a second carry, of integers
  const Value index = body.b_.input("i", InputKind::data, Type(ElementType::i64));
  const Value carry = body.b_.input("c", InputKind::data, b_.type(start));
  const Type count_type(ElementType::i32, {2});
  const Value count = counted ? body.b_.input("n", InputKind::data, count_type) : Value{};
  const Value e = body.b_.input("e", InputKind::data, element);
  const Value w = body.b_.input("w", InputKind::data, b_.type(capture));
  body.floats_ = {carry, e, w};
  const int64_t steps = between(1, 3);
  for (int64_t i = 0; i < steps; ++i) body.step();
  const Type type = body.b_.type(carry);
  Value next = body.fit(body.recent_float(), type);
  next = build::add(body.b_, build::mul(body.b_, carry, 0.5), body.squashed(next));
  if (chance(0.3)) {
    const Value time = build::mul(body.b_, build::cast(body.b_, type.element, index), 0.125);
    next = build::add(body.b_, next, build::broadcast_to(body.b_, time, type.shape));
  }
  next = body.fit(body.in_element(next, type.element), type);
  body.b_.add_result("", next);
  if (counted) {
    body.b_.add_result(
        "", build::add(body.b_, count,
                       build::broadcast_to(body.b_, build::cast(body.b_, ElementType::i32, index), {2})));
  }
  const Value output = body.recent_float();
  const Shape output_shape = body.b_.shape(output);
  const bool has_output = chance(0.7) && element_count(output_shape) * length <= options_.most_elements;
  if (has_output) body.b_.add_result("", output);
  const bool history = chance(0.3);
  Attributes attributes{{"carries", int64_t{counted ? 2 : 1}}, {"sequences", int64_t{1}}, {"length", length}};
  if (chance(0.4)) attributes.set("reverse", true);
  if (history) attributes.set("histories", std::vector<int64_t>{0});
  std::vector<Value> operands = {start, sequence, capture};
  if (counted) operands.insert(operands.begin() + 1, build::constant_integers(b_, count_type, {3, -7}));
  const Value y = b_.add(OpId::scan, std::move(operands), attributes,
                         std::make_shared<const Graph>(std::move(body.b_).finish()));
  if (history && element_count(carry_shape) * length <= options_.most_elements)
    floats_.push_back({y.node, counted ? 2u : 1u});
  if (has_output) floats_.push_back({y.node, (history ? 2u : 1u) + (counted ? 1u : 0u)});
  if (counted) others_.push_back({y.node, 1});
  return y;
}

const std::vector<std::pair<double, GraphDrawer::Family>>& GraphDrawer::families() {
  static const std::vector<std::pair<double, Family>> list = {
      {4, &GraphDrawer::unary},          {5, &GraphDrawer::binary},    {2, &GraphDrawer::choice},
      {4, &GraphDrawer::shape_op},       {4, &GraphDrawer::reduction}, {3, &GraphDrawer::dot},
      {2, &GraphDrawer::convolution},    {2, &GraphDrawer::window},    {2, &GraphDrawer::indexed},
      {1, &GraphDrawer::random_numbers}, {1, &GraphDrawer::integers},  {1, &GraphDrawer::identity},
      {1.5, &GraphDrawer::scan}};
  return list;
}

void GraphDrawer::step() {
  double total = 0;
  for (const auto& [weight, family] : families()) total += weight;
  double at = real(0, total);
  for (const auto& [weight, family] : families()) {
    at -= weight;
    if (at >= 0) continue;
    keep((this->*family)());
    return;
  }
}

}  // namespace gradus::testing
