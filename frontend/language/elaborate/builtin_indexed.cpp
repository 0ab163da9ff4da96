// Elements by position: gather and scatter, boxes whose place is known late, order.
#include <fmt/format.h>

#include "frontend/language/elaborate/builtin_call.h"

namespace gradus::language {

namespace {

Value integer_ids(BuiltinCall& call, const std::string& name) {
  const Value ids = call.value(name);
  if (!is_integer(call.builder().type(ids).element))
    call.error(fmt::format("{}: `{}` must be integers, found {}", call.builtin.name, name,
                           to_string(call.builder().type(ids))),
               "cast them: i32(…)");
  return ids;
}

Object gather(BuiltinCall& call) {
  const Value table = call.value("table");
  const Value ids = integer_ids(call, "ids");
  const Shape shape = call.builder().shape(table);
  if (shape.empty()) call.error("gather: a scalar has nothing to choose from");
  return call.result(call.checked_op(OpId::gather, {table, ids}, {{"batch", int64_t{0}}}, shape[0], "index"));
}

Object select_class(BuiltinCall& call) {
  const Value x = call.value("x");
  const Value ids = integer_ids(call, "ids");
  const Shape shape = call.builder().shape(x);
  const Shape wanted(shape.begin(), shape.empty() ? shape.end() : shape.end() - 1);
  if (shape.empty() || call.builder().shape(ids) != wanted)
    call.error(fmt::format("select_class: {} needs one label per row, i32{}, found {}",
                           to_string(call.builder().type(x)), to_string(wanted),
                           to_string(call.builder().type(ids))));
  return call.result(call.checked_op(OpId::gather, {x, ids}, {{"batch", static_cast<int64_t>(wanted.size())}},
                                     shape.back(), "label"));
}

Object scatter_add(BuiltinCall& call) {
  const Value updates = call.value("updates");
  const Value ids = integer_ids(call, "ids");
  const int64_t size = call.self_shape({call.object("size")})[0];
  return call.result(call.checked_op(OpId::scatter_add, {updates, ids},
                                     {{"batch", int64_t{0}}, {"size", size}}, size, "index"));
}

Object one_hot(BuiltinCall& call) {
  const Value ids = integer_ids(call, "ids");
  const int64_t depth = call.self_shape({call.object("depth")})[0];
  return call.result(call.checked_op(OpId::one_hot, {ids}, {{"depth", depth}, {"element", call.precision()}},
                                     depth, "label"));
}

// One integer scalar per axis, known or not.
std::vector<Value> starts(BuiltinCall& call, size_t rank) {
  const Object& given = call.object("start");
  const auto* list = known_of(given).as<ListObject>();
  const Items items = list ? *list->items : Items{given};
  if (items.size() != rank)
    call.error(fmt::format("{}: `start` needs one integer per axis ({}), found {}", call.builtin.name, rank,
                           items.size()));
  std::vector<Value> values;
  for (const Object& item : items) {
    const ElementType element = call.common_element({&item});
    const Value value = call.to_value(item, element);
    const Type& type = call.builder().type(value);
    if (!is_integer(type.element) || type.rank() != 0)
      call.error(
          fmt::format("{}: a start must be an integer scalar, found {}", call.builtin.name, to_string(type)),
          is_float(type.element) ? "cast it: i32(…)" : "");
    values.push_back(value);
  }
  return values;
}

Object dynamic_slice(BuiltinCall& call) {
  const Value x = call.value("x");
  const Type type = call.builder().type(x);
  std::vector<Value> operands = starts(call, type.shape.size());
  const Shape size = call.shape("size");
  if (size.size() != type.shape.size())
    call.error(fmt::format("dynamic_slice: `size` needs one extent per axis of {}, found {}", to_string(type),
                           to_string(size)));
  for (size_t axis = 0; axis < size.size(); ++axis)
    if (size[axis] > type.shape[axis])
      call.error(
          fmt::format("dynamic_slice: {} elements of axis {} of {}", size[axis], axis, to_string(type)));
  operands.insert(operands.begin(), x);
  return call.result(call.builder().add(OpId::dynamic_slice, std::move(operands), {{"size", size}}));
}

Object dynamic_update_slice(BuiltinCall& call) {
  const ElementType element = call.common_element({&call.object("x"), &call.object("update")});
  const Value x = call.to_value(call.object("x"), element);
  const Value update = call.to_value(call.object("update"), element);
  const Type type = call.builder().type(x), box = call.builder().type(update);
  if (box.rank() != type.rank())
    call.error(fmt::format("dynamic_update_slice: {} and the update {} differ in their number of axes",
                           to_string(type), to_string(box)));
  for (size_t axis = 0; axis < box.shape.size(); ++axis)
    if (box.shape[axis] > type.shape[axis])
      call.error(fmt::format("dynamic_update_slice: the update {} does not fit into {} (axis {})",
                             to_string(box), to_string(type), axis));
  std::vector<Value> operands = starts(call, type.shape.size());
  operands.insert(operands.begin(), {x, update});
  return call.result(call.builder().add(OpId::dynamic_update_slice, std::move(operands)));
}

Value numbers_to_order(BuiltinCall& call) {
  const Value x = call.value("x");
  const Type type = call.builder().type(x);
  if (type.rank() == 0) call.error(fmt::format("{}: a scalar has no order", call.builtin.name));
  return type.element == ElementType::boolean ? call.promote(x, ElementType::i32) : x;
}

Object sort(BuiltinCall& call) {
  const Value x = numbers_to_order(call);
  const Shape shape = call.builder().shape(x);
  const Value sorted = call.builder().add(OpId::sort, {x}, {{"axis", call.axis("axis", shape, -1)}});
  return call.result({sorted.node, call.builtin.name == "argsort" ? 1U : 0U});
}

Object top_k(BuiltinCall& call) {
  const Value x = numbers_to_order(call);
  const Type type = call.builder().type(x);
  const int64_t k = call.integer("k");
  if (k < 1 || k > type.shape.back())
    call.error(fmt::format("top_k: k is {}, but rows of {} have {} elements", k, to_string(type),
                           type.shape.back()));
  const Value top = call.builder().add(OpId::top_k, {x}, {{"k", k}});
  Items items = {call.result(top), call.result({top.node, 1})};
  return ResultsObject{"top_k", {"values", "indices"}, std::make_shared<const Items>(std::move(items))};
}

}  // namespace

std::vector<BuiltinRecord> indexed_builtins() {
  return {
      {{"gather", {"table", "ids"}}, gather},
      {{"select_class", {"x", "ids"}}, select_class},
      {{"scatter_add", {"updates", "ids", "size"}}, scatter_add},
      {{"one_hot", {"ids", "depth"}}, one_hot},
      {{"dynamic_slice", {"x", "start", "size"}}, dynamic_slice},
      {{"dynamic_update_slice", {"x", "update", "start"}}, dynamic_update_slice},
      {{"sort", {"x", "axis = -1"}}, sort},
      {{"argsort", {"x", "axis = -1"}}, sort},
      {{"top_k", {"x", "k"}}, top_k},
  };
}

}  // namespace gradus::language
