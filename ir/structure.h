// The ops that graphs are built of whatever they compute: inputs and constants, what `differentiate` and
// `fuse` work on, loops and calls. About any other op its record says what passes and lowering ask (ir/op.h).
#pragma once

#include "ir/op.h"

namespace gradus {

inline bool is_input(const Node& node) { return node.op->id == OpId::input; }
inline bool is_constant(const Node& node) { return node.op->id == OpId::constant; }
inline bool is_gradient(const Node& node) { return node.op->id == OpId::gradient; }
inline bool is_mark(const Node& node) { return node.op->id == OpId::mark; }
inline bool is_custom_gradient(const Node& node) { return node.op->id == OpId::custom_gradient; }
inline bool is_scan(const Node& node) { return node.op->id == OpId::scan; }
inline bool is_call(const Node& node) { return node.op->id == OpId::call; }
inline bool is_kernel(const Node& node) { return node.op->id == OpId::kernel; }
// Whether its body is a graph of kernels of its own, which run one after another.
inline bool runs_kernels(const Node& node) { return is_scan(node) || is_call(node); }

// Whether each element of its result is made of single elements of its operands, or of none.
bool is_by_element(const Op& op);
// Whether each element of its result is made of the elements at the same position in row-major order.
bool keeps_position(const Graph& graph, const Node& node);
// Whether it is a view of its operand at the same positions.
bool is_reshape(const Graph& graph, const Node& node);

// Whether a node of the graph or of a body in it is one.
bool has_gradient(const Graph& graph);
bool has_custom_gradient(const Graph& graph);
// Whether anything is left in it that `differentiate` replaces: gradients, marks, custom gradients.
bool awaits_differentiation(const Graph& graph);

}  // namespace gradus
