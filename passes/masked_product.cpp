#include "passes/masked_product.h"

#include <algorithm>
#include <array>

#include "ir/build.h"
#include "ir/op.h"

namespace gradus {

namespace {

constexpr std::array<std::string_view, 5> movers = {"reshape", "transpose", "broadcast", "slice", "reverse"};

// select(condition, inner, 0), or with `inverted` select(condition, 0, inner)
struct Masked {
  Value condition;
  Value inner;
  bool inverted = false;
};

bool is_zero(const GraphBuilder& b, Value value) {
  const std::optional<double> known = build::known_splat(b, value);
  return known && *known == 0;
}

std::optional<Masked> as_masked(GraphBuilder& b, Value value, int depth) {
  const Node node = b.node(value);
  if (node.op->name == "select") {
    if (is_zero(b, node.operands[2])) return Masked{node.operands[0], node.operands[1], false};
    if (is_zero(b, node.operands[1])) return Masked{node.operands[0], node.operands[2], true};
    return std::nullopt;
  }
  if (depth == 0 || std::find(movers.begin(), movers.end(), node.op->name) == movers.end())
    return std::nullopt;
  std::optional<Masked> masked = as_masked(b, node.operands[0], depth - 1);
  if (!masked) return std::nullopt;
  masked->condition = b.add(*node.op, {masked->condition}, node.attributes);
  masked->inner = b.add(*node.op, {masked->inner}, node.attributes);
  return masked;
}

}  // namespace

Value masked_product(GraphBuilder& builder, Value adjoint, Value slope) {
  constexpr int deepest = 8;
  const std::optional<Masked> masked = as_masked(builder, adjoint, deepest);
  if (!masked) return build::mul(builder, adjoint, slope);
  const Value product = masked_product(builder, masked->inner, slope);
  const Value zero = build::zeros_like(builder, product);
  return masked->inverted ? build::select(builder, masked->condition, zero, product)
                          : build::select(builder, masked->condition, product, zero);
}

}  // namespace gradus
