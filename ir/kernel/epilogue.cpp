#include "ir/kernel/epilogue.h"

#include <algorithm>

#include "ir/dependence.h"
#include "ir/op.h"
#include "ir/structure.h"

namespace gradus {

Epilogue::Epilogue(const Graph& body, Value contraction, Reads::IsAtHand is_placed)
    : body_(body), contraction_(contraction), is_placed_(std::move(is_placed)) {
  std::vector<bool> outside(body.size(), false), inside(body.size(), false);
  for (size_t r = 0; r < body.results().size(); ++r) {
    const Value result = body.results()[r].value;
    if (fuses(result)) {
      fused_.push_back(r);
      reach(result, inside);
    } else {
      reach(result, outside);
    }
  }
  for (uint32_t i = contraction.node + 1; i < body.size(); ++i)
    if (!is_by_element(*body.node(i).op)) reach({i, 0}, outside);
  stores_contraction_ = outside[contraction.node] || fused_.empty();
  for (uint32_t i = 0; i < body.size(); ++i) {
    if (!inside[i] || i == contraction.node) continue;
    if (is_placed_({i, 0})) operands_.push_back({i, 0});
    const Op& op = *body.node(i).op;
    if (op.family == OpFamily::elementwise) operations_ += op.traits.cost == Cost::costly ? 3 : 1;
  }
  pivot_ = find_pivot();
}

std::vector<Value> Epilogue::outputs() const {
  std::vector<Value> values;
  for (const size_t r : fused_) values.push_back(body_.results()[r].value);
  if (stores_contraction_) values.push_back(contraction_);
  return values;
}

// Nodes below a value, down to the contraction and to what lies in memory.
void Epilogue::reach(Value value, std::vector<bool>& seen) const {
  if (seen[value.node]) return;
  seen[value.node] = true;
  if (value == contraction_ || is_placed_(value)) return;
  for (Value operand : body_.node(value).operands) reach(operand, seen);
}

bool Epilogue::fuses(Value result) const {
  if (element_count(body_.type(result).shape) != element_count(body_.type(contraction_).shape) ||
      !body_.type(result).layout.is_default())
    return false;
  std::vector<bool> seen(body_.size(), false);
  reach(result, seen);
  if (!seen[contraction_.node]) return false;
  for (uint32_t i = 0; i < body_.size(); ++i)
    if (seen[i] && i != contraction_.node && !is_placed_({i, 0}) && !is_by_element(*body_.node(i).op))
      return false;
  // The result at a position must need the contraction at that position only.
  IndexSpace space;
  const std::vector<Axis> axes = make_axes(space, body_.type(contraction_).shape);
  const Reads reads = this->reads(axes, space, {result});
  return std::all_of(reads.reads().begin(), reads.reads().end(), [&](const Reads::Read& read) {
    return read.value != contraction_ || read.tuple == tuple_of(axes);
  });
}

Reads Epilogue::reads(const std::vector<Axis>& axes, IndexSpace& space,
                      const std::vector<Value>& values) const {
  Reads reads(body_, space, [this](Value value) { return value == contraction_ || is_placed_(value); });
  const Index linear = space.linearize(tuple_of(axes), body_.type(contraction_).shape);
  reads.use(linear);
  for (const Value value : values) reads.follow(value, space.delinearize(linear, body_.type(value).shape));
  return reads;
}

std::vector<Index> Epilogue::used(const std::vector<Axis>& axes, IndexSpace& space) const {
  return reads(axes, space, outputs()).used();
}

// Whether a value that does not depend on the contraction can be read at a position in memory order.
bool Epilogue::is_flat(Value value) const {
  const Type& type = body_.type(value);
  if (element_count(type.shape) == 1) return true;
  if (is_placed_(value))
    return type_in_memory(body_, value).layout.is_default() &&
           element_count(type.shape) == element_count(body_.type(contraction_).shape);
  const Node& node = body_.node(value);
  if (is_constant(node)) return true;
  if (node.op->view && element_count(body_.type(node.operands[0]).shape) == 1) return true;
  if (!keeps_position(body_, node)) return false;
  return std::all_of(node.operands.begin(), node.operands.end(), [&](Value v) { return is_flat(v); });
}

Value Epilogue::find_pivot() const {
  const std::vector<bool> depends = dependent_on(body_, marked(body_, contraction_));
  Value pivot = contraction_;
  for (uint32_t i = contraction_.node + 1; i < body_.size(); ++i) {
    if (!depends[i]) continue;
    for (Value operand : body_.node(i).operands)
      if (!depends[operand.node] && !is_flat(operand)) pivot = {i, 0};
  }
  // Everything after the pivot must reach the contraction through it alone.
  std::vector<bool> seen(body_.size(), false);
  std::vector<Value> open = outputs();
  while (!open.empty()) {
    const Value value = open.back();
    open.pop_back();
    if (value == pivot || !depends[value.node] || seen[value.node]) continue;
    seen[value.node] = true;
    const Node& node = body_.node(value);
    if (value == contraction_ || !keeps_position(body_, node)) return {};
    open.insert(open.end(), node.operands.begin(), node.operands.end());
  }
  return pivot;
}

}  // namespace gradus
