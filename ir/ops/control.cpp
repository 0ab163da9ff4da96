// Leaves, identities and calls: input, mark, stop_gradient, custom_gradient, gradient, call, kernel.
// (constant: constant.cpp; scan: scan.cpp)
#include <fmt/format.h>

#include <algorithm>

#include "ir/build.h"
#include "ir/evaluate/rule.h"
#include "ir/kernel/legal.h"
#include "ir/ops/body.h"
#include "ir/ops/check.h"
#include "ir/ops/ops.h"

namespace gradus::ops {

namespace {

constexpr evaluate::Rule copy_rule = evaluate::make_rule([](auto& call) { call.result() = call.operand(); });

constexpr evaluate::Rule stop_rule = evaluate::make_rule([](auto& call) {
  call.result().integers = call.operand().integers;
  for (size_t i = 0; i < call.result().floats.size(); ++i)
    call.result().floats[i] = evaluate::without_tangent(call.operand().floats[i]);
});

// The number of `value` with the derivatives of `surrogate`.
template <class T>
T with_derivatives_of(const T& surrogate, const T& value) {
  if constexpr (std::is_same_v<T, evaluate::Complex>)
    return {value.real(), surrogate.imag()};
  else if constexpr (requires { value.tangent; })
    return T(with_derivatives_of(surrogate.value, value.value), surrogate.tangent);
  else
    return value;
}

constexpr evaluate::Rule custom_rule = evaluate::make_rule([](auto& call) {
  for (size_t i = 0; i < call.result().floats.size(); ++i)
    call.result().floats[i] = with_derivatives_of(call.operand(1).floats[i], call.operand(0).floats[i]);
});

std::vector<Type> infer_custom(const OpUse& use) {
  check_float(use, 0);
  check_same_types(use);
  return {use.operands[0]};
}

constexpr evaluate::Rule call_rule = evaluate::make_rule([](auto& call) {
  using Element = std::decay_t<decltype(call.operand())>;
  std::vector<Element> inputs;
  for (const Element* operand : call.operands) inputs.push_back(*operand);
  call.results = call.run_body(std::move(inputs));
});

std::vector<Type> same_type(const OpUse& use) { return {use.operands[0]}; }

std::vector<Type> infer_gradient(const OpUse& use) {
  const Type& y = use.operands[0];
  if (!is_float(y.element) || y.rank() != 0)
    shape_error(use, fmt::format("the differentiated value is {}, expected a float scalar", to_string(y)),
                "reduce it first, e.g. with sum or mean");
  for (size_t i = 1; i < use.operands.size(); ++i)
    if (!is_float(use.operands[i].element))
      shape_error(
          use, fmt::format("operand {} is {}: only floats have a gradient", i, to_string(use.operands[i])));
  return {use.operands.begin() + 1, use.operands.end()};
}

std::vector<Type> infer_call(const OpUse& use) {
  check_body_inputs(use, use.operands);
  check_places(use);
  std::vector<Type> types = body_result_types(*use.body);
  for (Type& type : types) type.layout = {};
  return types;
}

std::vector<Type> infer_kernel(const OpUse& use) {
  check_body_inputs(use, use.operands);
  check_places(use);
  std::vector<Type> types = body_result_types(*use.body);
  if (use.attributes.has("schedule"))
    check_schedule(*use.body, parse_schedule(use.attributes.text("schedule"), *use.body));
  return types;
}

// A call to a body that repeats the primal one and takes its gradient; equal bodies are equal calls.
std::vector<Value> call_adjoint(const GradientUse& use) {
  const Graph& primal = *use.node.body;
  GraphBuilder body(primal.name() + "_adjoint", {.ids = use.builder.ids()});
  body.set_origins(use.builder.current_origins());
  std::vector<Value> inputs, operands = use.node.operands;
  for (const Input& input : primal.inputs())
    inputs.push_back(body.input(input.name, input.kind, primal.type(input.value)));
  std::vector<Value> adjoints(use.adjoints.size());
  for (size_t i = 0; i < use.adjoints.size(); ++i) {
    if (!use.adjoints[i]) continue;
    // The primal body may be an adjoint itself, with inputs of such names.
    std::string name = fmt::format("adjoint{}", i);
    const auto taken = [&](const Input& input) { return input.name == name; };
    while (std::any_of(primal.inputs().begin(), primal.inputs().end(), taken)) name += '_';
    adjoints[i] = body.input(name, InputKind::data, use.node.types[i]);
    operands.push_back(use.adjoints[i]);
  }
  const std::vector<Value> gradients =
      vector_jacobian_product(body, inline_body(body, primal, inputs), adjoints, inputs);
  std::vector<Value> result(use.node.operands.size());
  std::vector<size_t> asked;
  for (size_t i = 0; i < gradients.size(); ++i) {
    if (!gradients[i] || !use.wants(i)) continue;
    body.add_result("", gradients[i]);
    asked.push_back(i);
  }
  if (asked.empty()) return result;
  const Value call = use.builder.add(OpId::call, std::move(operands), {},
                                     std::make_shared<const Graph>(std::move(body).finish()));
  for (size_t r = 0; r < asked.size(); ++r) result[asked[r]] = {call.node, static_cast<uint32_t>(r)};
  return result;
}

}  // namespace

const Op input = {
    .id = OpId::input,
    .family = OpFamily::control,
    .traits = {.access = Access::outside},
    .summary = "An input of the graph, declared in its head; made by GraphBuilder::input only.",
    .formula = "y = the value given by the caller",
    .min_operands = 0,
    .max_operands = 0,
    .attributes = {{"index", "position among the graph's inputs: its identity", int64_t{0}}},
    .infer = [](const OpUse& use) -> std::vector<Type> {
      shape_error(use, "inputs are declared in the head of the graph");
    },
    .differentiation = PiecewiseConstant{},
    .evaluate = nullptr,
    .scalar = nullptr,
};

const Op mark = {
    .id = OpId::mark,
    .family = OpFamily::control,
    .traits = {.access = Access::elementwise, .cost = Cost::free, .keeps_finite = true},
    .summary =
        "The same value with an identity of its own, e.g. of an assignment in a lesson, so that it can be "
        "differentiated by. Dropped when gradients have been expanded.",
    .formula = "y = x",
    .min_operands = 1,
    .max_operands = 1,
    .attributes = {{"id", "the identity", int64_t{7}}},
    .infer = same_type,
    .differentiation = Transpose{[](const GradientUse& use, size_t) { return use.adjoint(); }, {0}},
    .evaluate = &copy_rule,
    .scalar = nullptr,
};

const Op stop_gradient = {
    .id = OpId::stop_gradient,
    .family = OpFamily::control,
    .traits = {.access = Access::elementwise, .cost = Cost::free, .keeps_finite = true},
    .summary = "The same value, held constant in every derivative.",
    .formula = "y = x, dy/dx = 0",
    .min_operands = 1,
    .max_operands = 1,
    .attributes = {},
    .infer = same_type,
    .differentiation = PiecewiseConstant{},
    .evaluate = &stop_rule,
    .scalar = nullptr,
};

const Op custom_gradient = {
    .id = OpId::custom_gradient,
    .family = OpFamily::control,
    .traits = {.access = Access::elementwise, .cost = Cost::free},
    .summary =
        "The first operand's value with the second operand's derivative, of every order: straight-through "
        "estimators, surrogates of jumps, reversed gradients. The surrogate is computed only as far as a "
        "derivative needs it.",
    .formula = "y = value, dy/dx = d surrogate/dx",
    .min_operands = 2,
    .max_operands = 2,
    .attributes = {},
    .infer = infer_custom,
    .differentiation = Transpose{[](const GradientUse& use, size_t) { return use.adjoint(); }, {1}},
    .evaluate = &custom_rule,
    .scalar = nullptr,
};

const Op gradient = {
    .id = OpId::gradient,
    .family = OpFamily::control,
    .traits = {.access = Access::opaque},
    .summary =
        "The derivative of a scalar by each of the following values. Expanded by the pass `differentiate`.",
    .formula = "result k = dy/dx_k",
    .min_operands = 2,
    .max_operands = -1,
    .attributes = {},
    .infer = infer_gradient,
    .differentiation = NotDifferentiable{"an inner gradient is expanded first"},
    .evaluate = nullptr,
    .scalar = nullptr,
};

const Op call = {
    .id = OpId::call,
    .family = OpFamily::control,
    .traits = {.access = Access::opaque, .takes_body = true},
    .summary =
        "A block that is compiled once however often it is called: the results of a closed body on the "
        "operands. Its derivative is a call to a body of derivatives.",
    .formula = "y = body(x)",
    .min_operands = 0,
    .max_operands = -1,
    .attributes = {place_attribute(),
                   {"scratch", "where the kernels of its body work (plan-buffers)",
                    std::string("workspace 64"), false}},
    .infer = infer_call,
    .differentiation = Adjoint{call_adjoint},
    .evaluate = &call_rule,
    .scalar = nullptr,
};

const Op kernel = {
    .id = OpId::kernel,
    .family = OpFamily::control,
    .traits = {.access = Access::opaque, .takes_body = true},
    .summary = "Nodes that run as one kernel, made by the pass `fuse`. Means the same as `call`.",
    .formula = "y = body(x)",
    .min_operands = 0,
    .max_operands = -1,
    .attributes = {{"kind", "what the kernel is built around: map, reduction, rows, contraction or alone",
                    std::string("map"), false},
                   {"schedule", "how its loops are cut and shared out, a part per stage (pass `schedule`)",
                    std::string("map chunk 2048 grain 40000"), false},
                   place_attribute(),
                   {"scratch", "where what its stages work in lies (plan-buffers)",
                    std::string("workspace 64"), false}},
    .infer = infer_kernel,
    .differentiation = Adjoint{call_adjoint},
    .evaluate = &call_rule,
    .scalar = nullptr,
};

}  // namespace gradus::ops
