#include "ir/reads.h"

#include <algorithm>

#include "ir/op.h"
#include "ir/structure.h"

namespace gradus {

namespace {

Indices mapped(const AccessMap& map, const Indices& tuple, const Shape& from, const Shape& to,
               IndexSpace& space) {
  if (map.same_position) return space.delinearize(space.linearize(tuple, to), from);
  Indices inner;
  for (const AxisAccess& axis : map.axes)
    inner.push_back(axis.along ? tuple[*axis.along] * axis.step + Index(axis.start) : Index(axis.start));
  return inner;
}

}  // namespace

Type type_in_memory(const Graph& body, Value value) {
  const Type& type = body.type(value);
  return is_input(body.node(value)) ? type : Type(type.element, type.shape);
}

NodeAccess node_access(const Graph& graph, const Node& node) {
  if (node.op->reads) return node.op->reads(graph, node);
  if (node.op->view)
    return {.operands = {node.op->view(node.attributes, graph.type(node.operands[0]).shape)}};
  NodeAccess access;
  access.operands.assign(node.operands.size(), same_index(node.types[0].shape.size()));
  return access;
}

bool is_read_by_cases(const AccessMap& map) {
  return std::any_of(map.axes.begin(), map.axes.end(), [](const AxisAccess& axis) { return axis.guarded; });
}

Indices view_tuple(const Graph& graph, const Node& view, const Indices& tuple, IndexSpace& space) {
  const Shape& from = graph.type(view.operands[0]).shape;
  return mapped(view.op->view(view.attributes, from), tuple, from, view.types[0].shape, space);
}

std::optional<Reads::Read> viewed(const Graph& graph, Value value, Indices tuple, IndexSpace& space,
                                  const Reads::IsAtHand& is_at_hand) {
  while (!is_at_hand(value)) {
    const Node& node = graph.node(value);
    if (!node.op->view) return std::nullopt;
    tuple = view_tuple(graph, node, tuple, space);
    value = node.operands[0];
  }
  return Reads::Read{value, std::move(tuple)};
}

Reads::Reads(const Graph& body, IndexSpace& space, IsAtHand is_at_hand)
    : body_(body), space_(space), is_at_hand_(std::move(is_at_hand)) {}

Index Reads::guarded(const Index& index, int64_t low, int64_t high) {
  const IndexSpace::Range range = space_.range(index);
  if (range.low >= low && range.high < high) return index;
  const auto [it, fresh] = clamped_.try_emplace({index, low, high});
  if (fresh) {
    use(index);
    it->second = space_.opaque(IndexSpace::clamped_range(range, low, high));
    guards_.push_back({index, low, high, it->second});
  }
  return it->second;
}

std::vector<uint32_t> Reads::computed() const {
  std::vector<uint32_t> nodes;
  for (const auto& [value, tuple] : seen_)
    if (!is_at_hand_(value)) nodes.push_back(value.node);
  return nodes;
}

void Reads::follow(Value value, const Indices& tuple) {
  if (!seen_.emplace(value, tuple).second) return;
  const Node& node = body_.node(value);
  const Shape& shape = body_.type(value).shape;
  if (is_at_hand_(value)) {
    use(space_.position(tuple, type_in_memory(body_, value)));
    reads_.push_back({value, tuple});
    return;
  }
  const NodeAccess access = node_access(body_, node);
  for (const size_t axis : access.counts) use(tuple[axis]);
  if (access.counts_position) use(space_.linearize(tuple, shape));
  for (size_t i = 0; i < access.operands.size(); ++i) follow_operand(node, i, access.operands[i], tuple);
}

void Reads::follow_operand(const Node& node, size_t operand, const AccessMap& map, const Indices& tuple) {
  const Shape& from = body_.type(node.operands[operand]).shape;
  const Shape& to = node.types[0].shape;
  Indices inner = mapped(map, tuple, from, to, space_);
  for (size_t axis = 0; axis < map.axes.size(); ++axis) {
    const AxisAccess& how = map.axes[axis];
    Index& index = inner[axis];
    if (how.computed) {
      const int64_t slack = from[axis] - (how.along ? to[*how.along] : 1);
      index = index + space_.opaque({std::min<int64_t>(slack, 0), std::max<int64_t>(slack, 0)});
    }
    if (how.guarded) {
      if (from[axis] == 0) return;
      const int64_t end = (from[axis] - 1) * how.divisor + 1;
      const IndexSpace::Range range = space_.range(index);
      if (!how.computed && (range.high < 0 || range.low >= end)) return;  // no element is read
      index = guarded(index, 0, end);
    }
    if (how.divisor > 1) {
      use(space_.remainder(index, how.divisor));
      index = space_.quotient(index, how.divisor);
    }
  }
  // A scalar may be of any rank: all of its axes have the extent 1.
  inner.resize(from.size());
  follow(node.operands[operand], inner);
}

}  // namespace gradus
