#include "ir/kernel/name.h"

#include <fmt/format.h>

#include "ir/digest.h"
#include "ir/op.h"
#include "ir/structure.h"

namespace gradus {

namespace {

// What a body computes, as its text says it: inputs come first, then the statements, numbered in that order,
// wherever else among the nodes a pass has put the inputs.
void add_body(Digest& digest, const Graph& body) {
  std::vector<size_t> number(body.size());
  for (size_t k = 0; k < body.inputs().size(); ++k) {
    number[body.inputs()[k].value.node] = k;
    digest.add(to_string(body.type(body.inputs()[k].value)));
  }
  const auto add_value = [&](Value value) {
    digest.add(fmt::format("%{}#{}", number[value.node], value.result));
  };
  size_t next = body.inputs().size();
  for (uint32_t i = 0; i < body.size(); ++i) {
    const Node& node = body.node(i);
    if (is_input(node)) continue;
    number[i] = next++;
    digest.add(node.op->name);
    for (const Value operand : node.operands) add_value(operand);
    for (const auto& [name, value] : node.attributes) {
      digest.add(name);
      digest.add(to_string(value));
    }
    for (const Type& type : node.types) digest.add(to_string(type));
    if (node.body) add_body(digest, *node.body);
  }
  for (const NamedValue& result : body.results()) add_value(result.value);
}

}  // namespace

std::string describe_kernel(const Graph& body) {
  std::string name = "map";
  for (uint32_t i = 0; i < body.size(); ++i) {
    const OpFamily family = body.node(i).op->family;
    if (family == OpFamily::contraction || family == OpFamily::window)
      return std::string(body.node(i).op->name);
    if (family == OpFamily::reduction) name = body.node(i).op->name;
    if (name == "map" && body.size() <= body.inputs().size() + 1 && i + 1 == body.size())
      name = body.node(i).op->name;
  }
  return name;
}

std::string kernel_name(const Graph& body) {
  Digest digest;
  add_body(digest, body);
  return fmt::format("{}_{:08x}", describe_kernel(body), digest.value() & 0xffffffff);
}

}  // namespace gradus
