#include "ir/kernel/name.h"

#include <fmt/format.h>

#include "ir/op.h"

namespace gradus {

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
  return fmt::format("{}_{:08x}", describe_kernel(body), body.structural_hash() & 0xffffffff);
}

}  // namespace gradus
