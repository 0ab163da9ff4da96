// Functions that move elements about, and those that make values.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "frontend/language/elaborate/builtin_call.h"
#include "ir/shown_text.h"

namespace gradus::language {

namespace {

Object shape(BuiltinCall& call) {
  Items sizes;
  for (int64_t size : call.shape_of(call.object("x"))) sizes.push_back(Object(size));
  return make_list(std::move(sizes));
}

Object rank(BuiltinCall& call) {
  return Object(static_cast<int64_t>(call.shape_of(call.object("x")).size()));
}

Object length(BuiltinCall& call) {
  if (const auto* list = known_of(call.object("list")).as<ListObject>())
    return Object(static_cast<int64_t>(list->items->size()));
  const Shape of = call.shape_of(call.object("list"));
  if (of.empty()) call.error("length needs a list or a tensor with axes");
  return Object(of[0]);
}

Object reshape(BuiltinCall& call) {
  const Value x = call.value("x");
  const auto* list = known_of(call.object("shape")).as<ListObject>();
  if (!list) call.error("reshape needs a shape such as [2, 3]");
  Shape wanted;
  int64_t known = 1;
  int64_t open = -1;
  for (const Object& item : *list->items) {
    const auto* integer = known_of(item).as<int64_t>();
    if (integer && *integer == -1) {
      if (open >= 0) call.error("reshape fills in one -1 only");
      open = static_cast<int64_t>(wanted.size());
      wanted.push_back(1);
      continue;
    }
    const Shape one = call.self_shape({item});
    if (__builtin_mul_overflow(known, one[0], &known)) call.error("reshape: size overflow");
    wanted.push_back(one[0]);
  }
  const Type type = call.builder().type(x);
  const int64_t count = element_count(type.shape);
  if (open >= 0 && count % known == 0) wanted[static_cast<size_t>(open)] = count / known;
  if (!checked_element_count(wanted) || element_count(wanted) != count)
    call.error(fmt::format("reshape: {} has {} elements, {} has {}", to_string(type), count,
                           to_string(wanted), checked_element_count(wanted).value_or(-1)));
  return call.result(build::reshape(call.builder(), x, wanted));
}

Object transpose(BuiltinCall& call) {
  const Value x = call.value("x");
  const Shape of = call.builder().shape(x);
  std::vector<int64_t> dims = build::all_axes(of);
  if (call.has("axes")) {
    dims = call.integers("axes", of.size(), 0);
    for (int64_t& axis : dims)
      if (axis < 0) axis += static_cast<int64_t>(of.size());
    std::vector<int64_t> sorted = dims;
    std::sort(sorted.begin(), sorted.end());
    if (sorted != build::all_axes(of))
      call.error(
          fmt::format("transpose: `axes` must name each axis of {} once", to_string(call.builder().type(x))));
  } else {
    std::reverse(dims.begin(), dims.end());
  }
  return call.result(build::transpose(call.builder(), x, std::move(dims)));
}

Object transpose_last(BuiltinCall& call) {
  const Value x = call.value("x");
  const Shape of = call.builder().shape(x);
  if (of.size() < 2)
    call.error(fmt::format("transpose_last needs two axes, found {}", to_string(call.builder().type(x))));
  std::vector<int64_t> dims = build::all_axes(of);
  std::swap(dims[dims.size() - 1], dims[dims.size() - 2]);
  return call.result(build::transpose(call.builder(), x, std::move(dims)));
}

Object broadcast(BuiltinCall& call) {
  const Value x = call.value("x");
  return call.result(build::broadcast_to(call.builder(), x, call.shape("shape")));
}

const Items& items_of(BuiltinCall& call, const std::string& name) {
  const auto* list = known_of(call.object(name)).as<ListObject>();
  if (!list || list->items->empty()) call.error(fmt::format("{} needs a list of tensors", call.builtin.name));
  return *list->items;
}

Object concat(BuiltinCall& call) {
  const Items& items = items_of(call, "list");
  std::vector<const Object*> objects;
  for (const Object& item : items) objects.push_back(&item);
  const ElementType element = call.common_element(objects);
  std::vector<Value> parts;
  for (const Object& item : items) parts.push_back(call.to_value(item, element));
  const Shape first = call.builder().shape(parts[0]);
  const int64_t axis = call.axis("axis", first, 0);
  for (Value part : parts) {
    Shape other = call.builder().shape(part);
    if (other.size() == first.size()) other[static_cast<size_t>(axis)] = first[static_cast<size_t>(axis)];
    if (other != first)
      call.error(fmt::format("concat along axis {}: the other axes differ: {} and {}", axis,
                             to_string(call.builder().type(parts[0])), to_string(call.builder().type(part))));
  }
  return call.result(build::concat(call.builder(), std::move(parts), axis));
}

Object stack(BuiltinCall& call) {
  const Items& items = items_of(call, "list");
  const int64_t axis = call.integer_or("axis", 0);
  if (axis == 0 && call.known(call.object("list"))) return call.result(call.value("list"));
  const auto rank = static_cast<int64_t>(call.shape_of(items.front()).size()) + 1;
  if (axis < -rank || axis >= rank)
    call.error(fmt::format("stack: there is no axis {} in a stack of {}", axis,
                           to_string(call.shape_of(items.front()))),
               fmt::format("its axes are 0..{}, or negative from the end", rank - 1));
  return call.result(call.stack(items, axis));
}

Object split(BuiltinCall& call) {
  const Value x = call.value("x");
  GraphBuilder& b = call.builder();
  const Shape of = b.shape(x);
  const int64_t parts = call.integer("parts");
  const auto axis = static_cast<size_t>(call.axis("axis", of, -1));
  if (parts < 1 || of[axis] % parts != 0)
    call.error(fmt::format("split: axis {} of {} cannot be cut into {} equal parts", axis,
                           to_string(b.type(x)), parts));
  Items items;
  const int64_t size = of[axis] / parts;
  for (int64_t i = 0; i < parts; ++i) {
    std::vector<int64_t> start(of.size(), 0);
    std::vector<int64_t> limit = of;
    start[axis] = i * size;
    limit[axis] = (i + 1) * size;
    items.push_back(call.result(build::slice(b, x, start, limit, std::vector<int64_t>(of.size(), 1))));
  }
  return make_list(std::move(items));
}

Object squeeze(BuiltinCall& call) {
  const Value x = call.value("x");
  Shape of = call.builder().shape(x);
  const int64_t axis = call.axis("axis", of, 0);
  if (of[static_cast<size_t>(axis)] != 1)
    call.error(fmt::format("squeeze: axis {} of {} is not 1", axis, to_string(call.builder().type(x))));
  of.erase(of.begin() + axis);
  return call.result(build::reshape(call.builder(), x, std::move(of)));
}

Object pad(BuiltinCall& call) {
  const Value x = call.value("x");
  const size_t rank = call.builder().shape(x).size();
  return call.result(build::pad(call.builder(), x, call.number_or("value", 0), call.integers("low", rank, 0),
                                call.integers("high", rank, 0), std::vector<int64_t>(rank, 0)));
}

Object reverse(BuiltinCall& call) {
  // A known list stays one: `for i in reverse(0..n)`.
  if (const auto* list = call.object("x").as<ListObject>();
      list && call.known(call.object("x")) && call.integer_or("axis", 0) == 0)
    return make_list(Items(list->items->rbegin(), list->items->rend()), list->range);
  const Value x = call.value("x");
  return call.result(build::reverse(call.builder(), x, {call.axis("axis", call.builder().shape(x), 0)}));
}

Object filled(BuiltinCall& call, double value) {
  return call.result(build::constant(call.builder(), Type(call.precision(), call.shape("shape")), value));
}

Object fill(BuiltinCall& call) {
  const Shape shape = call.shape("shape");
  const Object& value = call.object("value");
  const Object& known = known_of(value);
  Value scalar;
  if (known.is<bool>() && !value.is<Tensor>())
    scalar = call.to_value(value, ElementType::boolean);
  else if (call.known(value))
    scalar = call.to_value(value, call.precision());
  else
    scalar = call.value("value");
  return call.result(build::broadcast_to(call.builder(), scalar, shape));
}

Object iota(BuiltinCall& call) {
  const Shape shape = call.self_shape({call.object("count")});
  const bool fits = shape[0] <= int64_t{1} << 31;
  return call.result(build::iota(call.builder(), Type(fits ? ElementType::i32 : ElementType::i64, shape), 0));
}

Object lower_triangle(BuiltinCall& call) {
  const int64_t n = call.self_shape({call.object("n")})[0];
  GraphBuilder& b = call.builder();
  const Type type(ElementType::i32, call.self_shape({Object(n), Object(n)}));
  return call.result(build::binary(b, OpId::less_equal, build::iota(b, type, 1), build::iota(b, type, 0)));
}

int64_t truncated(BuiltinCall& call, const Object& number) {
  if (const auto* integer = number.as<int64_t>()) return *integer;
  const double value = number_of(number);
  if (!(std::abs(value) < 0x1p63))
    call.error(fmt::format("int: {} does not fit into 64 bits", shown_number(value)));
  return static_cast<int64_t>(value);
}

Object cast(BuiltinCall& call) {
  const std::string& name = call.builtin.name;
  const Object& x = call.object("x");
  ElementType to = call.precision();
  if (name == "int") to = ElementType::i32;
  if (const auto named = element_type_named(name)) to = *named;
  // `float` and `int` of known numbers stay known; i32(1) says a type, so it is a tensor.
  if (call.known(x) && !x.is<ListObject>()) {
    if (name == "float") return Object(number_of(x));
    if (name == "int") return Object(truncated(call, x));
  }
  if (!call.known(x)) return call.result(build::cast(call.builder(), to, call.value("x")));
  // What is written meets the type at once, not the one that it would have by itself.
  const bool number = is_float(call.common_element({&x}));
  if (is_float(to) || (!number && to != ElementType::boolean)) return call.result(call.to_value(x, to));
  const Value whole = call.to_value(x, number ? ElementType::f64 : ElementType::i64);
  return call.result(build::cast(call.builder(), to, whole));
}

}  // namespace

std::vector<BuiltinRecord> shape_builtins() {
  return {
      {{"shape", {"x"}}, shape},
      {{"rank", {"x"}}, rank},
      {{"length", {"list"}}, length},
      {{"reshape", {"x", "shape"}}, reshape},
      {{"transpose", {"x", "axes = reversed"}}, transpose},
      {{"transpose_last", {"x"}}, transpose_last},
      {{"broadcast", {"x", "shape"}}, broadcast},
      {{"concat", {"list", "axis = 0"}}, concat},
      {{"stack", {"list", "axis = 0"}}, stack},
      {{"split", {"x", "parts", "axis = -1"}}, split},
      {{"squeeze", {"x", "axis = 0"}}, squeeze},
      {{"pad", {"x", "low", "high", "value = 0"}}, pad},
      {{"reverse", {"x", "axis = 0"}}, reverse},
  };
}

std::vector<BuiltinRecord> value_builtins() {
  std::vector<BuiltinRecord> list = {
      {{"zeros", {"shape"}}, [](BuiltinCall& call) { return filled(call, 0); }},
      {{"ones", {"shape"}}, [](BuiltinCall& call) { return filled(call, 1); }},
      {{"fill", {"shape", "value"}}, fill},
      {{"iota", {"count"}}, iota},
      {{"lower_triangle", {"n"}}, lower_triangle},
  };
  for (const char* name : {"f32", "f64", "bf16", "f16", "i32", "i64", "i8", "u8", "bool", "float", "int"})
    list.push_back({{name, {"x"}}, cast});
  return list;
}

}  // namespace gradus::language
