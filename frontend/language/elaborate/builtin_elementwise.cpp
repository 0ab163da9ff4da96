// Elementwise functions and reductions.
#include <fmt/format.h>

#include "frontend/language/elaborate/builtin_call.h"
#include "frontend/language/elaborate/known_math.h"

namespace gradus::language {

namespace {

Object elementwise(BuiltinCall& call) {
  const std::string& name = call.builtin.name;
  const Object& x = call.object("x");
  const bool keeps_integers =
      name == "abs" || name == "sign" || name == "floor" || name == "ceil" || name == "round";
  if (call.known(x)) {
    if (const auto* integer = x.as<int64_t>(); integer && keeps_integers) {
      if (name == "abs") return *integer < 0 ? call.minus(Object(int64_t{0}), x) : x;
      if (name == "sign") return Object(int64_t{(*integer > 0) - (*integer < 0)});
      return x;
    }
    if (!x.is<ListObject>())
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
  return call.result(build::unary(call.builder(), name, value));
}

Object two_operands(BuiltinCall& call) {
  const Object& x = call.object("x");
  const Object& y = call.object("y");
  if (call.builtin.name == "pow" && call.known(x) && call.known(y) && !x.is<ListObject>() &&
      !y.is<ListObject>())
    return Object(known_power(number_of(x), number_of(y)));
  const std::vector<Value> values = call.same_shape({&x, &y}, true);
  return call.result(build::binary(call.builder(), call.builtin.name, values[0], values[1]));
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
  return call.result(call.builder().add("clamp", {values[0], values[1], values[2]}));
}

// Exact for integers beyond 2^53.
bool known_less(const Object& a, const Object& b) {
  const auto *x = a.as<int64_t>(), *y = b.as<int64_t>();
  return x && y ? *x < *y : number_of(a) < number_of(b);
}

Object extreme(BuiltinCall& call, bool largest) {
  const Object& x = call.object("x");
  if (call.has("y")) {
    if (call.has("over") || call.has("keep"))
      call.error(fmt::format("{} of two values has no `over`", call.builtin.name));
    const Object& y = call.object("y");
    if (call.known(x) && call.known(y) && !x.is<ListObject>() && !y.is<ListObject>()) {
      return (largest ? known_less(x, y) : known_less(y, x)) ? y : x;
    }
    const std::vector<Value> values = call.same_shape({&x, &y});
    return call.result(build::binary(call.builder(), largest ? "maximum" : "minimum", values[0], values[1]));
  }
  if (const auto* list = x.as<ListObject>();
      list && call.known(x) && !call.has("over") && !list->items->empty()) {
    const Object* best = &list->items->front();
    bool flat = true;
    for (const Object& item : *list->items) {
      if (item.is<ListObject>()) {
        flat = false;
        break;
      }
      if (largest ? known_less(*best, item) : known_less(item, *best)) best = &item;
    }
    if (flat) return *best;
  }
  const Value value = call.value("x");
  const Shape shape = call.builder().shape(value);
  return call.result(
      build::reduce(call.builder(), call.builtin.name, value, call.axes("over", shape), call.flag("keep")));
}

// sum and prod of a known flat list are known.
std::optional<Object> known_fold(BuiltinCall& call, bool product) {
  const Object& x = call.object("x");
  const auto* list = x.as<ListObject>();
  if (!list || !call.known(x) || call.has("over") || call.has("keep")) return std::nullopt;
  int64_t integer = product ? 1 : 0;
  double number = product ? 1 : 0;
  bool integers = true;
  for (const Object& item : *list->items) {
    if (item.is<ListObject>()) return std::nullopt;
    const double each = number_of(item);
    number = product ? number * each : number + each;
    if (item.is<double>()) integers = false;
    const int64_t whole = item.is<int64_t>() ? *item.as<int64_t>() : (item.is<bool>() && *item.as<bool>());
    if (integers && (product ? __builtin_mul_overflow(integer, whole, &integer)
                             : __builtin_add_overflow(integer, whole, &integer)))
      call.error(
          fmt::format("{} of {} numbers does not fit into 64 bits", call.builtin.name, list->items->size()));
  }
  return integers ? Object(integer) : Object(number);
}

Object sum_or_product(BuiltinCall& call) {
  if (std::optional<Object> known = known_fold(call, call.builtin.name == "prod")) return std::move(*known);
  Value value = call.value("x");
  if (call.builder().type(value).element == ElementType::boolean)
    value = call.promote(value, ElementType::i32);
  const Shape shape = call.builder().shape(value);
  return call.result(
      build::reduce(call.builder(), call.builtin.name, value, call.axes("over", shape), call.flag("keep")));
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
      build::reduce(call.builder(), call.builtin.name, value, call.axes("over", shape), call.flag("keep")));
}

Object arg_extreme(BuiltinCall& call) {
  const Value value = call.value("x");
  const Shape shape = call.builder().shape(value);
  return call.result(
      call.builder().add(call.builtin.name, {value}, {{"axis", call.axis("over", shape, -1)}}));
}

Object cumsum(BuiltinCall& call) {
  Value value = call.value("x");
  if (call.builder().type(value).element == ElementType::boolean)
    value = call.promote(value, ElementType::i32);
  const Shape shape = call.builder().shape(value);
  return call.result(call.builder().add("cumsum", {value}, {{"axis", call.axis("over", shape, -1)}}));
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
       {"abs",  "sign",  "floor", "ceil", "round",   "exp",      "expm1",    "log",  "log1p",
        "sqrt", "rsqrt", "cbrt",  "sin",  "cos",     "tan",      "asin",     "acos", "atan",
        "sinh", "cosh",  "tanh",  "erf",  "sigmoid", "softplus", "is_finite"})
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
