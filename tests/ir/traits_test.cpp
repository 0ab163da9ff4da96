// What the records of elementwise ops say of ordinary numbers, infinities and NaN, held against the
// evaluator.
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "ir/builder.h"
#include "ir/evaluate/evaluate.h"
#include "ir/op.h"

using namespace gradus;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
const std::vector<double> ordinary = {0.0, -0.0, 1e-300, -1e-300, 0.5, -1, 3, -7.5, 1e300, -1e300};

// A node of the op between inputs of these types, or none if the op takes no such types.
std::optional<Graph> graph_of(const Op& op, const std::vector<Type>& types) {
  GraphBuilder builder("traits");
  std::vector<Value> operands;
  for (const Type& type : types)
    operands.push_back(builder.input("x" + std::to_string(operands.size()), InputKind::data, type));
  Attributes attributes;
  for (const AttributeSpec& attribute : op.attributes) attributes.set(attribute.name, attribute.example);
  try {
    builder.add_result("", builder.add(op, operands, attributes));
  } catch (const ShapeError&) {
    return std::nullopt;
  }
  return std::move(builder).finish();
}

// Every choice of one number per operand, in columns.
std::vector<std::vector<double>> choices(size_t operands, const std::vector<double>& numbers) {
  std::vector<std::vector<double>> columns(operands);
  size_t rows = 1;
  for (size_t i = 0; i < operands; ++i) rows *= numbers.size();
  for (size_t row = 0; row < rows; ++row)
    for (size_t i = 0, rest = row; i < operands; ++i, rest /= numbers.size())
      columns[i].push_back(numbers[rest % numbers.size()]);
  return columns;
}

// The op's results on these columns; empty if it takes no numbers of f64, or gives none.
std::vector<double> results(const Op& op, const std::vector<std::vector<double>>& columns) {
  const auto rows = static_cast<int64_t>(columns[0].size());
  for (const ElementType first : {ElementType::f64, ElementType::boolean}) {
    std::vector<Type> types(columns.size(), Type(ElementType::f64, {rows}));
    types[0] = Type(first, {rows});
    const std::optional<Graph> graph = graph_of(op, types);
    if (!graph || !is_float(graph->type(graph->results()[0].value).element)) continue;
    std::vector<evaluate::Array<double>> inputs;
    for (size_t i = 0; i < columns.size(); ++i) {
      std::vector<double> values = columns[i];
      if (types[i].element == ElementType::boolean)
        for (double& value : values) value = value > 0 ? 1 : 0;
      inputs.push_back(evaluate::array_of(types[i], std::move(values)));
    }
    return evaluate::evaluate<double>(*graph, std::move(inputs)).results[0].floats;
  }
  return {};
}

}  // namespace

TEST_CASE("traits: an elementwise op reads its operands at its own index") {
  for (const Op* op : all_ops())
    if (op->family == OpFamily::elementwise) CHECK(op->traits.access == Access::elementwise);
}

TEST_CASE("traits: what stays finite, and what becomes NaN") {
  std::vector<double> wide = ordinary;
  wide.insert(wide.end(), {infinity, -infinity});
  size_t finite_ops = 0, bounded_ops = 0, undefined_ops = 0;
  for (const Op* op : all_ops()) {
    if (op->family != OpFamily::elementwise) continue;
    INFO(op->name);
    const auto operands = static_cast<size_t>(op->min_operands);
    const std::vector<double> of_finite = results(*op, choices(operands, ordinary));
    if (of_finite.empty() || !op->traits.keeps_finite) continue;
    ++finite_ops;
    for (const double number : of_finite) REQUIRE(std::isfinite(number));

    bool any_nan = false;
    for (const double number : results(*op, choices(operands, wide))) any_nan |= std::isnan(number);
    CHECK(any_nan == op->traits.nan_at_infinity);
    undefined_ops += any_nan;

    if (!op->traits.finite_at_infinity) continue;
    ++bounded_ops;
    std::vector<std::vector<double>> columns = choices(operands, ordinary);
    for (const double end : {infinity, -infinity}) {
      columns[0].assign(columns[0].size(), end);
      for (const double number : results(*op, columns)) REQUIRE(std::isfinite(number));
    }
  }
  CHECK(finite_ops >= 15);
  CHECK(bounded_ops >= 5);
  CHECK(undefined_ops == 2);  // sin and cos
}
