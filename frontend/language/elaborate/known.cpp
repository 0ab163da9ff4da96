// Arithmetic of known values: literals, settings, sizes, and lists of these.
#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "frontend/language/elaborate/elaborator.h"
#include "frontend/language/elaborate/known_math.h"
#include "frontend/language/print.h"

namespace gradus::language {

const Object& known_of(const Object& object) {
  const auto* value = object.as<Tensor>();
  return value && value->known ? *value->known : object;
}

void Extent::add(const Object& part) {
  const Object& known = known_of(part);
  const auto* list = known.as<ListObject>();
  const auto* function = known.as<FunctionObject>();
  const Extent inner = list ? list->extent : function ? function->extent : Extent{1, 0};
  // An empty list is something to walk over as well.
  numbers = std::min(numbers + std::max<int64_t>(inner.numbers, 1), list_limit + 1);
  levels = std::max(levels, inner.levels + 1);
}

Object make_list(Items items, bool range) {
  Extent extent;
  for (const Object& item : items) extent.add(item);
  return ListObject{std::make_shared<Items>(std::move(items)), extent, range};
}

Object appended(ListObject list, Object item) {
  if (list.items.use_count() > 1) list.items = std::make_shared<Items>(*list.items);
  list.extent.add(item);
  list.range = false;
  std::const_pointer_cast<Items>(list.items)->push_back(std::move(item));
  return list;
}

bool is_known_scalar(const Object& object) {
  const Object& known = known_of(object);
  return known.is<bool>() || known.is<int64_t>() || known.is<double>();
}

bool is_known(const Object& object) {
  if (is_known_scalar(object)) return true;
  const auto* list = known_of(object).as<ListObject>();
  if (!list) return false;
  for (const Object& item : *list->items)
    if (!is_known(item)) return false;
  return true;
}

double number_of(const Object& scalar) {
  if (const auto* integer = scalar.as<int64_t>()) return static_cast<double>(*integer);
  if (const auto* number = scalar.as<double>()) return *number;
  return *scalar.as<bool>() ? 1 : 0;
}

int64_t integer_of(const Object& scalar) {
  if (const auto* integer = scalar.as<int64_t>()) return *integer;
  return *scalar.as<bool>() ? 1 : 0;
}

namespace {

// nullopt: overflow
std::optional<int64_t> integer_power(int64_t base, int64_t exponent) {
  int64_t result = 1;
  for (int64_t i = 0; i < exponent; ++i) {
    if (__builtin_mul_overflow(result, base, &result)) return std::nullopt;
    if (result == 0 || (result == 1 && base == 1)) break;
    if (base == -1) return exponent % 2 == 0 ? 1 : -1;
  }
  return result;
}

std::optional<int64_t> integer_arithmetic(BinaryOperator op, int64_t a, int64_t b) {
  int64_t result = 0;
  switch (op) {
    case BinaryOperator::add:
      return __builtin_add_overflow(a, b, &result) ? std::nullopt : std::optional(result);
    case BinaryOperator::subtract:
      return __builtin_sub_overflow(a, b, &result) ? std::nullopt : std::optional(result);
    case BinaryOperator::multiply:
      return __builtin_mul_overflow(a, b, &result) ? std::nullopt : std::optional(result);
    case BinaryOperator::floor_divide:
    case BinaryOperator::divide:
      if (b == -1)
        return __builtin_sub_overflow(int64_t{0}, a, &result) ? std::nullopt : std::optional(result);
      return a / b - (a % b != 0 && (a % b < 0) != (b < 0) ? 1 : 0);
    case BinaryOperator::remainder:
      if (b == -1) return 0;
      result = a % b;
      return result != 0 && (result < 0) != (b < 0) ? result + b : result;
    default:
      return integer_power(a, b);
  }
}

bool compare(BinaryOperator op, double a, double b) {
  switch (op) {
    case BinaryOperator::equal:
      return a == b;
    case BinaryOperator::not_equal:
      return a != b;
    case BinaryOperator::less:
      return a < b;
    case BinaryOperator::less_equal:
      return a <= b;
    case BinaryOperator::greater:
      return a > b;
    default:
      return a >= b;
  }
}

bool is_comparison(BinaryOperator op) {
  return op >= BinaryOperator::equal && op <= BinaryOperator::greater_equal;
}

}  // namespace

Object Elaborator::known_arithmetic(BinaryOperator op, const Object& left, const Object& right,
                                    const SourceSpan& span) {
  if (is_comparison(op)) {
    if (!left.is<double>() && !right.is<double>()) {  // exact beyond 2^53
      const int64_t a = integer_of(left);
      const int64_t b = integer_of(right);
      return Object(compare(op, a < b ? -1 : (a > b ? 1 : 0), 0));
    }
    return Object(compare(op, number_of(left), number_of(right)));
  }
  const bool divides =
      op == BinaryOperator::divide || op == BinaryOperator::floor_divide || op == BinaryOperator::remainder;
  if (divides && number_of(right) == 0) error(span, fmt::format("{}: division by zero", symbol_of(op)));
  if (!left.is<double>() && !right.is<double>()) {
    const int64_t a = integer_of(left);
    const int64_t b = integer_of(right);
    const bool exact =
        !(op == BinaryOperator::divide && b != -1 && a % b != 0) && !(op == BinaryOperator::power && b < 0);
    if (exact) {
      const std::optional<int64_t> result = integer_arithmetic(op, a, b);
      if (!result)
        error(span, fmt::format("{} {} {} does not fit into 64 bits", a, symbol_of(op), b),
              "write one operand with a point (2.0) to calculate in floating point");
      return Object(*result);
    }
  }
  // base ^ 2 of a tensor is a product.
  const auto* exponent = op == BinaryOperator::power ? right.as<int64_t>() : nullptr;
  if (exponent)
    if (const auto product = repeated_product(number_of(left), *exponent, std::multiplies<>()))
      return Object(*product);
  if (const std::optional<double> result = known_operator(op, number_of(left), number_of(right)))
    return Object(*result);
  error(span,
        fmt::format("`{}` does not apply to {} and {}", symbol_of(op), describe(left), describe(right)));
}

// nullopt: not both known; tensors must do it.
std::optional<Object> Elaborator::known_binary(BinaryOperator op, const Object& left, const Object& right,
                                               const SourceSpan& span) {
  if (op == BinaryOperator::matrix_multiply) return std::nullopt;
  if (op == BinaryOperator::logical_and || op == BinaryOperator::logical_or) {
    const auto* a = left.as<bool>();
    const auto* b = right.as<bool>();
    if (!a || !b) return std::nullopt;
    return Object(op == BinaryOperator::logical_and ? *a && *b : *a || *b);
  }
  if (is_known_scalar(left) && is_known_scalar(right)) return known_arithmetic(op, left, right, span);
  if (!is_known(left) || !is_known(right) || is_comparison(op)) return std::nullopt;
  const auto* a = left.as<ListObject>();
  const auto* b = right.as<ListObject>();
  if (a && b && a->items->size() != b->items->size()) {
    if (a->items->size() == 1 || b->items->size() == 1) return std::nullopt;  // broadcasts
    error(span,
          fmt::format("{}: the lists differ in length: {} and {}", symbol_of(op), describe(left),
                      describe(right)),
          "one number stands for all elements: 1 is [1, 1]");
  }
  Items items;
  const size_t count = a ? a->items->size() : b->items->size();
  for (size_t i = 0; i < count; ++i) {
    std::optional<Object> item =
        known_binary(op, a ? (*a->items)[i] : left, b ? (*b->items)[i] : right, span);
    if (!item) return std::nullopt;
    items.push_back(std::move(*item));
  }
  return make_list(std::move(items));
}

}  // namespace gradus::language
