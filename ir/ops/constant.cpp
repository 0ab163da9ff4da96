// constant: a known array.
#include "ir/ops/constant.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "ir/evaluate/rule.h"
#include "ir/evaluate/scalar.h"
#include "ir/ops/check.h"
#include "ir/ops/ops.h"

namespace gradus::ops {

namespace {

constexpr evaluate::Rule constant_rule = evaluate::make_rule([](auto& call) {
  const auto fill = [&](auto& elements, auto number) {
    if (const AttributeValue* value = call.attributes().find("value")) {
      for (auto& element : elements) element = std::get<decltype(number)>(*value);
    } else {
      const auto& values = std::get<std::vector<decltype(number)>>(*call.attributes().find("values"));
      for (size_t i = 0; i < elements.size(); ++i) elements[i] = values[i];
    }
  };
  if (call.result().holds_floats())
    fill(call.result().floats, double{});
  else
    fill(call.result().integers, int64_t{});
});

size_t count_of(const AttributeValue& values) {
  const auto* integers = std::get_if<std::vector<int64_t>>(&values);
  return integers ? integers->size() : std::get<std::vector<double>>(values).size();
}

// An integer that the type would have to wrap is a mistake of who wrote it.
void check_integers(const OpUse& use, ElementType element, const AttributeValue& given) {
  const auto check = [&](int64_t number) {
    if (evaluate::wrap_integer(element, number) != number)
      shape_error(use, fmt::format("a {} constant cannot hold {}", name(element), number),
                  fmt::format("{} holds {} to {}", name(element), evaluate::integer_from(element, -HUGE_VAL),
                              evaluate::integer_from(element, HUGE_VAL)));
  };
  if (const auto* number = std::get_if<int64_t>(&given))
    check(*number);
  else if (const auto* numbers = std::get_if<std::vector<int64_t>>(&given))
    std::for_each(numbers->begin(), numbers->end(), check);
  else
    shape_error(use, fmt::format("a {} constant cannot hold {}", name(element), to_string(given)),
                "write integers without a point");
}

std::vector<Type> infer_constant(const OpUse& use) {
  const ElementType element = use.attributes.element_type("element");
  const Shape& shape = use.attributes.integers("shape");
  check_shape(use, shape);
  const AttributeValue* value = use.attributes.find("value");
  const AttributeValue* values = use.attributes.find("values");
  if (!value == !values) shape_error(use, "give either value or values");
  if (values && static_cast<int64_t>(count_of(*values)) != element_count(shape))
    shape_error(use,
                fmt::format("{} values for shape {}, which has {} elements", count_of(*values),
                            to_string(shape), element_count(shape)),
                "values are listed in row-major order; a single `value` fills the whole shape");
  if (!is_float(element)) check_integers(use, element, value ? *value : *values);
  return {Type(element, shape)};
}

double canonical(ElementType element, double number) {
  return std::isnan(number) ? std::numeric_limits<double>::quiet_NaN()
                            : evaluate::round_number(element, number);
}

AttributeValue as_float(ElementType element, const AttributeValue& number) {
  const auto* integer = std::get_if<int64_t>(&number);
  return integer ? evaluate::number_from(element, *integer) : canonical(element, std::get<double>(number));
}

std::vector<double> as_floats(ElementType element, const AttributeValue& numbers) {
  std::vector<double> floats;
  floats.reserve(count_of(numbers));
  if (const auto* integers = std::get_if<std::vector<int64_t>>(&numbers))
    for (int64_t integer : *integers) floats.push_back(evaluate::number_from(element, integer));
  else
    for (double number : std::get<std::vector<double>>(numbers)) floats.push_back(canonical(element, number));
  return floats;
}

// The one value of a list; none if there are several or no elements.
std::optional<AttributeValue> only_value(const AttributeValue& list) {
  const auto only = [](const auto& numbers) -> std::optional<AttributeValue> {
    for (const auto& number : numbers)
      if (!equal_bits(AttributeValue(number), AttributeValue(numbers.front()))) return std::nullopt;
    return numbers.empty() ? std::nullopt : std::optional<AttributeValue>(numbers.front());
  };
  const auto* integers = std::get_if<std::vector<int64_t>>(&list);
  return integers ? only(*integers) : only(std::get<std::vector<double>>(list));
}

}  // namespace

void make_canonical_constant(Attributes& attributes) {
  const ElementType element = attributes.element_type("element");
  if (const AttributeValue* value = attributes.find("value")) {
    if (is_float(element)) attributes.set("value", as_float(element, *value));
    return;
  }
  if (is_float(element)) attributes.set("values", as_floats(element, *attributes.find("values")));
  if (std::optional<AttributeValue> value = only_value(*attributes.find("values"))) {
    attributes.erase("values");
    attributes.set("value", std::move(*value));
  }
}

const Op constant = {
    .id = OpId::constant,
    .family = OpFamily::control,
    .traits = {.access = Access::generated, .cost = Cost::free},
    .summary =
        "A known array: one value everywhere, or all values in row-major order, rounded to the element type; "
        "integers "
        "must be in its range. Booleans are 0 and 1.",
    .formula = "y_i = value, or y_i = values[i]",
    .min_operands = 0,
    .max_operands = 0,
    .attributes = {{"element", "element type", ElementType::f32},
                   {"shape", "shape of the result", std::vector<int64_t>{2, 3}},
                   {"value", "the value of every element", 1.5, false},
                   {"values", "the values in row-major order", std::vector<double>{1.5, 2}, false}},
    .infer = infer_constant,
    .differentiation = PiecewiseConstant{},
    .evaluate = &constant_rule,
    .scalar = nullptr,
};

}  // namespace gradus::ops
