// scan: a loop of static length with carried values.
#include <fmt/format.h>

#include "ir/build.h"
#include "ir/evaluate/rule.h"
#include "ir/ops/body.h"
#include "ir/ops/check.h"
#include "ir/ops/ops.h"

namespace gradus::ops {

namespace {

// How operands, body inputs and results of a scan are laid out; see the summary of the op.
struct ScanLayout {
  size_t carries, sequences, captures, outputs;
  int64_t length;
  bool reverse;
  std::vector<int64_t> histories;

  ScanLayout(const Attributes& attributes, size_t operand_count, size_t body_results)
      : carries(static_cast<size_t>(attributes.integer("carries"))),
        sequences(static_cast<size_t>(attributes.integer("sequences"))),
        captures(operand_count - carries - sequences),
        outputs(body_results - carries),
        length(attributes.integer("length")),
        reverse(attributes.flag("reverse")),
        histories(attributes.integers_or("histories", {})) {}

  explicit ScanLayout(const Node& node)
      : ScanLayout(node.attributes, node.operands.size(), node.body->results().size()) {}

  size_t operand_of_sequence(size_t i) const { return carries + i; }
  size_t operand_of_capture(size_t i) const { return carries + sequences + i; }
  size_t result_of_history(size_t i) const { return carries + i; }
  size_t result_of_output(size_t i) const { return carries + histories.size() + i; }
  int64_t position(int64_t step) const { return reverse ? length - 1 - step : step; }
};

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
    const int64_t t = layout.position(step);
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
      Type type = sequence.type;
      type.shape.erase(type.shape.begin());
      A element(type);
      copy_row(element, 0, sequence, t, element.size());
      inputs.push_back(std::move(element));
    }
    for (size_t i = 0; i < layout.captures; ++i) inputs.push_back(call.operand(layout.operand_of_capture(i)));
    std::vector<A> results = call.run_body(std::move(inputs));
    for (size_t i = 0; i < layout.outputs; ++i) {
      const A& output = results[layout.carries + i];
      copy_row(call.result(layout.result_of_output(i)), t, output, 0, output.size());
    }
    results.resize(layout.carries);
    carries = std::move(results);
  }
  for (size_t i = 0; i < layout.carries; ++i) call.result(i) = std::move(carries[i]);
});

