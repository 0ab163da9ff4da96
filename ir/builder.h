// GraphBuilder: the one way to make a graph. Infers types, hash-conses, records provenance.
#pragma once

#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "ir/graph.h"
#include "ir/op_id.h"

namespace gradus {

// Gives stable ids. A graph and its bodies share one, so that an id names one node of a whole text.
class IdSource {
 public:
  uint32_t take() { return next_++; }
  void reserve(uint32_t first_free) { next_ = std::max(next_, first_free); }  // ids below are given no more
  uint32_t next() const { return next_; }

 private:
  uint32_t next_ = 0;
};

struct BuilderOptions {
  bool memoize = true;                      // false: every request makes a new node (`--no-memo`)
  size_t node_limit = 20'000'000;           // more nodes than this are the user's error
  std::shared_ptr<IdSource> ids = nullptr;  // of a body: that of the graph around it; null: one of its own
};

class GraphBuilder {
 public:
  explicit GraphBuilder(std::string name = "graph", BuilderOptions options = {});

  // A new input; every call makes another one, equal names included (the caller keeps names unique).
  Value input(std::string name, InputKind kind, Type type);
  // The node of an op, made unless it exists already; returns its first result. Throws ShapeError if the op
  // does not accept these operands and attributes.
  Value add(const Op& op, std::vector<Value> operands, Attributes attributes = {},
            std::shared_ptr<const Graph> body = nullptr);
  Value add(OpId op, std::vector<Value> operands, Attributes attributes = {},
            std::shared_ptr<const Graph> body = nullptr);
  // The same with result types that are given, not inferred: they may say other layouts than the default.
  // Throws ShapeError if they differ from the inferred ones otherwise.
  Value add_typed(const Op& op, std::vector<Value> operands, Attributes attributes, std::vector<Type> types,
                  std::shared_ptr<const Graph> body = nullptr);

  // The node again, on other operands: what it computes and how its results lie in memory.
  Value again(const Node& node, std::vector<Value> operands);
  Value again(const Node& node, std::vector<Value> operands, Attributes attributes,
              std::shared_ptr<const Graph> body);

  const Node& node(Value value) const { return graph_.nodes_[value.node]; }
  const Node& node(uint32_t index) const { return graph_.nodes_[index]; }
  const Type& type(Value value) const { return graph_.type(value); }
  const Shape& shape(Value value) const { return graph_.type(value).shape; }
  const Origins& origins(Value value) const { return graph_.origins_[value.node]; }
  size_t size() const { return graph_.size(); }
  uint64_t memo_hits() const { return memo_hits_; }
  const Graph& graph() const { return graph_; }  // as built so far

  // Origins given to the nodes made (or found) from now on. See OriginScope.
  const Origins& current_origins() const { return current_origins_; }
  void set_origins(Origins origins) { current_origins_ = std::move(origins); }
  // Whether the nodes made from now on are asked for by a derivative. See DerivativeScope.
  bool derivative() const { return derivative_; }
  void set_derivative(bool derivative) { derivative_ = derivative; }
  // The stable id for the next new node; used once. Passes call it to keep names across graphs.
  void prefer_id(uint32_t id) { preferred_id_ = id; }
  // Ids below this are never given to new nodes (passes: next_id of the old graph).
  void reserve_ids(uint32_t first_free) { options_.ids->reserve(first_free); }
  const std::shared_ptr<IdSource>& ids() const { return options_.ids; }

  void add_result(std::string name, Value value);
  void add_update(uint32_t input, Value value);
  void set_status(Value value);
  void set_header(Attributes header) { graph_.header_ = std::move(header); }
  void set_name(std::string name) { graph_.name_ = std::move(name); }

  Graph finish() &&;

 private:
  struct Key;
  size_t hash_of(const Node& node) const;
  Value append(Node node);
  std::vector<Type> infer(const Op& op, const std::vector<Value>& operands, const Attributes& attributes,
                          const Graph* body) const;
  Value find_or_append(Node node);
  std::shared_ptr<const Graph> shared_body(std::shared_ptr<const Graph> body);

