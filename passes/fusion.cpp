#include "passes/fusion.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "ir/op.h"

namespace gradus {

namespace {

template <size_t n>
bool is_one_of(std::string_view name, const std::array<std::string_view, n>& list) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

constexpr std::array<std::string_view, 8> reductions = {"sum", "prod", "max",    "min",
                                                        "any", "all",  "argmax", "argmin"};
constexpr std::array<std::string_view, 8> moves = {"reshape", "transpose", "broadcast", "slice",
                                                   "pad",     "concat",    "reverse",   "iota"};
constexpr std::array<std::string_view, 7> others = {
    "random_bits", "uniform", "normal", "gather", "one_hot", "dynamic_slice", "dynamic_update_slice"};
constexpr std::array<std::string_view, 15> cheap = {
    "add",    "sub",  "mul",   "neg",  "abs",     "maximum",    "minimum",      "mul_no_nan",
    "select", "cast", "equal", "less", "greater", "less_equal", "greater_equal"};
constexpr size_t most_inline_values = 16;

}  // namespace

KernelRole kernel_role(const Node& node) {
  const std::string_view op = node.op->name;
  if (op == "input") return KernelRole::source;
  if (op == "constant") {
    const AttributeValue* values = node.attributes.find("values");
    const bool large =
        values && element_count(node.types[0].shape) > static_cast<int64_t>(most_inline_values);
    return large ? KernelRole::source : KernelRole::map;
  }
  if (is_one_of(op, reductions)) return KernelRole::reduction;
  if (op == "dot" || op == "conv") return KernelRole::contraction;
  if (node.op->family == OpFamily::elementwise || is_one_of(op, moves) || is_one_of(op, others))
    return KernelRole::map;
  if (op == "stop_gradient" || op == "custom_gradient" || op == "mark") return KernelRole::map;
  return KernelRole::alone;
}

bool is_free(const Node& node) {
  const std::string_view op = node.op->name;
  return op == "constant" || op == "iota" || op == "broadcast" || op == "reshape" || op == "transpose" ||
         op == "slice" || op == "reverse";
}

bool is_expensive(const Node& node) {
  return node.op->family == OpFamily::random ||
         (node.op->family == OpFamily::elementwise && !is_one_of(node.op->name, cheap));
}

}  // namespace gradus
