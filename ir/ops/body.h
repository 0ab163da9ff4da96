// What the rules of ops with bodies (call, kernel, scan) share.
#pragma once

#include "ir/op.h"

namespace gradus::ops {

// The node has a body whose inputs have these types.
void check_body_inputs(const OpUse& use, const std::vector<Type>& expected);
std::vector<Type> body_result_types(const Graph& body);

// Copies a body's nodes into `builder`, its inputs being the given values; returns the values of its results.
std::vector<Value> inline_body(GraphBuilder& builder, const Graph& body, const std::vector<Value>& inputs);

// Inlines a body and differentiates Σ_k sum(result_k · adjoint_k), over the results that have an adjoint, by
// those of its inputs that are floats and on which that sum depends; none for the others.
std::vector<Value> body_gradient(GraphBuilder& builder, const Graph& body, const std::vector<Value>& inputs,
                                 const std::vector<Value>& adjoints);

}  // namespace gradus::ops
