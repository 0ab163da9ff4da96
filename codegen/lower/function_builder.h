// A loop function in the making: buffers, variables, and a stack of open loops.
#pragma once

#include <string>
#include <vector>

#include "codegen/lower/loop_indices.h"
#include "ir/loop/program.h"

namespace gradus::lowering {

class FunctionBuilder {
 public:
  explicit FunctionBuilder(std::string name) {
    function_.name = std::move(name);
    push({});
  }

  LoopIndices space;

  // All parameters come before the first local; scalar parameters before the first variable.
  int64_t parameter(std::string name, loop::BufferRole role, ElementType element, Shape shape);
  int64_t parameter(std::string name, loop::BufferRole role, ElementType element, int64_t count) {
    return parameter(std::move(name), role, element, Shape{count});
  }
  loop::Expression scalar_parameter(std::string name);
  // A buffer without statement: main's arguments and workspace views.
  int64_t buffer(loop::Buffer buffer);
  // Declares a local array in the innermost open scope, all elements = initial (null: undefined).
  int64_t local(const std::string& name, ElementType element, Shape shape,
                loop::Expression initial = nullptr);
  ElementType element(int64_t buffer) const { return function_.buffers[static_cast<size_t>(buffer)].element; }
  const std::vector<loop::Buffer>& buffers() const { return function_.buffers; }

  loop::Expression load(int64_t buffer, std::vector<loop::Expression> indices) const;
  loop::Expression load(int64_t buffer, const Index& index) {
    return load(buffer, std::vector{space.expression(index)});
  }
  void store(int64_t buffer, std::vector<loop::Expression> indices, loop::Expression value);
  void store(int64_t buffer, const Index& index, loop::Expression value) {
    store(buffer, std::vector{space.expression(index)}, std::move(value));
  }
  // Names a value; `level` is the depth of the loop it belongs to (at most the current one).
  loop::Expression let(const std::string& name, loop::Expression value, int level);
  loop::Expression let(const std::string& name, loop::Expression value) {
    return let(name, std::move(value), level());
  }
  void add(loop::Statement statement) { add_to(scopes_.back(), std::move(statement)); }

  // Opens a loop and returns its variable; statements go into it until `close`.
  loop::Expression open(const std::string& name, loop::Expression lower, loop::Expression upper,
                        loop::LoopKind kind = loop::LoopKind::serial, int64_t grain = 1, int64_t step = 1);
  loop::Expression open(const std::string& name, int64_t lower, int64_t upper,
                        loop::LoopKind kind = loop::LoopKind::serial, int64_t grain = 1, int64_t step = 1);
  void close();
  // Opens a loop over a new axis and returns the axis.
  Index open_axis(const std::string& name, int64_t extent, loop::LoopKind kind = loop::LoopKind::serial,
                  int64_t grain = 1);
  // Opens a conditional block; `open_else` ends it and begins the other one.
  void open_if(loop::Expression condition);
  void open_else();

  // The origins of what is being computed; null: of nothing in particular.
  const std::shared_ptr<const Origins>& computing() const { return computing_; }
  // Identifies an open scope for good: never used again once closed.
  int64_t scope_id(int level) const { return scopes_[static_cast<size_t>(level)].id; }
  // Depth of the innermost open loop, 0 outside all.
  int level() const { return static_cast<int>(scopes_.size()) - 1; }

  // Of the function as a whole: of what is being computed.
  void set_origins() {
    if (computing_) function_.origins = *computing_;
  }
  loop::Function finish() &&;

 private:
  friend class Computing;
  struct Scope {
    loop::Block block;
    loop::For loop;
    std::shared_ptr<const Origins> origins;  // of the loop
    loop::Expression condition;              // an `if` instead of a loop
    loop::Block then_block;                  // within its `else`
    bool in_else = false;
    int64_t id = 0;
  };
  void push(Scope scope) {
    scope.id = next_scope_++;
    scope.origins = computing_;
    scopes_.push_back(std::move(scope));
  }
  void add_to(Scope& scope, loop::Statement statement) const {
    if (!statement.origins) statement.origins = computing_;
    scope.block.push_back(std::move(statement));
  }
  std::string unique(const std::string& name);

  loop::Function function_;
  std::vector<Scope> scopes_;
  std::map<std::string, int> names_;
  int64_t next_scope_ = 0;
  std::shared_ptr<const Origins> computing_;
};

// Statements that are added in the life of the scope compute a node of these origins (null: as around it).
class Computing {
 public:
  Computing(FunctionBuilder& function, std::shared_ptr<const Origins> origins)
      : function_(function), around_(function.computing_) {
    if (origins) function.computing_ = std::move(origins);
  }
  ~Computing() { function_.computing_ = std::move(around_); }
  Computing(const Computing&) = delete;
  Computing& operator=(const Computing&) = delete;

 private:
  FunctionBuilder& function_;
  std::shared_ptr<const Origins> around_;
};

loop::Expression integer(int64_t value);
// Shorthand for expressions.
loop::Expression both(loop::Expression a, loop::Expression b);
loop::Expression choose(loop::Expression condition, loop::Expression a, loop::Expression b);
loop::Expression fused(loop::Expression a, loop::Expression b, loop::Expression c);  // a * b + c
loop::Expression minimum(loop::Expression a, loop::Expression b);
loop::Expression maximum(loop::Expression a, loop::Expression b);

}  // namespace gradus::lowering
