#include "ir/build.h"

#include <cmath>
#include <numeric>

#include "ir/evaluate/scalar.h"
#include "ir/op.h"
#include "ir/structure.h"

namespace gradus::build {

Value constant(GraphBuilder& b, const Type& type, double value) {
  if (!is_float(type.element)) return constant_integer(b, type, static_cast<int64_t>(std::llround(value)));
  return b.add(OpId::constant, {}, {{"element", type.element}, {"shape", type.shape}, {"value", value}});
}

Value constant_integer(GraphBuilder& b, const Type& type, int64_t value) {
  if (!is_float(type.element)) value = evaluate::wrap_integer(type.element, value);
  return b.add(OpId::constant, {}, {{"element", type.element}, {"shape", type.shape}, {"value", value}});
}

Value constant_values(GraphBuilder& b, const Type& type, std::vector<double> values) {
  return b.add(OpId::constant, {},
               {{"element", type.element}, {"shape", type.shape}, {"values", std::move(values)}});
}

Value constant_integers(GraphBuilder& b, const Type& type, std::vector<int64_t> values) {
  return b.add(OpId::constant, {},
               {{"element", type.element}, {"shape", type.shape}, {"values", std::move(values)}});
}

Value zeros_like(GraphBuilder& b, Value like) { return constant(b, b.type(like), 0); }

Value ones_like(GraphBuilder& b, Value like) { return constant(b, b.type(like), 1); }

// None, too, if it is an integer that a double cannot hold.
std::optional<double> known_splat(const Graph& graph, Value value) {
  const Node* node = &graph.node(value);
  while (node->op->traits.access == Access::view) node = &graph.node(node->operands[0]);
  if (!is_constant(*node)) return std::nullopt;
  const AttributeValue* known = node->attributes.find("value");
  if (!known) return std::nullopt;
  if (const double* number = std::get_if<double>(known)) return *number;
  return evaluate::exact_double(std::get<int64_t>(*known));
}
std::optional<double> known_splat(const GraphBuilder& b, Value value) {
  return known_splat(b.graph(), value);
}

Value unary(GraphBuilder& b, OpId op, Value x) { return b.add(op, {x}); }
Value binary(GraphBuilder& b, OpId op, Value x, Value y) { return b.add(op, {x, y}); }
Value add(GraphBuilder& b, Value x, Value y) { return b.add(OpId::add, {x, y}); }
Value sub(GraphBuilder& b, Value x, Value y) { return b.add(OpId::sub, {x, y}); }
Value mul(GraphBuilder& b, Value x, Value y) { return b.add(OpId::mul, {x, y}); }
Value div(GraphBuilder& b, Value x, Value y) { return b.add(OpId::div, {x, y}); }
Value neg(GraphBuilder& b, Value x) { return b.add(OpId::neg, {x}); }
Value select(GraphBuilder& b, Value condition, Value x, Value y) {
  return b.add(OpId::select, {condition, x, y});
}

Value cast(GraphBuilder& b, ElementType to, Value x) {
  return b.type(x).element == to ? x : b.add(OpId::cast, {x}, {{"to", to}});
}

Value add(GraphBuilder& b, Value x, double y) { return add(b, x, constant(b, b.type(x), y)); }
Value mul(GraphBuilder& b, Value x, double y) { return mul(b, x, constant(b, b.type(x), y)); }

Value reshape(GraphBuilder& b, Value x, Shape shape) {
  return b.shape(x) == shape ? x : b.add(OpId::reshape, {x}, {{"shape", std::move(shape)}});
}

Value relayout(GraphBuilder& b, Value x, Layout layout) {
  Type type = b.type(x);
  if (type.layout == layout) return x;
  type.layout = std::move(layout);
  return b.add_typed(op_of(OpId::relayout), {x}, {}, {std::move(type)});
}

Value transpose(GraphBuilder& b, Value x, std::vector<int64_t> dims) {
  return dims == all_axes(b.shape(x)) ? x : b.add(OpId::transpose, {x}, {{"dims", std::move(dims)}});
}

Value broadcast(GraphBuilder& b, Value x, Shape shape, std::vector<int64_t> dims) {
  return b.shape(x) == shape
             ? x
             : b.add(OpId::broadcast, {x}, {{"shape", std::move(shape)}, {"dims", std::move(dims)}});
}

Value broadcast_to(GraphBuilder& b, Value x, const Shape& shape) {
  const Shape from = b.shape(x);
  if (from == shape) return x;
  if (from.size() > shape.size())
    throw ShapeError("cannot broadcast " + to_string(from) + " to " + to_string(shape));
  Shape kept;
  std::vector<int64_t> dims;
  const size_t offset = shape.size() - from.size();
  for (size_t i = 0; i < from.size(); ++i) {
    if (from[i] == 1 && shape[offset + i] != 1) continue;
    if (from[i] != shape[offset + i])
      throw ShapeError("cannot broadcast " + to_string(from) + " to " + to_string(shape));
    kept.push_back(from[i]);
    dims.push_back(static_cast<int64_t>(offset + i));
  }
  return broadcast(b, reshape(b, x, std::move(kept)), shape, std::move(dims));
}

Value slice(GraphBuilder& b, Value x, std::vector<int64_t> start, std::vector<int64_t> limit,
            std::vector<int64_t> stride) {
  const bool whole = limit == b.shape(x) && std::accumulate(start.begin(), start.end(), int64_t{0}) == 0 &&
                     std::all_of(stride.begin(), stride.end(), [](int64_t s) { return s == 1; });
  if (whole) return x;
  return b.add(OpId::slice, {x},
               {{"start", std::move(start)}, {"limit", std::move(limit)}, {"stride", std::move(stride)}});
}

Value pad(GraphBuilder& b, Value x, double value, std::vector<int64_t> low, std::vector<int64_t> high,
          std::vector<int64_t> interior) {
  const Value fill = constant(b, Type(b.type(x).element), value);
  return b.add(OpId::pad, {x, fill},
               {{"low", std::move(low)}, {"high", std::move(high)}, {"interior", std::move(interior)}});
}

Value concat(GraphBuilder& b, std::vector<Value> parts, int64_t axis) {
  return parts.size() == 1 ? parts[0] : b.add(OpId::concat, std::move(parts), {{"axis", axis}});
}

Value reverse(GraphBuilder& b, Value x, std::vector<int64_t> axes) {
  return axes.empty() ? x : b.add(OpId::reverse, {x}, {{"axes", std::move(axes)}});
}

Value reduce(GraphBuilder& b, OpId op, Value x, std::vector<int64_t> axes, bool keep) {
  if (axes.empty() && op != OpId::any && op != OpId::all) return x;
  Shape kept = b.shape(x);
  for (int64_t axis : axes) kept[static_cast<size_t>(axis)] = 1;
  const Value reduced = b.add(op, {x}, {{"axes", std::move(axes)}});
  return keep ? reshape(b, reduced, std::move(kept)) : reduced;
}

Value sum(GraphBuilder& b, Value x, std::vector<int64_t> axes, bool keep) {
  return reduce(b, OpId::sum, x, std::move(axes), keep);
}

Value sum_all(GraphBuilder& b, Value x) { return sum(b, x, all_axes(b.shape(x))); }

Value dot(GraphBuilder& b, Value x, Value y, AxisPairs contract, AxisPairs batch) {
  Attributes attributes{{"contract", std::move(contract)}};
  if (!batch.left.empty()) attributes.set("batch", std::move(batch));
  return b.add(OpId::dot, {x, y}, std::move(attributes));
}

Value iota(GraphBuilder& b, const Type& type, int64_t axis) {
  return b.add(OpId::iota, {}, {{"element", type.element}, {"shape", type.shape}, {"axis", axis}});
}

Value gradient(GraphBuilder& b, Value y, std::vector<Value> xs) {
  std::vector<Value> operands{y};
  operands.insert(operands.end(), xs.begin(), xs.end());
  return b.add(OpId::gradient, std::move(operands));
}

std::vector<int64_t> all_axes(const Shape& shape) {
  std::vector<int64_t> axes(shape.size());
  std::iota(axes.begin(), axes.end(), int64_t{0});
  return axes;
}

}  // namespace gradus::build
