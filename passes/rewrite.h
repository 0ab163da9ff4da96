// The base of the passes that rewrite node by node: operands are simplified already, rules look a few nodes
// deep.
//
// A rule sees what a value is through `as` and `splat`, which look through nothing, and through
// `spread_of`, which looks through broadcasts and reshapes and hands out what lies behind them only to a rule
// that says along which axes it must lie. What a rule did not ask about it cannot pass over: marks,
// `stop_gradient` and values that a gradient is taken by stop every one of them.
#pragma once

#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "ir/build.h"
#include "ir/builder.h"
#include "ir/sign.h"
#include "passes/pass.h"

namespace gradus {

// A value that is another one, the source, spread over more axes by broadcasts and by reshapes that add or
// drop axes of extent 1.
class Spread {
 public:
  static constexpr int64_t anywhere = -1;  // an axis of extent 1

  // Axis i of the source lies along axis `along[i]` of the value.
  Spread(Value source, std::vector<int64_t> along) : source_(source), along_(std::move(along)) {}

  // The source, if its axes lie along these axes of the value; else none.
  Value source_along(const std::vector<int64_t>& axes) const;
  // The same for a source that rules choose by its own axes: `axes_of` is asked where it should lie.
  template <typename AxesOf>
  Value source_where(AxesOf axes_of) const {
    const std::optional<std::vector<int64_t>> axes = axes_of(source_);
    return axes ? source_along(*axes) : Value{};
  }

 private:
  Value source_;
  std::vector<int64_t> along_;
};

// Makes nodes through the rules of one pass: `make` asks the rules first, and what they return is final.
class Peephole {
 public:
  // A rule returns the replacement of op(operands…), or none. Rules are tried in order.
  using Rule = Value (*)(Peephole&, OpId op, const std::vector<Value>& operands, const Attributes&);

  Peephole(GraphBuilder& builder, std::span<const Rule> rules) : builder_(builder), rules_(rules) {}

  GraphBuilder& builder() { return builder_; }
  Value make(OpId op, std::vector<Value> operands, Attributes attributes = {});
  Value constant_like(Value like, double value) {
    return build::constant(builder_, builder_.type(like), value);
  }

  // The node behind a value if it is of this op and rules may look at it; else null. The pointer is good
  // until the next node is made.
  const Node* as(Value value, OpId op) const;
  // The one number that a constant holds everywhere, a double of floats and an integer of integers and bool;
  // else null. Good as long as the pointer that `as` returns.
  const AttributeValue* known(Value value) const;
  std::optional<double> splat(Value value) const;  // the same as a double; none if a double cannot hold it
  bool is_splat(Value value, double number) const;
  // A value that is neither a broadcast nor a reshape is spread from itself. `stop_gradient` in between is
  // looked through only where the rule says so.
  enum class Stops { kept, passed };
  Spread spread_of(Value value, Stops stops = Stops::kept) const;
  // Whether the node in the making obeys the algebra of real numbers: integers do (they wrap), and so do
  // derivatives, whose operands are taken to be finite and whose zeros have no sign. What a user wrote in
  // floats does not: there x - x is not 0 where x is infinite, and x + 0 not x where x is -0.
  bool obeys_algebra(Value like) const { return builder_.derivative() || !is_float(type(like).element); }
  // By the ops that made it, every element has this sign or is NaN.
  bool has_sign(Value value, Sign sign) const { return sign_of(builder_, value) >= sign; }
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
