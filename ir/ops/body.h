// What the rules of ops with bodies (call, kernel, scan) share.
#pragma once

#include "ir/op.h"

namespace gradus::ops {

// The node has a body whose inputs have these types.
void check_body_inputs(const OpUse& use, const std::vector<Type>& expected);
std::vector<Type> body_result_types(const Graph& body);

AttributeSpec place_attribute();
// They parse, if there are any (ir/placement.h).
void check_places(const OpUse& use);

// A body's nodes, copied into `builder`, its inputs being the given values.
class InlinedBody {
 public:
  InlinedBody(GraphBuilder& builder, const Graph& body, const std::vector<Value>& inputs);
  Value operator()(Value of_body) const;  // of a live node
  std::vector<Value> results() const;

 private:
  const Graph& body_;
  std::vector<Value> first_;  // result 0 of a node; the others follow it
};

std::vector<Value> inline_body(GraphBuilder& builder, const Graph& body, const std::vector<Value>& inputs);

// The derivatives of Σ_k sum(result_k · adjoint_k), over the results that have an adjoint, by those of the
// values `by` that are floats and on which that sum depends; none for the others.
std::vector<Value> vector_jacobian_product(GraphBuilder& builder, const std::vector<Value>& results,
                                           const std::vector<Value>& adjoints, const std::vector<Value>& by);

}  // namespace gradus::ops
