#include "tests/support/graph_drawer.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "ir/build.h"

namespace gradus::testing {

using evaluate::Array;

GraphDrawer::GraphDrawer(uint64_t seed, const RandomGraphOptions& options)
    : options_(options), engine_(own_engine_), own_engine_(seed), b_("random" + std::to_string(seed)) {
  element_ = chance(0.6) ? ElementType::f32 : ElementType::f64;
  const int64_t first = between(1, 3);
  for (int64_t i = 0; i < first; ++i) parameter(Type(element_, shape(3, options_.most_elements)));
}

GraphDrawer::GraphDrawer(GraphDrawer& outer, std::string name)
    : options_(outer.options_),
      engine_(outer.engine_),
      b_(std::move(name)),
      element_(outer.element_),
      in_body_(true),
      depth_(outer.depth_ + 1) {}

int64_t GraphDrawer::between(int64_t low, int64_t high) {
  return low + static_cast<int64_t>(engine_() % static_cast<uint64_t>(high - low + 1));
}
bool GraphDrawer::chance(double probability) { return real(0, 1) < probability; }
double GraphDrawer::real(double low, double high) {
  return low + (high - low) * static_cast<double>(engine_() >> 11) * 0x1p-53;
}

int64_t GraphDrawer::extent(int64_t most) {
  static const std::vector<int64_t> extents = {1, 1, 2, 2, 3, 3, 4, 5, 7, 8, 9, 16, 17, 33, 65};
  for (int attempt = 0; attempt < 20; ++attempt)
    if (const int64_t drawn = pick(extents); drawn <= most) return drawn;
  return 1;
}

Shape GraphDrawer::shape(int64_t most_rank, int64_t most_elements) {
  Shape drawn;
  const int64_t rank = between(0, most_rank);
  for (int64_t i = 0; i < rank; ++i) {
    drawn.push_back(extent(most_elements));
    most_elements /= drawn.back();
  }
  for (size_t i = drawn.size(); i > 1; --i)
    std::swap(drawn[i - 1], drawn[static_cast<size_t>(between(0, static_cast<int64_t>(i) - 1))]);
  return drawn;
}

bool GraphDrawer::small_enough(const Shape& drawn) const {
  return element_count(drawn) <= options_.most_elements;
}

std::vector<int64_t> GraphDrawer::axes_of(Value x) {
  std::vector<int64_t> axes;
  for (int64_t axis = 0; axis < b_.type(x).rank(); ++axis)
    if (chance(0.5)) axes.push_back(axis);
  return axes;
}

Value GraphDrawer::keep(Value x) {
  (is_float(b_.type(x).element) ? floats_ : others_).push_back(x);
  return x;
}

// Numbers with few bits, so that literals are the same in every type and ties do occur.
Value GraphDrawer::parameter(const Type& type) {
  const auto count = static_cast<size_t>(element_count(type.shape));
  if (in_body_ || chance(0.15)) {
    if (count > 64 || chance(0.5))
      return keep(build::constant(b_, type, static_cast<double>(between(-12, 12)) / 8));
    std::vector<double> values(count);
    for (double& value : values) value = static_cast<double>(between(-16, 16)) / 8;
    return keep(build::constant_values(b_, type, std::move(values)));
  }
  if (floats_.size() > 1 && b_.graph().inputs().size() > 7 &&
      b_.type(floats_.front()).element == type.element)
    return fit(floats_.front(), type);
  const InputKind kind = chance(0.6)   ? InputKind::parameter
                         : chance(0.3) ? InputKind::state
                                       : InputKind::data;
  const Value x = b_.input("x" + std::to_string(inputs_.size()), kind, type);
  Array<double> array(type);
  for (double& number : array.floats) number = evaluate::round_number(type.element, real(-1.5, 1.5));
  inputs_.push_back(std::move(array));
  return keep(x);
}

Value GraphDrawer::positions(const Shape& of, int64_t below) {
  const Type type(chance(0.5) ? ElementType::i32 : ElementType::i64, of);
  std::vector<int64_t> values(static_cast<size_t>(element_count(of)));
  for (int64_t& value : values) value = chance(0.03) ? below : between(0, std::max<int64_t>(0, below - 1));
  if (in_body_ || (values.size() <= 64 && chance(0.3)))
    return build::constant_integers(b_, type, std::move(values));
  const Value ids = b_.input("n" + std::to_string(inputs_.size()), InputKind::data, type);
  Array<double> array(type);
  array.integers = std::move(values);
  inputs_.push_back(std::move(array));
  return ids;
}

Value GraphDrawer::recent_float() {
  const auto last = static_cast<int64_t>(floats_.size()) - 1;
  return floats_[static_cast<size_t>(chance(0.6) ? std::max<int64_t>(0, last - between(0, 2))
                                                 : between(0, last))];
}
Value GraphDrawer::any_value() { return others_.empty() || chance(0.6) ? recent_float() : pick(others_); }

Value GraphDrawer::in_element(Value x, ElementType element) {
  return b_.type(x).element == element ? x : build::cast(b_, element, x);
}

Value GraphDrawer::float_of_rank(int64_t low, int64_t high) {
  for (int attempt = 0; attempt < 6; ++attempt)
    if (const Value x = recent_float(); b_.type(x).rank() >= low && b_.type(x).rank() <= high) return x;
  Shape drawn;
  while (static_cast<int64_t>(drawn.size()) < low || (drawn.size() < 4 && chance(0.4)))
    drawn.push_back(extent(drawn.size() > 1 ? 5 : 17));
  if (static_cast<int64_t>(drawn.size()) > high) drawn.resize(static_cast<size_t>(high));
  return small_enough(drawn) ? parameter(Type(element_, drawn))
                             : parameter(Type(element_, Shape(static_cast<size_t>(low), 2)));
}

Value GraphDrawer::small_float(int64_t most_elements) {
  for (int attempt = 0; attempt < 6; ++attempt)
    if (const Value x = recent_float(); element_count(b_.shape(x)) <= most_elements) return x;
  return parameter(Type(element_, shape(2, most_elements)));
}

// Reduces, slices, pads and broadcasts: whatever leads to the type.
Value GraphDrawer::fit(Value x, const Type& type) {
  x = in_element(x, type.element);
  const Shape from = b_.shape(x);
  if (from == type.shape) return x;
  if (element_count(from) == element_count(type.shape)) return build::reshape(b_, x, type.shape);
  if (from.size() == type.shape.size() && chance(0.6)) {
    std::vector<int64_t> high, none(from.size(), 0);
    for (size_t i = 0; i < from.size(); ++i) high.push_back(type.shape[i] - from[i]);
    return build::pad(b_, x, 0.5, none, high, none);
  }
  // Trailing axes that agree stay.
  size_t same = 0;
  while (same < from.size() && same < type.shape.size() &&
         from[from.size() - 1 - same] == type.shape[type.shape.size() - 1 - same])
    ++same;
  if (same < from.size()) {
    std::vector<int64_t> axes(from.size() - same);
    std::iota(axes.begin(), axes.end(), 0);
    double count = 1;
    for (int64_t axis : axes) count *= static_cast<double>(from[static_cast<size_t>(axis)]);
    x = build::mul(b_, build::sum(b_, x, axes), 1 / std::max(1.0, count));
  }
  return build::broadcast_to(b_, x, type.shape);
}

Value GraphDrawer::like(Value x) {
  const Type type = b_.type(x);
  for (int attempt = 0; attempt < 3; ++attempt)
    if (const Value y = recent_float(); b_.type(y) == type) return y;
  return chance(0.4) ? parameter(type) : fit(recent_float(), type);
}

Value GraphDrawer::positive(Value x) {
  return build::add(b_, build::mul(b_, x, x), static_cast<double>(between(2, 8)) / 8);
}
Value GraphDrawer::squashed(Value x) { return build::unary(b_, chance(0.5) ? OpId::tanh : OpId::sin, x); }

// ---- elementwise

Value GraphDrawer::unary() {
  static const std::vector<OpId> everywhere = {OpId::neg,  OpId::abs,  OpId::sin,     OpId::cos,
                                               OpId::tanh, OpId::erf,  OpId::sigmoid, OpId::softplus,
                                               OpId::atan, OpId::tanh, OpId::sigmoid, OpId::normal_cdf};
  static const std::vector<OpId> of_positive = {OpId::log,   OpId::sqrt, OpId::rsqrt, OpId::cbrt,
                                                OpId::log1p, OpId::log,  OpId::sqrt};
  static const std::vector<OpId> of_small = {OpId::exp,  OpId::expm1, OpId::tan,
                                             OpId::sinh, OpId::cosh,  OpId::exp};
  static const std::vector<OpId> steps = {OpId::floor, OpId::ceil, OpId::round, OpId::sign};
  const Value x = recent_float();
  switch (between(0, 7)) {
    case 0:
      return build::unary(b_, pick(of_positive), positive(x));
    case 1:
    case 2:
      return build::unary(b_, pick(of_small), squashed(x));
    case 3:
      return build::unary(b_, chance(0.5) ? OpId::asin : OpId::acos, build::mul(b_, squashed(x), 0.875));
    case 4:
      if (chance(0.5)) return build::unary(b_, pick(steps), x);
      [[fallthrough]];
    default:
      return build::unary(b_, pick(everywhere), x);
  }
}

Value GraphDrawer::binary() {
  const Value x = recent_float(), y = like(x);
  switch (between(0, 11)) {
    case 0:
    case 1:
      return build::add(b_, x, y);
    case 2:
    case 3:
      return build::sub(b_, x, y);
    case 4:
      return build::mul(b_, x, y);
    case 5:
      return build::binary(b_, chance(0.5) ? OpId::mul : OpId::mul_no_nan, x, y);
    case 6:
      return build::div(b_, x, positive(y));
    case 7:
      return build::binary(b_, chance(0.5) ? OpId::maximum : OpId::minimum, x, y);
    case 8:
      return build::binary(b_, OpId::pow, positive(x), squashed(y));
    case 9: {
      static const std::vector<double> exponents = {2, 3, 1, 0, 0.5, -1, 1.5};
      const Value base = chance(0.5) ? positive(x) : x;
      double exponent = pick(exponents);
      if (base == x) exponent = 2;
      return build::binary(b_, OpId::pow, base, build::constant(b_, b_.type(base), exponent));
    }
    case 10:
      return build::binary(b_, OpId::atan2, x, positive(y));
    default:
      return chance(0.5) ? build::binary(b_, OpId::rem, x, positive(y)) : build::mul(b_, x, squashed(y));
  }
}

Value GraphDrawer::choice() {
  static const std::vector<OpId> comparisons = {OpId::less,          OpId::less_equal, OpId::greater,
                                                OpId::greater_equal, OpId::not_equal,  OpId::equal};
  const Value x = recent_float(), y = like(x);
  if (chance(0.3)) {  // relu and clamp
    const Value zero = build::constant(b_, b_.type(x), 0);
    if (chance(0.5)) return build::binary(b_, OpId::maximum, zero, x);
    return b_.add(OpId::clamp,
                  {x, build::constant(b_, b_.type(x), -0.75), build::constant(b_, b_.type(x), 0.5)});
  }
  Value condition = build::binary(b_, pick(comparisons), x, y);
  if (chance(0.2)) condition = build::unary(b_, OpId::logical_not, condition);
  if (chance(0.2))
    condition = build::binary(b_, OpId::logical_xor, condition, build::unary(b_, OpId::is_finite, y));
  others_.push_back(condition);
  if (chance(0.15)) return build::cast(b_, b_.type(x).element, condition);
  return build::select(b_, condition, x, like(x));
}

Value GraphDrawer::call() {
  const Value x = recent_float(), y = recent_float();
  GraphDrawer body(*this, "callee");
  body.floats_ = {body.b_.input("x", InputKind::data, b_.type(x)),
                  body.b_.input("y", InputKind::data, b_.type(y))};
  for (int64_t steps = between(1, 3); steps > 0; --steps) body.step();
  body.b_.add_result("", body.floats_.back());
  if (chance(0.3)) body.b_.add_result("", body.recent_float());
  return b_.add(OpId::call, {x, y}, {}, std::make_shared<const Graph>(std::move(body.b_).finish()));
}

Value GraphDrawer::identity() {
  const Value x = recent_float();
  switch (between(0, 6)) {
    case 6:
      return b_.add(OpId::custom_gradient, {x, like(x)});
    case 4:
    case 5:
      return depth_ < 2 ? call() : build::mul(b_, x, -0.5);
    case 0:
      return b_.add(OpId::stop_gradient, {x});
    case 1:
      return build::cast(b_, b_.type(x).element == ElementType::f32 ? ElementType::f64 : ElementType::f32, x);
    default:
      return in_body_ ? build::mul(b_, x, 0.5)
                      : b_.add(OpId::mark, {x}, {{"id", static_cast<int64_t>(b_.size()) + 1000}});
  }
}

// ---- shape and reduction

Value GraphDrawer::shape_op() {
  const Value x = float_of_rank(1, 4);
  const Shape from = b_.shape(x);
  const auto rank = from.size();
  std::vector<int64_t> low(rank), high(rank), step(rank);
  switch (between(0, 7)) {
    case 0: {  // reshape: merge or split axes
      Shape to;
      for (const int64_t extent_of : from) {
        if (!to.empty() && chance(0.5))
          to.back() *= extent_of;
        else if (extent_of % 2 == 0 && chance(0.5))
          to.insert(to.end(), {extent_of / 2, 2});
        else
          to.push_back(extent_of);
      }
      if (chance(0.3)) to.insert(to.begin() + between(0, static_cast<int64_t>(to.size())), 1);
      return build::reshape(b_, x, to);
    }
    case 1: {
      std::vector<int64_t> dims(rank);
      std::iota(dims.begin(), dims.end(), 0);
      std::shuffle(dims.begin(), dims.end(), engine_);
      return build::transpose(b_, x, dims);
    }
    case 2:
    case 3: {  // broadcast: new axes anywhere
      Shape to;
      std::vector<int64_t> dims;
      for (size_t axis = 0; axis <= rank; ++axis) {
        if (chance(0.4)) to.push_back(extent(9));
        if (axis == rank) break;
        dims.push_back(static_cast<int64_t>(to.size()));
        to.push_back(from[axis]);
      }
      return small_enough(to) ? build::broadcast(b_, x, to, dims) : x;
    }
    case 4:
      for (size_t i = 0; i < rank; ++i) {
        low[i] = between(0, from[i] - 1);
        high[i] = between(low[i] + 1, from[i]);
        step[i] = between(1, 3);
      }
      return build::slice(b_, x, low, high, step);
    case 5: {
      Shape to;
      for (size_t i = 0; i < rank; ++i) {
        low[i] = between(-1, 2);
        high[i] = between(-1, 2);
        step[i] = chance(0.3) ? 1 : 0;
        to.push_back(low[i] + high[i] + from[i] + step[i] * (from[i] - 1));
        if (to.back() < 1) return build::reverse(b_, x, {static_cast<int64_t>(i)});
      }
      return small_enough(to) ? build::pad(b_, x, static_cast<double>(between(-2, 2)) / 2, low, high, step)
                              : x;
    }
    case 6: {
      const int64_t axis = between(0, static_cast<int64_t>(rank) - 1);
      Type other = b_.type(x);
      other.shape[static_cast<size_t>(axis)] = extent(9);
      std::vector<Value> parts = {x, fit(recent_float(), other)};
      if (chance(0.3)) parts.push_back(x);
      Shape to = from;
      to[static_cast<size_t>(axis)] = from[static_cast<size_t>(axis)] * (parts.size() == 3 ? 2 : 1) +
                                      other.shape[static_cast<size_t>(axis)];
      return small_enough(to) ? build::concat(b_, parts, axis) : x;
    }
    default: {
      const std::vector<int64_t> axes = axes_of(x);
      if (axes.empty()) {  // into another layout and back
        std::vector<int64_t> order(rank);
        std::iota(order.rbegin(), order.rend(), 0);
        return build::relayout(b_, build::relayout(b_, x, {order, {}, {}}), {});
      }
      return build::reverse(b_, x, axes);
    }
  }
}

Value GraphDrawer::reduction() {
  const Value x = float_of_rank(1, 4);
  const std::vector<int64_t> axes = axes_of(x);
  const int64_t axis = between(0, b_.type(x).rank() - 1);
  double count = 1;
  for (int64_t i : axes) count *= static_cast<double>(b_.shape(x)[static_cast<size_t>(i)]);
  switch (between(0, 9)) {
    case 0:
      return build::reduce(b_, chance(0.5) ? OpId::max : OpId::min, x, axes);
    case 6: {
      const Value y = chance(0.5) ? b_.add(OpId::sort, {x}, {{"axis", axis}})
                                  : b_.add(OpId::top_k, {x}, {{"k", between(1, b_.shape(x).back())}});
      others_.push_back({y.node, 1});
      return y;
    }
    case 1:
      return build::reduce(b_, OpId::prod,
                           build::add(b_, build::mul(b_, squashed(x), 0.25), count > 30 ? 1.0 : 0.75), axes);
    case 2:
      others_.push_back(b_.add(chance(0.5) ? OpId::argmax : OpId::argmin, {x}, {{"axis", axis}}));
      return build::cast(b_, b_.type(x).element, others_.back());
    case 3:
      return b_.add(OpId::cumsum, {x}, {{"axis", axis}});
    case 4: {
      const Value condition = build::binary(b_, OpId::less, x, like(x));
      others_.push_back(b_.add(chance(0.5) ? OpId::any : OpId::all, {condition}, {{"axes", axes}}));
      return build::cast(b_, b_.type(x).element, others_.back());
    }
    case 5: {  // softmax, or a mean taken off
      const Value shifted = build::sub(
          b_, x, build::broadcast_to(b_, build::reduce(b_, OpId::max, x, {axis}, true), Shape(b_.shape(x))));
      const Value e = build::unary(b_, OpId::exp, shifted);
      return build::div(b_, e, build::broadcast_to(b_, build::sum(b_, e, {axis}, true), Shape(b_.shape(x))));
    }
    default:
      return build::mul(b_, build::sum(b_, x, axes), 1 / std::max(1.0, std::floor(std::sqrt(count))));
  }
}

}  // namespace gradus::testing
