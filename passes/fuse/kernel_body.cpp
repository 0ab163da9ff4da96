#include "passes/fuse/kernel_body.h"

#include "ir/build.h"
#include "ir/op.h"

namespace gradus {

bool KernelBody::is_inside(Value value) const {
  const size_t group = groups_.group_of(value);
  if (group == KernelGroups::no_group) return groups_.repeated(value.node);
  return group == group_ || group == other_;
}

Value KernelBody::clone(Value value) {
  if (auto it = cloned_.find(value); it != cloned_.end()) return it->second;
  const Node& node = groups_.node(value.node);
  const bool check = groups_.group(group_).check_only && value.node == groups_.group(group_).nodes[0];
  if (!check && !is_inside(value)) {
    builder_.set_origins(groups_.graph().origins(value.node));
    const Value input =
        builder_.input("a" + std::to_string(operands_.size()), InputKind::data, groups_.graph().type(value));
    operands_.push_back(value);
    return cloned_[value] = input;
  }
  std::vector<Value> operands;
  for (Value operand : node.operands)  // a check reads the indices and only the shape of the rest
    operands.push_back(check && operand != groups_.indices_of(value.node)
                           ? build::constant(builder_, groups_.graph().type(operand), 0)
                           : clone(operand));
  builder_.set_origins(groups_.graph().origins(value.node));
  builder_.set_derivative(node.derivative);
  builder_.prefer_id(node.id);
  const Value made = builder_.again(node, std::move(operands));
  for (uint32_t r = 0; r < node.types.size(); ++r) cloned_[{value.node, r}] = {made.node, r};
  return cloned_[value];
}

}  // namespace gradus