  Graph graph_;
  BuilderOptions options_;
  std::unordered_multimap<size_t, uint32_t> memo_;
  std::unordered_multimap<size_t, std::shared_ptr<const Graph>> called_;  // bodies of calls
  Origins current_origins_;
  bool derivative_ = false;
  uint32_t preferred_id_ = Origin::no_value;
  uint64_t memo_hits_ = 0;
};

// Sets the builder's origins for the life of the scope.
class OriginScope {
 public:
  OriginScope(GraphBuilder& builder, Origins origins) : builder_(builder), saved_(builder.current_origins()) {
    builder_.set_origins(std::move(origins));
  }
  ~OriginScope() { builder_.set_origins(std::move(saved_)); }
  OriginScope(const OriginScope&) = delete;
  OriginScope& operator=(const OriginScope&) = delete;

 private:
  GraphBuilder& builder_;
  Origins saved_;
};

// What is made in the life of the scope is a derivative's.
class DerivativeScope {
 public:
  explicit DerivativeScope(GraphBuilder& builder) : builder_(builder), saved_(builder.derivative()) {
    builder_.set_derivative(true);
  }
  ~DerivativeScope() { builder_.set_derivative(saved_); }
  DerivativeScope(const DerivativeScope&) = delete;
  DerivativeScope& operator=(const DerivativeScope&) = delete;

 private:
  GraphBuilder& builder_;
  bool saved_;
};

// Rebuilds a graph node by node, in order; the base of every pass.
//
//   Rewriter rewriter(old, "simplify");
//   for (uint32_t i : rewriter.live()) rewriter.keep(i)  or  rewriter.replace(i, {values…});
//   return std::move(rewriter).finish();
//
// Kept nodes keep stable ids and origins. New nodes made through `builder()` between two calls get the origin
// `@pass(name, of %id)` of the node set by `at(i)`, after a copy of its own origins; they are a derivative's
// if that node is.
class Rewriter {
 public:
  Rewriter(const Graph& old, std::string pass, BuilderOptions options = {});

  GraphBuilder& builder() { return builder_; }
  const Graph& old() const { return old_; }
  // All nodes that something needs, in order; inputs are live always.
  const std::vector<uint32_t>& live() const { return live_; }

  void at(uint32_t index);  // new nodes come from this one
  void keep(uint32_t index);
  void keep_with(uint32_t index, Attributes attributes);
  void keep_body(uint32_t index, std::shared_ptr<const Graph> body);
  void keep_as(uint32_t index, Attributes attributes, std::shared_ptr<const Graph> body);
  // What `rewrite` makes of a body, once of each: nodes that share one go on to.
  template <class Rewrite>
  std::shared_ptr<const Graph> rewritten(const std::shared_ptr<const Graph>& body, Rewrite rewrite) {
    auto& [old, made] = bodies_[body.get()];
    if (!made) {
      old = body;
      made = std::make_shared<const Graph>(rewrite(*body));
    }
    return made;
  }
  // On other operands, values of the new graph; not for inputs.
  void keep_on(uint32_t index, std::vector<Value> operands, std::shared_ptr<const Graph> body);
  // A value that has a layout keeps it: what takes its place is laid out the same way.
  void replace(uint32_t index, std::vector<Value> values);
  bool mapped(Value old_value) const;
  Value map(Value old_value) const;
  std::vector<Value> map(const std::vector<Value>& old_values) const;

  // Maps results, updates and status, copies name and header.
  Graph finish() &&;
  // The same with these results, of the new graph.
  Graph finish(const std::vector<NamedValue>& results) &&;

 private:
  void keep_again(uint32_t index, std::vector<Value> operands, Attributes attributes,
                  std::shared_ptr<const Graph> body);

  const Graph& old_;
  std::string pass_;
  GraphBuilder builder_;
  std::vector<uint32_t> live_;
  std::vector<std::vector<Value>> mapped_;
  // By where an old one lies, which is its as long as it is held: the old one and the new one.
  std::unordered_map<const Graph*, std::pair<std::shared_ptr<const Graph>, std::shared_ptr<const Graph>>>
      bodies_;
};

}  // namespace gradus
