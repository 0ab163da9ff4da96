// The base of the passes that rewrite node by node: operands are simplified already, rules look a few nodes
// deep.
#pragma once

#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "ir/build.h"
#include "ir/builder.h"
#include "passes/pass.h"

namespace gradus {

// Makes nodes through the rules of one pass: `make` asks the rules first, and what they return is final.
class Peephole {
 public:
  // A rule returns the replacement of op(operands…), or none. Rules are tried in order.
  using Rule = Value (*)(Peephole&, std::string_view op, const std::vector<Value>& operands,
                         const Attributes&);

  Peephole(GraphBuilder& builder, std::span<const Rule> rules) : builder_(builder), rules_(rules) {}

  GraphBuilder& builder() { return builder_; }
  Value make(std::string_view op, std::vector<Value> operands, Attributes attributes = {});
  Value constant_like(Value like, double value) {
    return build::constant(builder_, builder_.type(like), value);
  }

  // The node behind a value if it is of this op and rules may look at it; else null. The pointer is good
  // until the next node is made.
  const Node* as(Value value, std::string_view op) const;
  std::optional<double> splat(Value value) const;  // the one number that a constant holds everywhere
  bool is_splat(Value value, double number) const;
  const Type& type(Value value) const { return builder_.type(value); }

  // Values that gradients are taken by, and marks: no rule looks through them.
  void add_barrier(Value value);

 private:
  GraphBuilder& builder_;
  std::span<const Rule> rules_;
  std::vector<bool> barriers_;
  int depth_ = 0;
};

// Runs the rules over a graph and, recursively, over its bodies; `special` may take a node over entirely
// (returns true when it has called rewriter.replace).
using SpecialRule = bool (*)(Rewriter&, Peephole&, uint32_t index);
Graph rewrite(const Graph& graph, std::string_view pass, std::span<const Peephole::Rule> rules,
              SpecialRule special, const PassContext& context);

}  // namespace gradus
