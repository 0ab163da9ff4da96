// scan: a loop of static length with carried values.
#include <fmt/format.h>

#include <numeric>

#include "ir/build.h"
#include "ir/evaluate/rule.h"
#include "ir/ops/body.h"
#include "ir/ops/check.h"
#include "ir/ops/ops.h"
#include "ir/ops/scan.h"
#include "ir/placement.h"

namespace gradus::ops {

ScanLayout::ScanLayout(const Attributes& attributes, size_t operand_count, size_t body_results)
    : carries(static_cast<size_t>(attributes.integer("carries"))),
      sequences(static_cast<size_t>(attributes.integer("sequences"))),
      captures(operand_count - carries - sequences),
      outputs(body_results - carries),
      length(attributes.integer("length")),
      reverse(attributes.flag("reverse")),
      histories(attributes.integers_or("histories", {})) {}

ScanLayout::ScanLayout(const Node& scan)
    : ScanLayout(scan.attributes, scan.operands.size(), scan.body->results().size()) {}

Attributes ScanLayout::attributes() const {
  return {{"carries", static_cast<int64_t>(carries)},
          {"sequences", static_cast<int64_t>(sequences)},
          {"length", length},
          {"reverse", reverse},
          {"histories", histories}};
}

void ScanLayout::keep_every_history() {
  histories.resize(carries);
  std::iota(histories.begin(), histories.end(), int64_t{0});
}

namespace {

Type stacked(Type type, int64_t length) {
  type.shape.insert(type.shape.begin(), length);
  return type;
}

// Copies row `from_row` of one array to row `to_row` of another; a row is everything below the leading axis.
template <class A>
void copy_row(A& to, int64_t to_row, const A& from, int64_t from_row, size_t row) {
  evaluate::with_elements(to, from, [&](auto& target, const auto& source) {
    std::copy_n(source.begin() + from_row * static_cast<int64_t>(row), row,
                target.begin() + to_row * static_cast<int64_t>(row));
  });
}

constexpr evaluate::Rule scan_rule = evaluate::make_rule([](auto& call) {
  using A = std::decay_t<decltype(call.operand())>;
  const ScanLayout layout(call.node);
  std::vector<A> carries;
  for (size_t i = 0; i < layout.carries; ++i) carries.push_back(call.operand(i));
  for (int64_t step = 0; step < layout.length; ++step) {
    const int64_t t = layout.index_of(step);
    for (size_t i = 0; i < layout.histories.size(); ++i) {
      const A& carry = carries[static_cast<size_t>(layout.histories[i])];
      copy_row(call.result(layout.result_of_history(i)), t, carry, 0, carry.size());
    }
    A index{Type(ElementType::i64)};
    index.integers[0] = t;
    std::vector<A> inputs{std::move(index)};
    for (A& carry : carries) inputs.push_back(std::move(carry));
    for (size_t i = 0; i < layout.sequences; ++i) {
      const A& sequence = call.operand(layout.operand_of_sequence(i));
      A element(
          Type(sequence.type.element, Shape(sequence.type.shape.begin() + 1, sequence.type.shape.end())));
      copy_row(element, 0, sequence, t, element.size());
      inputs.push_back(std::move(element));
    }
    for (size_t i = 0; i < layout.captures; ++i) inputs.push_back(call.operand(layout.operand_of_capture(i)));
    std::vector<A> results = call.run_body(std::move(inputs));
    for (size_t i = 0; i < layout.outputs; ++i) {
      const A& output = results[layout.body_result_of_output(i)];
      copy_row(call.result(layout.result_of_output(i)), t, output, 0, output.size());
    }
    results.resize(layout.carries);
    carries = std::move(results);
  }
  for (size_t i = 0; i < layout.carries; ++i) call.result(i) = std::move(carries[i]);
});

std::vector<Type> infer_scan(const OpUse& use) {
  if (!use.body) shape_error(use, "needs a body", "write it as (%i, %carry = %x, …) { … yield %0 }");
  check_places(use);
  const int64_t carries = use.attributes.integer("carries"), sequences = use.attributes.integer("sequences");
  const auto operand_count = static_cast<int64_t>(use.operands.size());
  if (carries < 0 || sequences < 0 || carries > operand_count || sequences > operand_count - carries)
    shape_error(use, fmt::format("{} carries and {} sequences, but only {} operands", carries, sequences,
                                 operand_count));
  const ScanLayout layout(use.attributes, use.operands.size(), use.body->results().size());
  if (layout.length < 0 || layout.length > int64_t{1} << 45)
    shape_error(use, fmt::format("length {}, expected 0 to 2^45", layout.length));

  std::vector<Type> inputs{Type(ElementType::i64)};
  for (size_t i = 0; i < use.operands.size(); ++i) {
    Type type = use.operands[i];
    if (layout.is_sequence(i)) {
      if (type.shape.empty() || type.shape[0] != layout.length)
        shape_error(use, fmt::format("sequence {} is {}, expected a leading axis of length {}",
                                     i - layout.carries, to_string(type), layout.length));
      type.shape.erase(type.shape.begin());
    }
    inputs.push_back(std::move(type));
  }
  check_body_inputs(use, inputs);

  const std::vector<Type> yields = body_result_types(*use.body);
  if (yields.size() < layout.carries)
    shape_error(use,
                fmt::format("the body yields {} values, but there are {} carries", yields.size(), carries));
  for (size_t i = 0; i < layout.carries; ++i)
    if (yields[i].element != use.operands[i].element || yields[i].shape != use.operands[i].shape)
      shape_error(use,
                  fmt::format("carry {} begins as {}, but the body yields {}", i, to_string(use.operands[i]),
                              to_string(yields[i])),
                  "a carry keeps its type from step to step");
  std::vector<Type> types(use.operands.begin(), use.operands.begin() + carries);
  for (int64_t carry : layout.histories) {
    if (carry < 0 || carry >= carries)
      shape_error(use, fmt::format("history of carry {}, but there are {} carries", carry, carries));
    types.push_back(stacked(use.operands[static_cast<size_t>(carry)], layout.length));
  }
  for (size_t i = layout.carries; i < yields.size(); ++i) types.push_back(stacked(yields[i], layout.length));
  for (Type& type : types) type.layout = {};
  for (const Type& type : types) check_shape(use, type.shape);
  return types;
}

}  // namespace

std::vector<int64_t> scratch_bytes(const Node& scan, const Graph& body) {
  const ScanLayout layout(scan);
  std::vector<int64_t> bytes = {size_in_bytes(ElementType::i64), body.header().integer_or("workspace", 0)};
  for (size_t carry = 0; carry < layout.carries; ++carry)
    if (!layout.has_history(carry))
      bytes.push_back(2 * Placement::aligned(size_in_bytes(body.type(body.results()[carry].value))));
  return bytes;
}

const Op scan = {
    .id = OpId::scan,
    .family = OpFamily::control,
    .traits = {.access = Access::opaque, .takes_body = true},
    .summary =
        "A loop of static length. Operands: initial carries, sequences (leading axis = length), captures. "
        "Body "
        "inputs: index i64[], carries, elements, captures; body results: new carries, outputs. Results: "
        "final "
        "carries, then for each entry of histories that carry's value at the entry of every step, then the "
        "outputs of every step, both at the step's index. With reverse the index runs from length-1 down to "
        "0.",
    .formula = "(c, y_t) = body(t, c, s_t, captures) for t = 0 … length-1",
    .min_operands = 0,
    .max_operands = -1,
    .attributes =
        {{"carries", "number of carried values", int64_t{1}},
         {"sequences", "number of sequences", int64_t{1}},
         {"length", "number of steps", int64_t{3}},
         {"reverse", "run from the last index to the first", false, false},
         {"histories", "carries whose value at the entry of every step is a result", std::vector<int64_t>{0},
          false},
         place_attribute(),
         {"scratch",
          "where the steps' index, the body's workspace and carries without history lie (plan-buffers)",
          std::string("workspace 0, workspace 64"), false}},
    .infer = infer_scan,
    .differentiation = Adjoint{scan_adjoint},
    .evaluate = &scan_rule,
    .scalar = nullptr,
};

}  // namespace gradus::ops
