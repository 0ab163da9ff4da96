// The pull model: the value of a body's node at one index, as an expression over the inputs of a kernel.
// Shape ops become index arithmetic; what is used twice, or computed in an outer loop, gets a name.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <unordered_map>

#include "codegen/lower/function_builder.h"
#include "ir/graph.h"
#include "ir/op_id.h"
#include "ir/reads.h"

namespace gradus::lowering {

// An expression, the depth of the innermost loop it depends on, and about how many operations it has.
struct Pulled {
  loop::Expression value;
  int level = 0;
  int size = 0;
};

class Values {
 public:
  Values(FunctionBuilder& function, const Graph& body);

  // The value lies in memory (how: type_in_memory).
  void place(Value value, int64_t buffer) { placed_[value] = buffer; }
  bool is_placed(Value value) const { return placed_.count(value) > 0; }
  bool is_at_hand(Value value) const { return is_placed(value) || bound_.count(value) > 0; }
  int64_t placed(Value value) const { return placed_.at(value); }
  // Of an element of a placed value.
  Index position(Value placed, const Indices& tuple) {
    return f_.space.position(tuple, type_in_memory(body_, placed));
  }
  // The value is computed by the caller's loops.
  using Source = std::function<Pulled(const Indices&)>;
  void bind(Value value, Source source) { bound_[value] = std::move(source); }
  void unbind(Value value) { bound_.erase(value); }

  // Statements in the life of it compute this value.
  Computing computing(Value value);

  Pulled pull(Value value, const Indices& tuple);
  loop::Expression at(Value value, const Indices& tuple) { return pull(value, tuple).value; }

  // Whether low <= index < high: null if always; otherwise a condition.
  loop::Expression within(const Index& index, int64_t low, int64_t high);
  Index clamped(const Index& index, int64_t low, int64_t high);

  // Numbers of the body's own, in the order of its text, so that equal bodies become equal loops whatever
  // their stable ids are.
  size_t number(const Node& node) const { return numbers_.at(node.id); }

  const Graph& body() const { return body_; }
  FunctionBuilder& function() { return f_; }

 private:
  struct Key {
    Value value;
    Indices tuple;
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  struct Memo {
    Pulled pulled;
    int64_t scope;
  };

  // Result 0 of a node.
  struct PullRule {
    OpId op;
    Pulled (Values::*pull)(const Node&, const Indices&);
  };
  static const PullRule pull_rules[];
  struct Draw {
    ElementType element;
    std::vector<loop::Expression> key;
    loop::Expression position;
    int level = 0;
    loop::Expression bits(const loop::Expression& at) const;
    loop::Expression uniform(const loop::Expression& at) const;  // in [0, 1)
  };

  Pulled compute(Value value, const Indices& tuple);
  Pulled splat(const Node& constant, const Indices& tuple);
  Pulled iota(const Node& node, const Indices& tuple);
  Pulled elementwise(const Node& node, const Indices& tuple);
  Pulled pad(const Node& node, const Indices& tuple);
  Pulled concat(const Node& node, const Indices& tuple);
  Pulled gather(const Node& node, const Indices& tuple);
  Pulled dynamic_slice(const Node& node, const Indices& tuple);
  Pulled dynamic_update_slice(const Node& node, const Indices& tuple);
  // A box's start along one axis, moved into [0, most].
  Index box_start(const Node& node, size_t operand, int64_t most);
  Pulled one_hot(const Node& node, const Indices& tuple);
  Pulled random_bits(const Node& node, const Indices& tuple);
  Pulled uniform(const Node& node, const Indices& tuple);
  Pulled normal(const Node& node, const Indices& tuple);
  Draw draw(const Node& node, const Indices& tuple);
  Pulled load(int64_t buffer, const Index& index);
  Pulled named(Pulled pulled, const std::string& name);

  FunctionBuilder& f_;
  const Graph& body_;
  std::vector<int64_t> use_counts_;                      // per node
  std::unordered_map<uint32_t, size_t> numbers_;         // by id
  std::vector<std::shared_ptr<const Origins>> origins_;  // per node, when asked for; null if it has none
  std::map<Value, int64_t> placed_;
  std::map<Value, Source> bound_;
  std::map<Key, Memo> memo_;
};

}  // namespace gradus::lowering
