// Elementwise functions and reductions.
#include <fmt/format.h>

#include <algorithm>

#include "frontend/language/elaborate/builtin_call.h"
#include "frontend/language/elaborate/known_math.h"

namespace gradus::language {

namespace {

Object elementwise(BuiltinCall& call) {
  const std::string& name = call.builtin.name;
  const Object& x = call.object("x");
  const bool keeps_integers =
      name == "abs" || name == "sign" || name == "floor" || name == "ceil" || name == "round";
  if (call.known(x) && !x.is<ListObject>()) {
    if (keeps_integers && !x.is<double>()) {
      const int64_t integer = integer_of(x);
      if (name == "abs" && integer < 0) return call.minus(Object(int64_t{0}), x);
      return Object(name == "sign" ? int64_t{(integer > 0) - (integer < 0)} : integer);
    }
    if (const std::optional<double> known = known_function(name, number_of(x))) return Object(*known);
  }
  Value value;
  if (keeps_integers && !is_float(call.builder().type(value = call.value("x")).element)) {
    if (call.builder().type(value).element == ElementType::boolean)
      value = call.promote(value, ElementType::i32);
    if (name != "abs" && name != "sign") return call.result(value);
  } else {
    value = call.float_value("x");
  }
  return call.result(build::unary(call.builder(), call.op(), value));
}

Object two_operands(BuiltinCall& call) {
  const Object& x = call.object("x");
  const Object& y = call.object("y");
  if (call.builtin.name == "pow" && call.known(x) && call.known(y) && !x.is<ListObject>() &&
      !y.is<ListObject>())
    return Object(known_power(number_of(x), number_of(y)));
  const std::vector<Value> values = call.same_shape({&x, &y}, true);
  return call.result(build::binary(call.builder(), call.op(), values[0], values[1]));
}

Object where(BuiltinCall& call) {
  const Value condition = call.value("condition");
  if (call.builder().type(condition).element != ElementType::boolean)
    call.error(
        fmt::format("where: the condition must be bool, found {}", to_string(call.builder().type(condition))),
        "compare it: … != 0");
  const std::vector<Value> sides = call.same_shape({&call.object("a"), &call.object("b")});
  const ElementType element = call.builder().type(sides[0]).element;
  const Object a = call.result(sides[0]);
  // The condition takes part in broadcasting, not in promotion.
  Shape shape = call.builder().shape(sides[0]);
  const Shape other = call.builder().shape(condition);
  if (shape != other) {
    const Type as_bool(ElementType::boolean, shape);
    const Object probe = call.result(build::constant_integer(call.builder(), as_bool, 0));
    const Object condition_object = call.result(condition);
    shape = call.builder().shape(call.same_shape({&condition_object, &probe})[0]);
  }
  GraphBuilder& b = call.builder();
  return call.result(build::select(b, build::broadcast_to(b, condition, shape),
                                   build::broadcast_to(b, call.promote(sides[0], element), shape),
                                   build::broadcast_to(b, sides[1], shape)));
}

Object clamp(BuiltinCall& call) {
  const std::vector<Value> values =
      call.same_shape({&call.object("x"), &call.object("low"), &call.object("high")});
  return call.result(call.builder().add(OpId::clamp, {values[0], values[1], values[2]}));
}

bool flat(const ListObject& list) {
  return std::none_of(list.items->begin(), list.items->end(),
                      [](const Object& item) { return item.is<ListObject>(); });
}

bool has_float(const Items& numbers) {
  return std::any_of(numbers.begin(), numbers.end(), [](const Object& item) { return item.is<double>(); });
}

// Exact for integers beyond 2^53; beside a float, all are floats.
Object known_extreme(const Items& numbers, bool largest) {
  if (!has_float(numbers)) {
    const auto less = [](const Object& a, const Object& b) { return integer_of(a) < integer_of(b); };
    return largest ? *std::max_element(numbers.begin(), numbers.end(), less)
                   : *std::min_element(numbers.begin(), numbers.end(), less);
  }
  double extreme = number_of(numbers.front());
  for (const Object& item : numbers)
    extreme = largest ? known_maximum(extreme, number_of(item)) : known_minimum(extreme, number_of(item));
  return Object(extreme);
}

Object extreme(BuiltinCall& call, bool largest) {
  const Object& x = call.object("x");
  if (call.has("y")) {
    if (call.has("over") || call.has("keep"))
      call.error(fmt::format("{} of two values has no `over`", call.builtin.name));
    const Object& y = call.object("y");
    if (call.known(x) && call.known(y) && !x.is<ListObject>() && !y.is<ListObject>())
      return known_extreme({x, y}, largest);
    const std::vector<Value> values = call.same_shape({&x, &y});
    return call.result(
        build::binary(call.builder(), largest ? OpId::maximum : OpId::minimum, values[0], values[1]));
  }
  if (const auto* list = x.as<ListObject>();
      list && call.known(x) && !call.has("over") && !list->items->empty() && flat(*list))
    return known_extreme(*list->items, largest);
  const Value value = call.value("x");
  const Shape shape = call.builder().shape(value);
  return call.result(
      build::reduce(call.builder(), call.op(), value, call.axes("over", shape), call.flag("keep")));
}

// sum and prod of a known flat list are known.
std::optional<Object> known_fold(BuiltinCall& call, bool product) {
  const Object& x = call.object("x");
  const auto* list = x.as<ListObject>();
  if (!list || !call.known(x) || call.has("over") || call.has("keep") || !flat(*list)) return std::nullopt;
  const Items& items = *list->items;
  if (has_float(items)) {
    double number = number_of(items.front());  // not 0 + it: a sum of -0 alone is -0
    for (size_t i = 1; i < items.size(); ++i)
      number = product ? number * number_of(items[i]) : number + number_of(items[i]);
    return Object(number);
  }
  int64_t integer = product ? 1 : 0;
  for (const Object& item : items)
    if (product ? __builtin_mul_overflow(integer, integer_of(item), &integer)
                : __builtin_add_overflow(integer, integer_of(item), &integer))
      call.error(fmt::format("{} of {} numbers does not fit into 64 bits", call.builtin.name, items.size()));
  return Object(integer);
}

Object sum_or_product(BuiltinCall& call) {
  if (std::optional<Object> known = known_fold(call, call.builtin.name == "prod")) return std::move(*known);
  Value value = call.value("x");
  if (call.builder().type(value).element == ElementType::boolean)
    value = call.promote(value, ElementType::i32);
  const Shape shape = call.builder().shape(value);
  return call.result(
      build::reduce(call.builder(), call.op(), value, call.axes("over", shape), call.flag("keep")));
}

Object mean(BuiltinCall& call) {
  const Value value = call.float_value("x");
  const Shape shape = call.builder().shape(value);
  const std::vector<int64_t> axes = call.axes("over", shape);
  int64_t count = 1;
  for (int64_t axis : axes) count *= shape[static_cast<size_t>(axis)];
  GraphBuilder& b = call.builder();
  const Value sum = build::sum(b, value, axes, call.flag("keep"));
  return call.result(build::div(b, sum, build::constant(b, b.type(sum), static_cast<double>(count))));
}

Object truth(BuiltinCall& call) {
  const Value value = call.value("x");
  if (call.builder().type(value).element != ElementType::boolean)
    call.error(
        fmt::format("{} needs bool, found {}", call.builtin.name, to_string(call.builder().type(value))),
        "compare it: … != 0");
  const Shape shape = call.builder().shape(value);
  return call.result(
      build::reduce(call.builder(), call.op(), value, call.axes("over", shape), call.flag("keep")));
}

Object arg_extreme(BuiltinCall& call) {
  const Value value = call.value("x");
  const Shape shape = call.builder().shape(value);
  return call.result(call.builder().add(call.op(), {value}, {{"axis", call.axis("over", shape, -1)}}));
}

Object cumsum(BuiltinCall& call) {
  Value value = call.value("x");
  if (call.builder().type(value).element == ElementType::boolean)
    value = call.promote(value, ElementType::i32);
  const Shape shape = call.builder().shape(value);
  return call.result(call.builder().add(OpId::cumsum, {value}, {{"axis", call.axis("over", shape, -1)}}));
}

Object sum_squares(BuiltinCall& call) {
  GraphBuilder& b = call.builder();
  const Object& x = call.object("x");
  const auto one = [&](const Object& object) {
    const Object* each = &object;
    const Value value = call.to_value(object, call.common_element({each}, true));
    return build::sum_all(b, build::mul(b, value, value));
  };
  const auto* list = x.as<ListObject>();
  if (!list) return call.result(one(x));
  std::optional<Value> total;
  for (const Object& item : *list->items) total = total ? build::add(b, *total, one(item)) : one(item);
  if (!total) call.error("sum_squares of an empty list");
  return call.result(*total);
}

}  // namespace

std::vector<BuiltinRecord> elementwise_builtins() {
  std::vector<BuiltinRecord> list;
  for (const char* name :
       {"abs",  "sign",  "floor", "ceil", "round",      "exp",     "expm1",    "log",      "log1p",
        "sqrt", "rsqrt", "cbrt",  "sin",  "cos",        "tan",     "asin",     "acos",     "atan",
        "sinh", "cosh",  "tanh",  "erf",  "normal_cdf", "sigmoid", "softplus", "is_finite"})
    list.push_back({{name, {"x"}}, elementwise});
  for (const char* name : {"atan2", "pow"}) list.push_back({{name, {"x", "y"}}, two_operands});
  list.push_back({{"where", {"condition", "a", "b"}}, where});
  list.push_back({{"clamp", {"x", "low", "high"}}, clamp});
  return list;
}

std::vector<BuiltinRecord> reduction_builtins() {
  const std::vector<std::string> reduced = {"x", "over = all axes", "keep = false"};
  const std::vector<std::string> extremes = {"x", "y = none", "over = all axes", "keep = false"};
  return {
      {{"min", extremes}, [](BuiltinCall& call) { return extreme(call, false); }},
      {{"max", extremes}, [](BuiltinCall& call) { return extreme(call, true); }},
      {{"sum", reduced}, sum_or_product},
      {{"prod", reduced}, sum_or_product},
      {{"mean", reduced}, mean},
      {{"any", reduced}, truth},
      {{"all", reduced}, truth},
      {{"argmax", {"x", "over = -1"}}, arg_extreme},
      {{"argmin", {"x", "over = -1"}}, arg_extreme},
      {{"cumsum", {"x", "over = -1"}}, cumsum},
      {{"sum_squares", {"x"}}, sum_squares},
  };
}

}  // namespace gradus::language
