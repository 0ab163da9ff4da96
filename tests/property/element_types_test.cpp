// Every elementwise op on every element type that it takes, at the limits of the type: compiled code, the
// evaluator and what `simplify` folds agree.
#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <random>

#include "codegen/lower/lower.h"
#include "ir/build.h"
#include "ir/evaluate/scalar.h"
#include "ir/op.h"
#include "passes/pass.h"
#include "tests/support/limits.h"
#include "tests/support/run_compiled.h"

using namespace gradus;
using namespace gradus::testing;
using evaluate::Array;

namespace {

// The element types of an op's operands, one list for every way in which it may be used.
std::vector<std::vector<ElementType>> uses_of(const Op& op) {
  std::vector<std::vector<ElementType>> uses;
  for (const ElementType element : all_element_types) {
    std::vector<ElementType> operands(static_cast<size_t>(op.max_operands), element);
    if (op.name == "select") operands[0] = ElementType::boolean;
    uses.push_back(std::move(operands));
  }
  return uses;
}

std::vector<Attributes> attributes_of(const Op& op) {
  if (op.name != "cast") return {{}};
  std::vector<Attributes> all;
  for (const ElementType element : all_element_types) all.push_back({{"to", element}});
  return all;
}

// All tuples of limits, or as many as `most` of them.
std::vector<Array<double>> tuples(const std::vector<ElementType>& elements, size_t most = 4000) {
  std::vector<Array<double>> ends;
  size_t count = 1;
  for (const ElementType element : elements) {
    ends.push_back(limits(element));
    count *= ends.back().size();
  }
  std::mt19937_64 engine(7);
  const bool all = count <= most;
  count = std::min(count, most);
  std::vector<Array<double>> result;
  for (size_t i = 0; i < elements.size(); ++i)
    result.emplace_back(Type(elements[i], {static_cast<int64_t>(count)}));
  for (size_t k = 0; k < count; ++k) {
    size_t rest = all ? k : engine();
    for (size_t i = 0; i < elements.size(); ++i) {
      const size_t at = rest % ends[i].size();
      rest /= ends[i].size();
      if (is_float(elements[i]))
        result[i].floats[k] = ends[i].floats[at];
      else
        result[i].integers[k] = ends[i].integers[at];
    }
  }
  return result;
}

// The op on inputs of these types; none if it refuses them.
std::optional<Graph> graph_of(const Op& op, const Attributes& attributes,
                              const std::vector<Array<double>>& operands) {
  GraphBuilder b("sweep");
  std::vector<Value> values;
  for (const Array<double>& operand : operands)
    values.push_back(b.input(fmt::format("x{}", values.size()), InputKind::data, operand.type));
  try {
    b.add_result("y", b.add(op, values, attributes));
  } catch (const ShapeError&) {
    return std::nullopt;
  }
  return std::move(b).finish();
}

Array<double> compiled(const Graph& graph, const std::vector<Array<double>>& inputs, const Target& target) {
  const loop::Program program = lower(graph, target);
  return run_compiled(compile(program, target), program.workspace_bytes(), graph, inputs).results[0];
}

// How many units in the last place an op may be off, by the promises of docs/architecture.md; 0: exact.
double units_of(const Op& op, ElementType element) {
  static const std::vector<std::string_view> rounded_once = {
      "add",  "sub",   "mul",  "div",   "maximum", "minimum", "neg",   "abs",
      "sign", "floor", "ceil", "round", "sqrt",    "select",  "clamp", "cast"};
  if (!is_float(element) ||
      std::find(rounded_once.begin(), rounded_once.end(), op.name) != rounded_once.end())
    return 0;
  return 5;
}

double step_at(ElementType element, double number) {
  const double unit = 2 * evaluate::unit_roundoff(element);
  const double least = float_limits(element)[3];  // the smallest number above 0
  return std::max(least, std::fabs(number) * unit);
}

bool agrees(const Array<double>& found, const Array<double>& expected, size_t i, double units) {
  if (same_element(found, expected, i)) return true;
  if (units == 0) return false;
  const double x = found.floats[i], y = expected.floats[i];
  if (std::isnan(x) || std::isnan(y) || (x == 0 && y == 0)) return false;
  return std::fabs(x - y) <= units * step_at(expected.type.element, y);
}

std::string show_operands(const std::vector<Array<double>>& operands, size_t i) {
  std::string text;
  for (const Array<double>& operand : operands)
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name(operand.type.element),
                        show_element(operand, i));
  return text;
}

