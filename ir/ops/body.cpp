#include "ir/ops/body.h"

#include <fmt/format.h>

#include "ir/build.h"
#include "ir/dependence.h"
#include "ir/ops/check.h"
#include "ir/placement.h"

namespace gradus::ops {

void check_body_inputs(const OpUse& use, const std::vector<Type>& expected) {
  if (!use.body) shape_error(use, "needs a body", "write it as (%a = %x) { … yield %0 }");
  const auto& inputs = use.body->inputs();
  if (inputs.size() != expected.size())
    shape_error(use, fmt::format("the body has {} inputs, expected {}", inputs.size(), expected.size()));
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Type& type = use.body->type(inputs[i].value);
    if (type.element != expected[i].element || type.shape != expected[i].shape)
      shape_error(use, fmt::format("input '{}' of the body is {}, expected {}", inputs[i].name,
                                   to_string(type), to_string(expected[i])));
  }
}

std::vector<Type> body_result_types(const Graph& body) {
  std::vector<Type> types;
  for (const NamedValue& result : body.results()) types.push_back(body.type(result.value));
  return types;
}

AttributeSpec place_attribute() {
  return {"place", "where each result lies (plan-buffers)", std::string("workspace 0, result 0"), false};
}

void check_places(const OpUse& use) {
  for (const std::string_view name : {"place", "scratch"}) {
    if (!use.attributes.has(name)) continue;
    const std::string& text = use.attributes.text(name);
    if (!parse_placements(text))
      shape_error(use, fmt::format("{}: '{}' is no list of places", name, text),
                  fmt::format("for example {}=\"workspace 4096, workspace 4160\"", name));
  }
}

InlinedBody::InlinedBody(GraphBuilder& builder, const Graph& body, const std::vector<Value>& inputs)
    : body_(body), first_(body.size()) {
  for (size_t i = 0; i < inputs.size(); ++i) first_[body.inputs()[i].value.node] = inputs[i];
  const std::vector<bool> live = live_nodes(body);
  for (uint32_t i = 0; i < body.size(); ++i) {
    const Node& node = body.node(i);
    if (!live[i] || node.op->id == OpId::input) continue;
    std::vector<Value> operands;
    for (Value operand : node.operands) operands.push_back((*this)(operand));
    OriginScope scope(builder, body.origins(i));
    first_[i] = builder.again(node, std::move(operands));
  }
}

Value InlinedBody::operator()(Value of_body) const {
  const Value first = first_[of_body.node];
  return {first.node, first.result + of_body.result};
}

std::vector<Value> InlinedBody::results() const {
  std::vector<Value> results;
  for (const NamedValue& result : body_.results()) results.push_back((*this)(result.value));
  return results;
}

std::vector<Value> inline_body(GraphBuilder& builder, const Graph& body, const std::vector<Value>& inputs) {
  return InlinedBody(builder, body, inputs).results();
}

std::vector<Value> vector_jacobian_product(GraphBuilder& builder, const std::vector<Value>& results,
                                           const std::vector<Value>& adjoints, const std::vector<Value>& by) {
  std::vector<Value> derivatives(by.size());
  Value total;
  for (size_t k = 0; k < results.size(); ++k) {
    if (!adjoints[k]) continue;
    const Value term = build::sum_all(builder, build::mul(builder, results[k], adjoints[k]));
    total =
        total ? build::add(builder, total, build::cast(builder, builder.type(total).element, term)) : term;
  }
  if (!total) return derivatives;

  const std::vector<bool> needed =
      needed_by(builder.graph(), marked(builder.graph(), total), [&](uint32_t i, size_t) {
        return !std::holds_alternative<PiecewiseConstant>(builder.node(i).op->differentiation);
      });
  std::vector<Value> asked;
  std::vector<size_t> positions;
  for (size_t i = 0; i < by.size(); ++i)
    if (is_float(builder.type(by[i]).element) && needed[by[i].node]) {
      asked.push_back(by[i]);
      positions.push_back(i);
    }
  if (asked.empty()) return derivatives;
  const DerivativeScope scope(builder);  // the user did not ask for it
  const Value gradient = build::gradient(builder, total, asked);
  for (size_t k = 0; k < positions.size(); ++k)
    derivatives[positions[k]] = {gradient.node, static_cast<uint32_t>(k)};
  return derivatives;
}

}  // namespace gradus::ops
