// Short functions for building nodes: what derivative rules, passes and the language use.
// Operands of elementwise functions have equal types; nothing broadcasts by itself except where said.
#pragma once

#include <string_view>
#include <vector>

#include "ir/builder.h"

namespace gradus::build {

// Every element = value; integers and bool round it to nearest.
Value constant(GraphBuilder& b, const Type& type, double value);
Value constant_integer(GraphBuilder& b, const Type& type, int64_t value);
Value constant_values(GraphBuilder& b, const Type& type, std::vector<double> values);     // floats, row-major
Value constant_integers(GraphBuilder& b, const Type& type, std::vector<int64_t> values);  // integers, bool
Value zeros_like(GraphBuilder& b, Value like);
Value ones_like(GraphBuilder& b, Value like);
// The number a node is known to be everywhere (a constant with one value, seen through broadcast and
// reshape).
std::optional<double> known_splat(const Graph& graph, Value value);
std::optional<double> known_splat(const GraphBuilder& b, Value value);

Value unary(GraphBuilder& b, OpId op, Value x);
Value binary(GraphBuilder& b, OpId op, Value x, Value y);
Value add(GraphBuilder& b, Value x, Value y);
Value sub(GraphBuilder& b, Value x, Value y);
Value mul(GraphBuilder& b, Value x, Value y);
Value div(GraphBuilder& b, Value x, Value y);
Value neg(GraphBuilder& b, Value x);
Value select(GraphBuilder& b, Value condition, Value x, Value y);
Value cast(GraphBuilder& b, ElementType to, Value x);
// x op constant
Value add(GraphBuilder& b, Value x, double y);
Value mul(GraphBuilder& b, Value x, double y);

Value reshape(GraphBuilder& b, Value x, Shape shape);                  // no node if the shape is the same
Value transpose(GraphBuilder& b, Value x, std::vector<int64_t> dims);  // result axis i = operand axis dims[i]
Value broadcast(GraphBuilder& b, Value x, Shape shape,
                std::vector<int64_t> dims);  // operand axis i -> dims[i]
// NumPy's rule: aligns trailing axes, extents of 1 stretch.
Value broadcast_to(GraphBuilder& b, Value x, const Shape& shape);
Value slice(GraphBuilder& b, Value x, std::vector<int64_t> start, std::vector<int64_t> limit,
            std::vector<int64_t> stride);
Value pad(GraphBuilder& b, Value x, double value, std::vector<int64_t> low, std::vector<int64_t> high,
          std::vector<int64_t> interior);
Value concat(GraphBuilder& b, std::vector<Value> parts, int64_t axis);
Value reverse(GraphBuilder& b, Value x, std::vector<int64_t> axes);
Value relayout(GraphBuilder& b, Value x, Layout layout);  // no node if x lies like that

// op: sum, prod, max, min, any, all. Reduced axes vanish; with `keep` they stay with extent 1.
Value reduce(GraphBuilder& b, OpId op, Value x, std::vector<int64_t> axes, bool keep = false);
Value sum(GraphBuilder& b, Value x, std::vector<int64_t> axes, bool keep = false);
Value sum_all(GraphBuilder& b, Value x);

Value dot(GraphBuilder& b, Value x, Value y, AxisPairs contract, AxisPairs batch = {});
Value iota(GraphBuilder& b, const Type& type, int64_t axis);
Value gradient(GraphBuilder& b, Value y, std::vector<Value> xs);  // first of its results

std::vector<int64_t> all_axes(const Shape& shape);

}  // namespace gradus::build
