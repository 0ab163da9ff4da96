// Objects of the language as values of the graph under construction.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "frontend/language/elaborate/elaborator.h"
#include "frontend/language/elaborate/range.h"

namespace gradus::language {

namespace {

// Leaves of a known list, row-major; false if it is ragged.
bool flatten_known(const Object& object, size_t depth, Shape& shape, std::vector<const Object*>& leaves) {
  const auto* list = object.as<ListObject>();
  if (!list) {
    leaves.push_back(&object);
    return depth == shape.size();
  }
  const auto extent = static_cast<int64_t>(list->items->size());
  if (depth == shape.size()) {
    if (!leaves.empty()) return false;
    shape.push_back(extent);
  }
  if (shape[depth] != extent) return false;
  for (const Object& item : *list->items)
    if (!flatten_known(known_of(item), depth + 1, shape, leaves)) return false;
  return true;
}

bool fits(int64_t value, ElementType integers) {
  switch (integers) {
    case ElementType::i32:
      return value >= INT32_MIN && value <= INT32_MAX;
    case ElementType::i8:
      return value >= INT8_MIN && value <= INT8_MAX;
    case ElementType::u8:
      return value >= 0 && value <= UINT8_MAX;
    default:
      return true;
  }
}
bool fits_i32(int64_t value) { return fits(value, ElementType::i32); }

enum class Kind { boolean, integer, floating };
Kind kind_of(ElementType type) {
  if (type == ElementType::boolean) return Kind::boolean;
  return is_float(type) ? Kind::floating : Kind::integer;
}

Kind known_kind(const Object& object) {
  if (const auto* list = object.as<ListObject>()) {
    Kind kind = Kind::boolean;
    for (const Object& item : *list->items) kind = std::max(kind, known_kind(known_of(item)));
    return list->items->empty() ? Kind::floating : kind;
  }
  if (object.is<double>()) return Kind::floating;
  return object.is<int64_t>() ? Kind::integer : Kind::boolean;
}

}  // namespace

bool contains_tensor(const Object& object) {
  if (object.is<Tensor>() || object.is<Storage*>()) return true;
  const auto* list = object.as<ListObject>();
  if (!list) return false;
  for (const Object& item : *list->items)
    if (contains_tensor(item)) return true;
  return false;
}

const Object& Elaborator::checked(const Object& object, const SourceSpan& span) {
  if (object.is<Poison>()) throw Abandon{};
  if (const auto* results = object.as<ResultsObject>()) {
    std::string names;
    for (const std::string& name : results->names) names += (names.empty() ? "" : ", ") + name;
    error(span, fmt::format("{} has {} results, used as one", results->of, results->names.size()),
          fmt::format("take one of {}: `.{}`, or bind them all: `{} = …`", names, results->names.front(),
                      names));
  }
  return object;
}

bool Elaborator::weak(const Object& object) const { return !contains_tensor(object) && is_known(object); }

Value Elaborator::use(const Tensor& value, const SourceSpan& span) {
  if (value.frame == frame_) return value.value;
  if (frame_->initial_values)
    error(span, "an initial value cannot depend on values of the step",
          "initial values are computed once, before step 1, from known values and random draws");
  if (!frame_->parent)
    error(span, "this value belongs to an iteration of `scan` that has ended", "use `collect` or a carry");
  // Captured from the enclosing graph.
  Frame* inner = frame_;
  frame_ = inner->parent;
  const Value outer = [&] {
    try {
      return use(value, span);
    } catch (...) {
      frame_ = inner;
      throw;
    }
  }();
  frame_ = inner;
  const auto at = inner->captured.find(outer);
  if (at != inner->captured.end()) return at->second;
  put_origin(span);
  const Value input = inner->builder.input(fmt::format("capture_{}", inner->captures.size() + 1),
                                           InputKind::data, inner->parent->builder.type(outer));
  inner->captured.emplace(outer, input);
  inner->captures.push_back(outer);
  return input;
}

// A range may be long: its elements are computed where they are read.
Value Elaborator::range_value(int64_t first, int64_t step, uint64_t count, const SourceSpan& span) {
  const Shape shape{static_cast<int64_t>(std::min<uint64_t>(count, INT64_MAX))};
  check_shape(shape, span);
  const int64_t last = range_element(first, step, count - 1);
  const bool narrow = fits_i32(first) && fits_i32(last);
  const Type type(narrow ? ElementType::i32 : ElementType::i64, shape);
  put_origin(span);
  GraphBuilder& b = frame_->builder;
  Value value = build::iota(b, type, 0);
  if (step != 1 && count > 1) value = build::mul(b, value, build::constant_integer(b, type, step));
  return first == 0 ? value : build::add(b, value, build::constant_integer(b, type, first));
}

Value Elaborator::known_value(const Object& known, ElementType element, const SourceSpan& span) {
  if (const auto* list = known.as<ListObject>(); list && list->range && !list->items->empty()) {
    const Items& items = *list->items;
    const int64_t first = integer_of(items[0]);
    int64_t step = 1;
    if (items.size() > 1) __builtin_sub_overflow(integer_of(items[1]), first, &step);  // steps may wrap
    const Value integers = range_value(first, step, items.size(), span);
    if (!fits(first, element) || !fits(integer_of(items.back()), element))
      error(span, fmt::format("{} to {} do not fit into {}", first, integer_of(items.back()), name(element)),
            "i64(…) makes them wider integers");
    return build::cast(frame_->builder, element, integers);
  }
  Shape shape;
  std::vector<const Object*> leaves;
  if (!flatten_known(known, 0, shape, leaves))
    error(span, "the rows of this list differ in length",
          "a list becomes a tensor only if it is rectangular");
  check_shape(shape, span);
  put_origin(span);
  GraphBuilder& b = frame_->builder;
  const Type type(element, shape);
  if (!is_float(element)) {
    std::vector<int64_t> values;
    for (const Object* leaf : leaves) {
      if (leaf->is<double>()) error(span, fmt::format("{} is not an integer", describe(*leaf)));
      const int64_t value = leaf->is<bool>() ? (*leaf->as<bool>() ? 1 : 0) : *leaf->as<int64_t>();
      if (!fits(value, element))
        error(span, fmt::format("{} does not fit into {}", value, name(element)),
              fmt::format("i64({}) is a wider integer, {}.0 a number", value, value));
      values.push_back(value);
    }
    if (shape.empty()) return build::constant_integer(b, type, values[0]);
    return build::constant_integers(b, type, std::move(values));
  }
  std::vector<double> values;
  for (const Object* leaf : leaves) values.push_back(number_of(*leaf));
  if (shape.empty()) return build::constant(b, type, values[0]);
  return build::constant_values(b, type, std::move(values));
}

namespace {

// Whether integers stand in it that i32 does not hold.
bool is_wide(const Object& known) {
  if (const auto* integer = known.as<int64_t>()) return !fits_i32(*integer);
  const auto* list = known.as<ListObject>();
  return list && std::any_of(list->items->begin(), list->items->end(),
                             [](const Object& item) { return is_wide(known_of(item)); });
}

}  // namespace

ElementType Elaborator::element_of(const Object& object, const SourceSpan& span) {
  if (const auto* value = object.as<Tensor>()) return value->frame->builder.type(value->value).element;
  if (const auto* storage = object.as<Storage*>()) return (*storage)->type.element;
  if (weak(object)) {
    switch (known_kind(known_of(object))) {
      case Kind::boolean:
        return ElementType::boolean;
      case Kind::integer:
        return is_wide(known_of(object)) ? ElementType::i64 : ElementType::i32;
      case Kind::floating:
        return options_.precision;
    }
  }
  if (const auto* list = object.as<ListObject>()) {
    std::vector<const Object*> items;
    for (const Object& item : *list->items) items.push_back(&item);
    return common_element(items, "a list", span);
  }
  checked(object, span);
  error(span, fmt::format("expected a number or a tensor, found {}", describe(object)));
}

Value Elaborator::to_value(const Object& object, const SourceSpan& span) {
  return to_value(object, element_of(checked(object, span), span), span);
}

Value Elaborator::to_value(const Object& object, ElementType element, const SourceSpan& span) {
  checked(object, span);
  if (const auto* value = object.as<Tensor>()) return promote(use(*value, span), element, span, "");
  if (const auto* storage = object.as<Storage*>()) return to_value(read(**storage), element, span);
  if (weak(object)) return known_value(object, element, span);
  if (const auto* list = object.as<ListObject>()) {
    const Value stacked = stack(*list->items, 0, span);
    return promote(stacked, element, span, "");
  }
  error(span, fmt::format("expected a number or a tensor, found {}", describe(object)));
}

Value Elaborator::promote(Value value, ElementType element, const SourceSpan& span, const std::string& what) {
  const ElementType from = type_of(value).element;
  if (from == element) return value;
  const std::string place = what.empty() ? "" : what + ": ";
  if (kind_of(from) == kind_of(element))
    error(span, fmt::format("{}{} where {} is expected", place, to_string(type_of(value)), name(element)),
          fmt::format("cast it: {}(…)", name(element)));
  if (kind_of(from) > kind_of(element))
    error(span, fmt::format("{}{} where {} is expected", place, to_string(type_of(value)), name(element)),
          element == ElementType::boolean ? "compare it: … != 0"
                                          : fmt::format("cast it: {}(…)", name(element)));
  put_origin(span);
  return build::cast(frame_->builder, element, value);
}

Value Elaborator::stack(const Items& items, int64_t axis, const SourceSpan& span) {
  if (items.empty()) error(span, "an empty list has no element type");
  std::vector<const Object*> objects;
  for (const Object& item : items) objects.push_back(&item);
  const ElementType element = common_element(objects, "a list", span);
  std::vector<Value> parts;
  for (const Object& item : items) parts.push_back(to_value(item, element, span));
  put_origin(span);
  GraphBuilder& b = frame_->builder;
  for (size_t i = 0; i < parts.size(); ++i) {
    const Shape& shape = b.shape(parts[i]);
    if (shape != b.shape(parts[0]))
      error(span, fmt::format("the elements of a list differ in shape: {} and {}",
                              to_string(type_of(parts[0])), to_string(type_of(parts[i]))));
  }
  const Shape base = b.shape(parts[0]);
  const int64_t at = axis < 0 ? axis + static_cast<int64_t>(base.size()) + 1 : axis;
  Shape widened = base;
  widened.insert(widened.begin() + at, 1);
  for (Value& part : parts) part = build::reshape(b, part, widened);
  return build::concat(b, std::move(parts), at);
}

Shape Elaborator::shape_of(const Object& object, const SourceSpan& span) {
  checked(object, span);
  if (const auto* value = object.as<Tensor>()) return value->frame->builder.shape(value->value);
  if (const auto* storage = object.as<Storage*>()) return (*storage)->type.shape;
  if (const auto* list = object.as<ListObject>()) {
    Shape shape = list->items->empty() ? Shape{} : shape_of(list->items->front(), span);
    shape.insert(shape.begin(), static_cast<int64_t>(list->items->size()));
    return shape;
  }
  if (is_known_scalar(object)) return {};
  error(span, fmt::format("{} has no shape", describe(object)));
}

int64_t Elaborator::to_integer(const Object& object, const std::string& what, const SourceSpan& span) {
  const Object& known = known_of(checked(object, span));
  if (const auto* integer = known.as<int64_t>()) return *integer;
  if (const auto* number = known.as<double>()) {
    if (*number == std::floor(*number) && std::abs(*number) < 9e15) return static_cast<int64_t>(*number);
    error(span, fmt::format("{} must be a whole number, found {}", what, describe(known)));
  }
  if (object.is<Tensor>())
    error(span, fmt::format("{} must be known when the graph is built, found {}", what, describe(object)),
          "its value changes at run time");
  error(span, fmt::format("{} must be an integer, found {}", what, describe(object)));
}

double Elaborator::to_number(const Object& object, const std::string& what, const SourceSpan& span) {
  const Object& known = known_of(checked(object, span));
  if (known.is<int64_t>() || known.is<double>()) return number_of(known);
  error(span, fmt::format("{} must be a known number, found {}", what, describe(object)));
}

bool Elaborator::to_bool(const Object& object, const std::string& what, const SourceSpan& span) {
  const Object& known = known_of(checked(object, span));
  if (const auto* value = known.as<bool>()) return *value;
  error(span, fmt::format("{} must be true or false, found {}", what, describe(object)));
}

Shape Elaborator::to_shape(const Object& object, const SourceSpan& span) {
  const auto* list = known_of(checked(object, span)).as<ListObject>();
  if (!list)
    error(span, fmt::format("expected a shape, found {}", describe(object)),
          "a shape is a list of sizes: [2, 3]");
  Shape shape;
  for (const Object& item : *list->items) shape.push_back(to_integer(item, "a size", span));
  check_shape(shape, span);
  return shape;
}

void Elaborator::check_shape(const Shape& shape, const SourceSpan& span) {
  for (int64_t extent : shape) {
    if (extent == 0)
      error(span, fmt::format("zero-sized dimension in {}", to_string(shape)),
            "every size must be at least 1");
    if (extent < 0) error(span, fmt::format("negative size in {}", to_string(shape)));
  }
  if (!checked_element_count(shape))
    error(span, fmt::format("size overflow: {} has more than 2^45 elements", to_string(shape)));
}

}  // namespace gradus::language
