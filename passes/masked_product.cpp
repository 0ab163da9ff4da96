#include "passes/masked_product.h"

#include <algorithm>
#include <array>

#include "ir/build.h"
#include "ir/op.h"

namespace gradus {

namespace {

constexpr std::array<std::string_view, 5> movers = {"reshape", "transpose", "broadcast", "slice", "reverse"};

// select(condition, inner, 0)
struct Masked {
  Value condition;
  Value inner;
};

bool is_zero(const GraphBuilder& b, Value value) {
  const std::optional<double> known = build::known_splat(b, value);
  return known && *known == 0;
}

std::optional<Masked> as_masked(GraphBuilder& b, Value value, int depth) {
  const Node node = b.node(value);
  if (node.op->name == "select") {
    if (is_zero(b, node.operands[2])) return Masked{node.operands[0], node.operands[1]};
    if (is_zero(b, node.operands[1]))
      return Masked{b.add("logical_not", {node.operands[0]}), node.operands[2]};
    return std::nullopt;
  }
  if (depth == 0 || std::find(movers.begin(), movers.end(), node.op->name) == movers.end())
    return std::nullopt;
  std::optional<Masked> masked = as_masked(b, node.operands[0], depth - 1);
  if (!masked) return std::nullopt;
  return Masked{b.add(*node.op, {masked->condition}, node.attributes),
                b.add(*node.op, {masked->inner}, node.attributes)};
}

}  // namespace

Value masked_product(GraphBuilder& builder, Value adjoint, Value slope) {
  constexpr int deepest = 8;
  std::optional<Masked> masked = as_masked(builder, adjoint, deepest);
  if (!masked) return build::mul(builder, adjoint, slope);
  // Masks within masks become one, so that a chain of n branches has n of them and not n².
  while (const std::optional<Masked> inner = as_masked(builder, masked->inner, deepest))
    masked = Masked{builder.add("logical_and", {masked->condition, inner->condition}), inner->inner};
  const Value product = build::mul(builder, masked->inner, slope);
  return build::select(builder, masked->condition, product, build::zeros_like(builder, product));
}

}  // namespace gradus
