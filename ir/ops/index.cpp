// one_hot, iota and status.
#include <fmt/format.h>

#include "ir/evaluate/rule.h"
#include "ir/ops/check.h"
#include "ir/ops/index_check.h"
#include "ir/ops/ops.h"

namespace gradus::ops {

namespace {

template <class T>
void set_number(evaluate::Array<T>& array, size_t at, int64_t value) {
  if (array.holds_floats())
    array.floats[at] = T(static_cast<double>(value));
  else
    array.integers[at] = value;
}

std::vector<Type> infer_one_hot(const OpUse& use) {
  check_integer(use, 0);
  const int64_t depth = use.attributes.integer("depth");
  if (depth < 1) shape_error(use, fmt::format("depth {} must be positive", depth));
  Shape shape = use.operands[0].shape;
  shape.push_back(depth);
  check_shape(use, shape);
  return {Type(use.attributes.element_type("element"), std::move(shape)), Type(ElementType::i64)};
}

constexpr evaluate::Rule one_hot_rule = evaluate::make_rule([](auto& call) {
  const int64_t depth = call.attributes().integer("depth");
  const std::vector<int64_t>& ids = call.operand().integers;
  FirstBad bad;
  for (size_t i = 0; i < ids.size(); ++i)
    if (bad.check(static_cast<int64_t>(i), ids[i], depth))
      set_number(call.result(), i * static_cast<size_t>(depth) + static_cast<size_t>(ids[i]), 1);
  call.result(1).integers[0] = bad.first;
});

std::vector<Type> infer_iota(const OpUse& use) {
  const Shape& shape = use.attributes.integers("shape");
  const ElementType element = use.attributes.element_type("element");
  check_shape(use, shape);
  check_axis(use, "axis", use.attributes.integer("axis"), shape);
  if (element == ElementType::boolean)
    shape_error(use, "the element type is bool; expected numbers", "compare an integer iota");
  const int64_t last = shape[static_cast<size_t>(use.attributes.integer("axis"))] - 1;
  if (is_integer(element) && last > 0 && evaluate::wrap_integer(element, last) != last)
    shape_error(
        use, fmt::format("{} does not hold {}, the last index of {}", name(element), last, to_string(shape)),
        "use a wider integer type");
  return {Type(element, shape)};
}

constexpr evaluate::Rule iota_rule = evaluate::make_rule([](auto& call) {
  const auto axis = static_cast<size_t>(call.attributes().integer("axis"));
  evaluate::for_each_index(call.result().shape(), [&](const std::vector<int64_t>& index, size_t flat) {
    set_number(call.result(), flat, index[axis]);
  });
});

std::vector<Type> infer_status(const OpUse& use) {
  for (size_t i = 0; i < use.operands.size(); ++i)
    if (use.operands[i] != Type(ElementType::i64))
      shape_error(use, fmt::format("operand {} is {}, expected i64[]", i, to_string(use.operands[i])),
                  "operands are the second results of checked ops");
  const std::vector<int64_t>& checks = use.attributes.integers("checks");
  if (checks.size() != use.operands.size())
    shape_error(use, fmt::format("{} checks for {} operands", checks.size(), use.operands.size()),
                "every operand needs the number of its check");
  for (size_t i = 0; i < checks.size(); ++i)
    if (checks[i] < 0) shape_error(use, fmt::format("check {} is negative", checks[i]));
  return {Type(ElementType::i64, {2})};
}

constexpr evaluate::Rule status_rule = evaluate::make_rule([](auto& call) {
  const std::vector<int64_t>& checks = call.attributes().integers("checks");
  std::vector<int64_t>& status = call.result().integers;
  status = {-1, -1};
  for (size_t i = 0; i < checks.size(); ++i) {
    const int64_t element = call.operand(i).integers[0];
    if (element >= 0 && (status[0] < 0 || checks[i] < status[0])) status = {checks[i], element};
  }
});

NodeAccess one_hot_reads(const Graph& graph, const Node& node) {
  const size_t ids = graph.type(node.operands[0]).shape.size();
  return {.operands = {same_index(ids)}, .counts = {ids}};
}

NodeAccess iota_reads(const Graph&, const Node& node) {
  return {.counts = {static_cast<size_t>(node.attributes.integer("axis"))}};
}

}  // namespace

const Op one_hot = [] {
  Op o{.id = OpId::one_hot};
  o.family = OpFamily::indexed;
  o.traits = {.access = Access::computed_view, .keeps_finite = true, .finite_at_infinity = true};
  o.summary =
      "A row of zeros with a one at each index; an index out of range gives a row of zeros. Second result: "
      "the first "
      "such position in ids, or -1.";
  o.formula = "y[r, j] = 1 if ids[r] = j else 0";
  o.attributes = {{"depth", "Length of the rows.", int64_t{10}},
                  {"element", "Element type of the result.", ElementType::f32},
                  check_attribute()};
  o.infer = infer_one_hot;
  o.evaluate = &one_hot_rule;
  o.reads = one_hot_reads;
  o.differentiation = PiecewiseConstant{};
  return o;
}();

const Op iota = [] {
  Op o{.id = OpId::iota};
  o.family = OpFamily::indexed;
  o.traits = {.access = Access::generated, .cost = Cost::free, .keeps_finite = true};
  o.summary = "Each element is its index along one axis. Integers must hold the last index; floats round it.";
  o.formula = "y[i] = i[axis]";
  o.min_operands = o.max_operands = 0;
  o.attributes = {{"element", "Element type of the result.", ElementType::i64},
                  {"shape", "Shape of the result.", std::vector<int64_t>{4, 3}},
                  {"axis", "The axis that counts.", int64_t{0}}};
  o.infer = infer_iota;
  o.evaluate = &iota_rule;
  o.reads = iota_reads;
  o.differentiation = PiecewiseConstant{};
  return o;
}();

const Op status = [] {
  Op o{.id = OpId::status};
  o.family = OpFamily::indexed;
  o.traits = {.access = Access::opaque};
  o.summary =
      "Of all checks that found a bad element, the one with the lowest number, and that element; -1, -1 if "
      "none.";
  o.formula = "s = (checks[i], bad[i]) for the i with bad[i] >= 0 and the least checks[i]";
  o.min_operands = 1;
  o.max_operands = -1;
  o.attributes = {{"checks", "Number of each operand's check.", std::vector<int64_t>{0, 1}}};
  o.infer = infer_status;
  o.evaluate = &status_rule;
  o.differentiation = PiecewiseConstant{};
  return o;
}();

}  // namespace gradus::ops