// What differs, one line for each kind.
class Differences {
 public:
  void add(std::string line) {
    ++count_;
    if (count_ <= 400) text_ += line + "\n";
  }
  size_t count() const { return count_; }
  const std::string& text() const { return text_; }

 private:
  size_t count_ = 0;
  std::string text_;
};

void compare(Differences& differences, const std::string& what, const Op& op,
             const std::vector<Array<double>>& operands, const Array<double>& found,
             const Array<double>& expected, double units) {
  int shown = 0;
  for (size_t i = 0; i < expected.size(); ++i)
    if (!agrees(found, expected, i, units) && shown++ < 6)
      differences.add(fmt::format("{} {}({}): {}, expected {} ({})", what, op.name,
                                  show_operands(operands, i), show_element(found, i),
                                  show_element(expected, i), name(expected.type.element)));
}

// Every tuple as constants.
Graph constants_graph(const Op& op, const Attributes& attributes,
                      const std::vector<Array<double>>& operands) {
  GraphBuilder b("folded");
  for (size_t k = 0; k < operands[0].size(); ++k) {
    std::vector<Value> values;
    for (const Array<double>& operand : operands) {
      const Type type(operand.type.element);
      values.push_back(operand.holds_floats() ? build::constant(b, type, operand.floats[k])
                                              : build::constant_integer(b, type, operand.integers[k]));
    }
    b.add_result(fmt::format("y{}", k), b.add(op, values, attributes));
  }
  return std::move(b).finish();
}

// Elements that were folded take the value of their constant, the others that which is expected.
Array<double> folded(const Graph& graph, Array<double> expected) {
  PassContext context;
  const Graph simple = simplify(graph, context);
  for (size_t k = 0; k < expected.size(); ++k) {
    const Node& node = simple.node(simple.results()[k].value);
    if (node.op->id != OpId::constant) continue;
    const AttributeValue& value = *node.attributes.find("value");
    if (expected.holds_floats())
      expected.floats[k] = std::get<double>(value);
    else
      expected.integers[k] = std::get<int64_t>(value);
  }
  return expected;
}

}  // namespace

TEST_CASE("elementwise ops at the limits of every element type") {
  const Target native = host(), level3 = target_named("x86-64-v3");
  Differences differences;
  size_t used = 0;
  for (const Op* op : all_ops()) {
    if (op->family != OpFamily::elementwise) continue;
    for (const std::vector<ElementType>& elements : uses_of(*op))
      for (const Attributes& attributes : attributes_of(*op)) {
        const std::vector<Array<double>> operands = tuples(elements);
        const std::optional<Graph> graph = graph_of(*op, attributes, operands);
        if (!graph) continue;
        ++used;
        try {
          const Array<double> expected = evaluate::evaluate<double>(*graph, operands).results[0];
          const double units = units_of(*op, expected.type.element);
          const Array<double> found = compiled(*graph, operands, native);
          compare(differences, "compiled", *op, operands, found, expected, units);
          compare(differences, "for x86-64-v3", *op, operands, compiled(*graph, operands, level3), found, 0);
          compare(differences, "folded", *op, operands,
                  folded(constants_graph(*op, attributes, operands), found), found, units);
        } catch (const std::exception& failed) {
          differences.add(fmt::format("{} of {}: {}", op->name, name(elements.back()), failed.what()));
        }
      }
  }
  INFO(differences.text());
  CHECK(differences.count() == 0);
  CHECK(used > 300);
}