std::vector<Type> infer_scan(const OpUse& use) {
  if (!use.body) shape_error(use, "needs a body", "write it as (%i, %carry = %x, …) { … yield %0 }");
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
    if (i >= layout.carries && i < layout.carries + layout.sequences) {
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
  for (const Type& type : types) check_shape(use, type.shape);
  return types;
}

// Every carry's history, of the scan itself or of a copy that keeps them all.
std::vector<Value> all_histories(const GradientUse& use, const ScanLayout& layout) {
  std::vector<Value> histories(layout.carries);
  for (size_t i = 0; i < layout.histories.size(); ++i)
    histories[static_cast<size_t>(layout.histories[i])] = use.result(layout.result_of_history(i));
  if (std::all_of(histories.begin(), histories.end(), [](Value v) { return static_cast<bool>(v); }))
    return histories;
  std::vector<int64_t> all(layout.carries);
  for (size_t i = 0; i < all.size(); ++i) all[i] = static_cast<int64_t>(i);
  Attributes attributes = use.node.attributes;
  attributes.set("histories", std::move(all));
  const Value scan = use.builder.add(OpId::scan, use.node.operands, std::move(attributes), use.node.body);
  for (size_t i = 0; i < layout.carries; ++i)
    histories[i] = {scan.node, static_cast<uint32_t>(layout.carries + i)};
  return histories;
}

// The adjoint scan runs against the primal one. It carries the adjoints of the primal carries and the sums of
// the captures' adjoints; its sequences are the histories, the primal sequences and the adjoints of histories
// and outputs; its outputs are the adjoints of the sequences' elements. Integers have no adjoint.
class AdjointScan {
 public:
  explicit AdjointScan(const GradientUse& use)
      : use_(use), layout_(use.node), primal_(*use.node.body), body_(primal_.name() + "_adjoint") {
    // Its inputs and sums come from the rule; what comes from a node of the primal body says so itself.
    body_.set_origins(use.builder.current_origins());
    body_.reserve_ids(use.builder.graph().next_id());
  }

  std::vector<Value> build() {
    declare_inputs();
    std::vector<Value> primal_inputs{index_};
    for (const auto* part : {&carry_values_, &elements_, &captures_})
      primal_inputs.insert(primal_inputs.end(), part->begin(), part->end());
    const std::vector<Value> gradients = body_gradient(body_, primal_, primal_inputs, result_adjoints_);
    yield(gradients);

    Attributes attributes{{"carries", static_cast<int64_t>(initial_.size())},
                          {"sequences", static_cast<int64_t>(sequences_.size())},
                          {"length", layout_.length},
                          {"reverse", !layout_.reverse},
                          {"histories", std::vector<int64_t>{}}};
    std::vector<Value> operands = initial_;
    operands.insert(operands.end(), sequences_.begin(), sequences_.end());
    operands.insert(operands.end(), capture_operands_.begin(), capture_operands_.end());
    const Value scan = use_.builder.add(OpId::scan, std::move(operands), std::move(attributes),
                                        std::make_shared<const Graph>(std::move(body_).finish()));
    std::vector<Value> result(use_.node.operands.size());
    for (size_t i = 0; i < adjoint_of_.size(); ++i)
      result[adjoint_of_[i]] = {scan.node, static_cast<uint32_t>(i)};
    return result;
  }

 private:
  const Type& operand_type(size_t i) const { return use_.builder.type(use_.operand(i)); }
  bool differentiable(size_t operand) const { return is_float(operand_type(operand).element); }

  Value sequence(const std::string& name, Value operand) {
    Type type = use_.builder.type(operand);
    type.shape.erase(type.shape.begin());
    sequences_.push_back(operand);
    return body_.input(name, InputKind::data, std::move(type));
  }

  // In the order of a scan's body inputs: index, carries, elements, captures.
  void declare_inputs() {
    index_ = body_.input("index", InputKind::data, Type(ElementType::i64));
    result_adjoints_.resize(layout_.carries + layout_.outputs);
    for (size_t i = 0; i < layout_.carries; ++i) {
      if (!differentiable(i)) continue;
      const Value last = use_.adjoint(i);
      initial_.push_back(last ? last : build::zeros_like(use_.builder, use_.operand(i)));
      result_adjoints_[i] = body_.input(fmt::format("carry_adjoint{}", i), InputKind::data, operand_type(i));
    }
    for (size_t i = 0; i < layout_.captures; ++i) {
      const size_t operand = layout_.operand_of_capture(i);
      sums_.emplace_back();
      if (!differentiable(operand) || !use_.wants(operand)) continue;
      initial_.push_back(build::zeros_like(use_.builder, use_.operand(operand)));
      sums_.back() = body_.input(fmt::format("capture_adjoint{}", i), InputKind::data, operand_type(operand));
    }
    const std::vector<Value> histories = all_histories(use_, layout_);
    for (size_t i = 0; i < layout_.carries; ++i)
      carry_values_.push_back(sequence(fmt::format("carry{}", i), histories[i]));
    for (size_t i = 0; i < layout_.sequences; ++i)
      elements_.push_back(
          sequence(fmt::format("element{}", i), use_.operand(layout_.operand_of_sequence(i))));
    history_adjoints_.resize(layout_.histories.size());
    for (size_t i = 0; i < layout_.histories.size(); ++i)
      if (const Value adjoint = use_.adjoint(layout_.result_of_history(i)))
        history_adjoints_[i] = sequence(fmt::format("history_adjoint{}", i), adjoint);
    for (size_t i = 0; i < layout_.outputs; ++i)
      if (const Value adjoint = use_.adjoint(layout_.result_of_output(i)))
        result_adjoints_[layout_.carries + i] = sequence(fmt::format("output_adjoint{}", i), adjoint);
    for (size_t i = 0; i < layout_.captures; ++i) {
      const Value operand = use_.operand(layout_.operand_of_capture(i));
      capture_operands_.push_back(operand);
      captures_.push_back(
          body_.input(fmt::format("capture{}", i), InputKind::data, use_.builder.type(operand)));
    }
  }

  // `gradients` by primal body input: index, carries, elements, captures.
  void yield(const std::vector<Value>& gradients) {
    for (size_t i = 0; i < layout_.carries; ++i) {
      if (!differentiable(i)) continue;
      Value adjoint = gradients[1 + i];
      for (size_t h = 0; h < layout_.histories.size(); ++h)
        if (history_adjoints_[h] && layout_.histories[h] == static_cast<int64_t>(i))
          adjoint = adjoint ? build::add(body_, adjoint, history_adjoints_[h]) : history_adjoints_[h];
      give(adjoint ? adjoint : build::zeros_like(body_, carry_values_[i]), i);
    }
    for (size_t i = 0; i < layout_.captures; ++i) {
      if (!sums_[i]) continue;
      const Value term = gradients[1 + layout_.carries + layout_.sequences + i];
      give(term ? build::add(body_, sums_[i], term) : sums_[i], layout_.operand_of_capture(i));
    }
    for (size_t i = 0; i < layout_.sequences; ++i) {
      const size_t operand = layout_.operand_of_sequence(i);
      if (const Value adjoint = gradients[1 + layout_.carries + i]; adjoint && use_.wants(operand))
        give(adjoint, operand);
    }
  }

  void give(Value value, size_t operand) {
    body_.add_result("", value);
    adjoint_of_.push_back(operand);
  }

  const GradientUse& use_;
  ScanLayout layout_;
  const Graph& primal_;
  GraphBuilder body_;
  std::vector<Value> initial_, sequences_, capture_operands_;  // operands, in the graph that is built
  Value index_;                                                // values of the body from here on
  std::vector<Value> carry_values_, elements_, captures_;
  std::vector<Value> result_adjoints_, history_adjoints_, sums_;
  std::vector<size_t> adjoint_of_;  // operand whose adjoint result i of the adjoint scan is
};

}  // namespace

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
    .attributes = {{"carries", "number of carried values", int64_t{1}},
                   {"sequences", "number of sequences", int64_t{1}},
                   {"length", "number of steps", int64_t{3}},
                   {"reverse", "run from the last index to the first", false, false},
                   {"histories", "carries whose value at the entry of every step is a result",
                    std::vector<int64_t>{0}, false},
                   {"buffers", "where each result lies (plan-buffers)", std::vector<int64_t>{0}, false}},
    .infer = infer_scan,
    .differentiation = Adjoint{[](const GradientUse& use) { return AdjointScan(use).build(); }},
    .evaluate = &scan_rule,
    .scalar = nullptr,
    .samples =
        {{"graph @g (%h: f64[2], %x: f64[3,2], %w: f64[2]) { %0:3 = scan {carries=1, sequences=1, length=3, "
          "histories=[0]} (%i, %c = %h, %e = %x, %u = %w) { %0 = mul %c, %u : f64[2]  %1 = add %0, %e : "
          "f64[2]  "
          "%2 = tanh %1 : f64[2]  %3 = mul %2, %2 : f64[2]  yield %2, %3 } : f64[2], f64[3,2], f64[3,2]  "
          "return %0, %0#1, %0#2 }"},
         {"graph @g (%h: f32[], %x: f32[5]) { %0:2 = scan {carries=1, sequences=1, length=5, reverse=true} "
          "(%i, %c = %h, %e = %x) { %0 = mul %c, %e : f32[]  %1 = cast %i {to=f32} : f32[]  "
          "%2 = add %0, %1 : f32[]  yield %2, %c } : f32[], f32[5]  return %0, %0#1 }"}},
    .bad_samples = {{"graph @g (%h: f32[], %x: f32[5]) { %0 = scan {carries=1, sequences=1, length=4} "
                     "(%i, %c = %h, %e = %x) { %0 = mul %c, %e : f32[]  yield %0 } : f32[]  return %0 }",
                     "leading axis of length 4"},
                    {"graph @g (%h: f32[]) { %0 = scan {carries=1, sequences=0, length=4} "
                     "(%i, %c = %h) { %0 = cast %c {to=f64} : f64[]  yield %0 } : f32[]  return %0 }",
                     "carry 0 begins as f32[], but the body yields f64[]"},
                    {"graph @g (%h: f32[]) { %0 = scan {carries=1, sequences=0, length=9223372036854775807} "
                     "(%i, %c = %h) { yield %c } : f32[]  return %0 }",
                     "expected 0 to 2^45"}},
};

}  // namespace gradus::ops
