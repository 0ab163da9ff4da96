#include "frontend/language/elaborate/builtin_call.h"

#include <fmt/format.h>

#include <algorithm>

namespace gradus::language {

namespace {

const std::vector<BuiltinRecord>& records() {
  static const std::vector<BuiltinRecord> all = [] {
    std::vector<BuiltinRecord> list;
    for (auto part : {elementwise_builtins(), reduction_builtins(), shape_builtins(), value_builtins(),
                      contraction_builtins(), einsum_builtins(), indexed_builtins(), other_builtins()})
      list.insert(list.end(), part.begin(), part.end());
    return list;
  }();
  return all;
}

// "over = none" is optional, "x" is not.
std::string parameter_name(const std::string& parameter) { return parameter.substr(0, parameter.find(' ')); }
bool is_optional(const std::string& parameter) { return parameter.find('=') != std::string::npos; }

std::string signature(const Builtin& builtin) {
  std::string out = builtin.name + "(";
  for (const std::string& parameter : builtin.parameters) {
    const size_t equals = parameter.find(" = ");
    out += (out.back() == '(' ? "" : ", ") + parameter_name(parameter);
    if (equals != std::string::npos) out += ": " + parameter.substr(equals + 3);
  }
  return out + ")";
}

}  // namespace

std::span<const Builtin> builtins() {
  static const std::vector<Builtin> all = [] {
    std::vector<Builtin> list;
    for (const BuiltinRecord& record : records()) list.push_back(record.builtin);
    return list;
  }();
  return all;
}

const Builtin* find_builtin(std::string_view name) {
  for (const Builtin& builtin : builtins())
    if (builtin.name == name) return &builtin;
  return nullptr;
}

BuiltinCall::BuiltinCall(Elaborator& elaborator, const Builtin& called, ArgumentValues given,
                         SourceSpan place_of_call, const Path* named)
    : self(elaborator),
      builtin(called),
      span(std::move(place_of_call)),
      path(named),
      arguments(std::move(given)) {}

void BuiltinCall::bind() {
  size_t next = 0;
  for (const ArgumentValue& argument : arguments) {
    std::string name = argument.name;
    if (name.empty()) {
      if (next >= builtin.parameters.size())
        self.error(argument.span,
                   fmt::format("too many arguments: {} takes {}", builtin.name, builtin.parameters.size()),
                   "it is " + signature(builtin));
      name = parameter_name(builtin.parameters[next++]);
    } else if (std::none_of(builtin.parameters.begin(), builtin.parameters.end(),
                            [&](const std::string& p) { return parameter_name(p) == name; })) {
      std::vector<std::string> names;
      for (const std::string& p : builtin.parameters) names.push_back(parameter_name(p));
      self.error(argument.span, fmt::format("{} has no argument `{}`", builtin.name, name),
                 argument_hint(name, names, signature(builtin)));
    }
    if (bound_.contains(name)) self.error(argument.span, fmt::format("`{}` is given twice", name));
    self.checked(argument.value, argument.span);
    if (argument.value.is<Nothing>()) {
      const auto at = std::find_if(builtin.parameters.begin(), builtin.parameters.end(),
                                   [&](const std::string& p) { return parameter_name(p) == name; });
      if (is_optional(*at)) continue;
    }
    bound_.emplace(name, Bound{argument.value, argument.span, argument.expression});
  }
  for (const std::string& parameter : builtin.parameters)
    if (!is_optional(parameter) && !bound_.contains(parameter))
      error(fmt::format("{} needs its argument `{}`", builtin.name, parameter),
            "it is " + signature(builtin));
}

Object BuiltinCall::run() {
  // parameter and state have forms of their own.
  if (builtin.name == "parameter") return storage(true);
  if (builtin.name == "state") return storage(false);
  bind();
  if (path)
    error(fmt::format("`as` names layers, parameters and groups; {} makes nothing to name", builtin.name));
  const auto record = std::find_if(records().begin(), records().end(),
                                   [&](const BuiltinRecord& r) { return r.builtin.name == builtin.name; });
  origin();
  return record->run(*this);
}

Object BuiltinCall::storage(bool trainable) {
  if (!path)
    error(fmt::format("a {} needs a name", builtin.name),
          fmt::format("bind it, `name = {}(…)`, or name it, `{}(…) as name`", builtin.name, builtin.name));
  const std::string local = self.local_name(*path);
  Object result = self.activation_->line && !trainable ? self.make_slot(local, arguments, span)
                                                       : self.make_storage(local, trainable, arguments, span);
  self.bind_path(*path, result);
  return self.read(**result.as<Storage*>());
}

void BuiltinCall::error(std::string message, std::string hint) const {
  self.error(span, std::move(message), std::move(hint));
}

void BuiltinCall::error_at(const SourceSpan& at, std::string message, std::string hint) const {
  self.error(at, std::move(message), std::move(hint));
}

const Object& BuiltinCall::object(const std::string& name) const { return bound_.at(name).value; }

SourceSpan BuiltinCall::place(const std::string& name) const {
  const auto at = bound_.find(name);
  return at == bound_.end() ? span : at->second.span;
}

const Expression* BuiltinCall::expression(const std::string& name) const {
  return bound_.at(name).expression;
}

Value BuiltinCall::value(const std::string& name) const {
  const Value result = self.to_value(object(name), place(name));
  origin();
  return result;
}

Value BuiltinCall::float_value(const std::string& name) const {
  const Object& from = object(name);
  const ElementType element = self.element_of(from, place(name));
  const Value result = self.to_value(from, is_float(element) ? element : precision(), place(name));
  origin();
  return result;
}

int64_t BuiltinCall::integer(const std::string& name) const {
  return self.to_integer(object(name), fmt::format("`{}` of {}", name, builtin.name), place(name));
}

int64_t BuiltinCall::integer_or(const std::string& name, int64_t otherwise) const {
  return has(name) ? integer(name) : otherwise;
}

double BuiltinCall::number_or(const std::string& name, double otherwise) const {
  return has(name) ? self.to_number(object(name), fmt::format("`{}` of {}", name, builtin.name), place(name))
                   : otherwise;
}

bool BuiltinCall::flag(const std::string& name) const {
  return has(name) && self.to_bool(object(name), fmt::format("`{}` of {}", name, builtin.name), place(name));
}

Shape BuiltinCall::shape(const std::string& name) const { return self.to_shape(object(name), place(name)); }

int64_t BuiltinCall::axis(const std::string& name, const Shape& of, int64_t otherwise) const {
  const int64_t given = integer_or(name, otherwise);
  const auto rank = static_cast<int64_t>(of.size());
  if (given < -rank || given >= rank)
    self.error(place(name), fmt::format("{}: there is no axis {} in {}", builtin.name, given, to_string(of)),
               rank == 0 ? "a scalar has no axes"
                         : fmt::format("axes are 0..{}, or negative from the end", rank - 1));
  return given < 0 ? given + rank : given;
}

std::vector<int64_t> BuiltinCall::axes(const std::string& name, const Shape& of) const {
  if (!has(name)) return build::all_axes(of);
  const auto rank = static_cast<int64_t>(of.size());
  std::vector<int64_t> result;
  const auto add = [&](const Object& object) {
    const int64_t given = self.to_integer(object, fmt::format("`{}` of {}", name, builtin.name), place(name));
    if (given < -rank || given >= rank)
      self.error(place(name),
                 fmt::format("{}: there is no axis {} in {}", builtin.name, given, to_string(of)),
                 rank == 0 ? "a scalar has no axes"
                           : fmt::format("axes are 0..{}, or negative from the end", rank - 1));
    result.push_back(given < 0 ? given + rank : given);
  };
  if (const auto* list = known_of(object(name)).as<ListObject>())
    for (const Object& item : *list->items) add(item);
  else
    add(object(name));
  std::sort(result.begin(), result.end());
  if (std::adjacent_find(result.begin(), result.end()) != result.end())
    self.error(place(name), fmt::format("{}: an axis is given twice", builtin.name));
  return result;
}

std::vector<int64_t> BuiltinCall::integers(const std::string& name, size_t count, int64_t otherwise) const {
  if (!has(name)) return std::vector<int64_t>(count, otherwise);
  const auto* list = known_of(object(name)).as<ListObject>();
  if (!list) return std::vector<int64_t>(count, integer(name));
  if (list->items->size() != count)
    self.error(place(name), fmt::format("`{}` of {} needs {} numbers, found {}", name, builtin.name, count,
                                        list->items->size()));
  std::vector<int64_t> result;
  for (const Object& item : *list->items)
    result.push_back(self.to_integer(item, fmt::format("`{}` of {}", name, builtin.name), place(name)));
  return result;
}

GraphBuilder& BuiltinCall::builder() const { return self.frame_->builder; }
Frame& BuiltinCall::frame() const { return *self.frame_; }
Object BuiltinCall::result(Value value) const { return self.tensor(value); }
ElementType BuiltinCall::precision() const { return self.options_.precision; }
void BuiltinCall::origin() const { self.put_origin(span); }
Shape BuiltinCall::shape_of(const Object& object) const { return self.shape_of(object, span); }

Shape BuiltinCall::self_shape(Items sizes) const { return self.to_shape(make_list(std::move(sizes)), span); }
Object BuiltinCall::minus(const Object& x, const Object& y) const {
  return self.binary(BinaryOperator::subtract, x, y, span);
}

Value BuiltinCall::to_value(const Object& object, ElementType element) const {
  const Value value = self.to_value(object, element, span);
  origin();
  return value;
}

Value BuiltinCall::promote(Value value, ElementType element) const {
  return self.promote(value, element, span, builtin.name);
}

ElementType BuiltinCall::common_element(const std::vector<const Object*>& objects, bool floats) const {
  return self.common_element(objects, builtin.name.c_str(), span, floats);
}

std::vector<Value> BuiltinCall::same_shape(const std::vector<const Object*>& objects, bool floats) const {
  const ElementType element = common_element(objects, floats);
  std::vector<Value> values;
  for (const Object* object : objects) values.push_back(self.to_value(*object, element, span));
  const Shape shape = self.common_shape(values, builtin.name.c_str(), span);
  origin();
  for (Value& value : values) value = build::broadcast_to(builder(), value, shape);
  return values;
}

Value BuiltinCall::checked_op(OpId op, std::vector<Value> operands, Attributes attributes, int64_t limit,
                              const std::string& description) const {
  return self.checked_op(op, std::move(operands), std::move(attributes), limit, description, span);
}

Value BuiltinCall::stack(const Items& items, int64_t axis) const { return self.stack(items, axis, span); }

Value BuiltinCall::draw(OpId op, const Shape& of_shape) const {
  return self.draw(op, of_shape, has("seed") ? object("seed") : Object(Nothing{}), span);
}

}  // namespace gradus::language