// x op c, c op x and x op x for every constant c: what the rules of `simplify` see.
TEST_CASE("integer ops with a constant at the limits, before and after simplify") {
  Differences differences;
  for (const Op* op : all_ops()) {
    if (op->family != OpFamily::elementwise || op->max_operands != 2) continue;
    for (const ElementType element : all_element_types) {
      if (is_float(element)) continue;
      const Array<double> numbers = limits(element);
      GraphBuilder b("rules");
      const Value x = b.input("x", InputKind::data, numbers.type);
      try {
        b.add_result("same", b.add(*op, {x, x}));
      } catch (const ShapeError&) {
        continue;
      }
      for (const int64_t number : numbers.integers) {
        const Value c = build::constant_integer(b, numbers.type, number);
        b.add_result(fmt::format("x, {}", number), b.add(*op, {x, c}));
        b.add_result(fmt::format("{}, x", number), b.add(*op, {c, x}));
      }
      const Graph graph = std::move(b).finish();
      PassContext context;
      const auto before = evaluate::evaluate<double>(graph, {numbers});
      const auto after = evaluate::evaluate<double>(simplify(graph, context), {numbers});
      for (size_t r = 0; r < before.results.size(); ++r)
        for (size_t i = 0; i < numbers.size(); ++i)
          if (!same_element(after.results[r], before.results[r], i))
            differences.add(fmt::format("{} {}({}), x = {}: {}, simplified {}", name(element), op->name,
                                        graph.results()[r].name, show_element(numbers, i),
                                        show_element(before.results[r], i),
                                        show_element(after.results[r], i)));
    }
  }
  INFO(differences.text());
  CHECK(differences.count() == 0);
}

// An op of another: what the rules of `simplify` that look at two ops see.
TEST_CASE("pairs of ops at the limits of every element type, before and after simplify") {
  Differences differences;
  size_t pairs = 0;
  for (const ElementType element : all_element_types) {
    const Type type(element, {200});
    const std::vector<Array<double>> inputs = {drawn_from_limits(type, 3), drawn_from_limits(type, 4)};
    for (const Op* outer : all_ops()) {
      if (outer->family != OpFamily::elementwise || outer->name == "cast") continue;
      GraphBuilder b("pairs");
      const Value x = b.input("x", InputKind::data, type), z = b.input("z", InputKind::data, type);
      const auto add = [&](const Op& op, std::vector<Value> operands) -> Value {
        try {
          return b.add(op, std::move(operands));
        } catch (const ShapeError&) {
          return {};
        }
      };
      for (const Op* inner : all_ops()) {
        if (inner->family != OpFamily::elementwise || inner->name == "cast" || inner->max_operands > 2)
          continue;
        const Value made = add(*inner, inner->max_operands == 1 ? std::vector{x} : std::vector{x, z});
        if (!made) continue;
        std::vector<std::vector<Value>> uses = {{made}};
        if (outer->max_operands == 2) uses = {{made, x}, {z, made}, {made, made}};
        if (outer->max_operands == 3) uses = {{made, x, z}, {x, made, z}, {x, z, made}};
        for (std::vector<Value>& operands : uses)
          if (const Value whole = add(*outer, operands))
            b.add_result(fmt::format("{} of {}, {}", outer->name, inner->name, pairs++), whole);
      }
      if (b.graph().results().empty()) continue;
      const Graph graph = std::move(b).finish();
      PassContext context;
      const auto before = evaluate::evaluate<double>(graph, inputs);
      const auto after = evaluate::evaluate<double>(simplify(graph, context), inputs);
      for (size_t r = 0; r < before.results.size(); ++r)
        for (size_t i = 0; i < 200; ++i)
          if (!same_element(after.results[r], before.results[r], i)) {
            differences.add(fmt::format("{} {}, {}: {}, simplified {}", name(element),
                                        graph.results()[r].name, show_operands(inputs, i),
                                        show_element(before.results[r], i),
                                        show_element(after.results[r], i)));
            break;
          }
    }
  }
  INFO(differences.text());
  CHECK(differences.count() == 0);
  CHECK(pairs > 5000);
}
