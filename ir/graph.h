// The graph IR: an append-only, hash-consed list of nodes in topological order (operands before users).
//
// A graph is built by a GraphBuilder (ir/builder.h) and never changes afterwards; a pass builds a new one.
// Bodies (of `scan`, `call`, `kernel`) are closed graphs: their captures are operands of the node.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ir/attribute.h"
#include "ir/provenance.h"
#include "ir/type.h"

namespace gradus {

struct Op;
class Graph;
class GraphBuilder;

// A value is one result of a node.
struct Value {
  static constexpr uint32_t none = ~uint32_t{0};
  uint32_t node = none;
  uint32_t result = 0;

  explicit operator bool() const { return node != none; }
  friend auto operator<=>(const Value&, const Value&) = default;
};

struct Node {
  const Op* op = nullptr;
  std::vector<Value> operands;
  Attributes attributes;
  std::vector<Type> types;            // one per result
  std::shared_ptr<const Graph> body;  // null for most ops
  uint32_t id = 0;                    // printed as %id; kept by passes; given once, but a copy keeps it
  // Nothing but a derivative asked for it: rules may assume that its operands are finite. What a user wrote
  // means IEEE arithmetic. Not part of the key; a node that both ask for is the user's.
  bool derivative = false;
};

enum class InputKind { data, parameter, state, seed, step, variable };
std::string_view keyword(InputKind kind);  // "", "param", "state", "seed", "step", "var"

// An input of a graph is a node of op `input` whose attribute `index` is its identity.
struct Input {
  std::string name;  // of a parameter or state: its path, e.g. conv2d_1.weight
  InputKind kind = InputKind::data;
  Value value;
};

struct NamedValue {
  std::string name;  // empty in bodies
  Value value;
};

// The new value of inputs[input]; the update takes place when the step commits.
struct Update {
  uint32_t input = 0;
  Value value;
};

class Graph {
 public:
  const std::string& name() const { return name_; }
  const Attributes& header() const { return header_; }
  void set_header(Attributes header) {
    header_ = std::move(header);
  }  // stage, options: what a run resumes with

  size_t size() const { return nodes_.size(); }
  const Node& node(uint32_t index) const { return nodes_[index]; }
  const Node& node(Value value) const { return nodes_[value.node]; }
  const Type& type(Value value) const { return nodes_[value.node].types[value.result]; }
  const Origins& origins(uint32_t index) const { return origins_[index]; }

  const std::vector<Input>& inputs() const { return inputs_; }
  const std::vector<NamedValue>& results() const { return results_; }
  const std::vector<Update>& updates() const { return updates_; }
  Value status() const { return status_; }  // none, or an i64[2] (check, element)

  uint32_t next_id() const { return next_id_; }  // above those of its nodes and bodies

  // Same computation: structure, names and header, but neither stable ids nor origins.
  friend bool same_structure(const Graph& a, const Graph& b);
  size_t structural_hash() const { return hash_; }

 private:
  friend class GraphBuilder;
  std::string name_;
  Attributes header_;
  std::vector<Node> nodes_;
  std::vector<Origins> origins_;
  std::vector<Input> inputs_;
  std::vector<NamedValue> results_;
  std::vector<Update> updates_;
  Value status_;
  uint32_t next_id_ = 0;
  size_t hash_ = 0;
};

// For each node, whether a result, an update or the status needs it.
std::vector<bool> live_nodes(const Graph& graph);
// For each node, the nodes that use one of its results (ascending, each once).
std::vector<std::vector<uint32_t>> users(const Graph& graph);

}  // namespace gradus
