#include "codegen/lower/function_builder.h"

#include <fmt/format.h>

#include <algorithm>

#include "ir/error.h"

namespace gradus::lowering {

using loop::Expression;
using loop::ScalarOp;

Expression integer(int64_t value) { return loop::constant_integer(ElementType::i64, value); }

Expression both(Expression a, Expression b) {
  if (!a) return b;
  if (!b) return a;
  return loop::make(ScalarOp::logical_and, {std::move(a), std::move(b)});
}

Expression choose(Expression condition, Expression a, Expression b) {
  return loop::make(ScalarOp::select, {std::move(condition), std::move(a), std::move(b)});
}

Expression fused(Expression a, Expression b, Expression c) {
  return loop::make(ScalarOp::multiply_add, {std::move(a), std::move(b), std::move(c)});
}

Expression minimum(Expression a, Expression b) {
  return loop::make(ScalarOp::minimum, {std::move(a), std::move(b)});
}

Expression maximum(Expression a, Expression b) {
  return loop::make(ScalarOp::maximum, {std::move(a), std::move(b)});
}

std::string FunctionBuilder::unique(const std::string& name) {
  const int count = names_[name]++;
  return count == 0 ? name : fmt::format("{}.{}", name, count);
}

int64_t FunctionBuilder::buffer(loop::Buffer buffer) {
  buffer.name = unique(buffer.name);
  if (buffer.strides.empty()) buffer.strides = row_major_strides(buffer.shape);
  function_.buffers.push_back(std::move(buffer));
  return static_cast<int64_t>(function_.buffers.size()) - 1;
}

int64_t FunctionBuilder::parameter(std::string name, loop::BufferRole role, ElementType element,
                                   Shape shape) {
  if (function_.buffer_parameters != static_cast<int64_t>(function_.buffers.size()))
    fail_internal("lowering: parameter after a local buffer");
  ++function_.buffer_parameters;
  return buffer({std::move(name), role, element, std::move(shape), {}, 0});
}

Expression FunctionBuilder::scalar_parameter(std::string name) {
  if (function_.scalar_parameters != static_cast<int64_t>(function_.variables.size()))
    fail_internal("lowering: scalar parameter after a variable");
  function_.variables.push_back(unique(name));
  loop::ExpressionNode node;
  node.op = ScalarOp::index;
  node.type = ElementType::i64;
  node.integer = function_.scalar_parameters++;
  return std::make_shared<const loop::ExpressionNode>(std::move(node));
}

int64_t FunctionBuilder::local(const std::string& name, ElementType element, Shape shape,
                               Expression initial) {
  const int64_t id = buffer({name, loop::BufferRole::local, element, std::move(shape), {}, 0});
  add({loop::Declare{id, std::move(initial)}});
  return id;
}

// An empty buffer is read where its element is not wanted only, in a branch of a select: 0 stands for it.
Expression FunctionBuilder::load(int64_t buffer, std::vector<Expression> indices) const {
  const Shape& shape = function_.buffers[static_cast<size_t>(buffer)].shape;
  if (std::find(shape.begin(), shape.end(), 0) != shape.end())
    return loop::constant_integer(element(buffer), 0);
  loop::ExpressionNode node;
  node.op = ScalarOp::load;
  node.type = element(buffer);
  node.integer = buffer;
  node.operands = std::move(indices);
  return std::make_shared<const loop::ExpressionNode>(std::move(node));
}

void FunctionBuilder::store(int64_t buffer, std::vector<Expression> indices, Expression value) {
  add({loop::Store{buffer, std::move(indices), std::move(value)}});
}

Expression FunctionBuilder::let(const std::string& name, Expression value, int level) {
  loop::ExpressionNode node;
  node.op = ScalarOp::index;
  node.type = value->type;
  node.integer = static_cast<int64_t>(function_.variables.size());
  function_.variables.push_back(unique(name));
  add_to(scopes_[static_cast<size_t>(level)], {loop::Let{node.integer, std::move(value)}});
  return std::make_shared<const loop::ExpressionNode>(std::move(node));
}

Expression FunctionBuilder::open(const std::string& name, Expression lower, Expression upper,
                                 loop::LoopKind kind, int64_t grain, int64_t step) {
  Scope scope;
  scope.loop.variable = static_cast<int64_t>(function_.variables.size());
  scope.loop.lower = std::move(lower);
  scope.loop.upper = std::move(upper);
  scope.loop.step = step;
  scope.loop.kind = kind;
  scope.loop.grain = grain;
  function_.variables.push_back(unique(name));
  loop::ExpressionNode node;
  node.op = ScalarOp::index;
  node.type = ElementType::i64;
  node.integer = scope.loop.variable;
  push(std::move(scope));
  return std::make_shared<const loop::ExpressionNode>(std::move(node));
}

Expression FunctionBuilder::open(const std::string& name, int64_t lower, int64_t upper, loop::LoopKind kind,
                                 int64_t grain, int64_t step) {
  return open(name, integer(lower), integer(upper), kind, grain, step);
}

Index FunctionBuilder::open_axis(const std::string& name, int64_t extent, loop::LoopKind kind,
                                 int64_t grain) {
  const Index axis = space.axis(extent);
  const Expression variable = open(name, 0, extent, kind, grain);
  space.bind({axis.terms[0].first}, variable, level());
  return axis;
}

void FunctionBuilder::open_if(Expression condition) {
  Scope scope;
  scope.condition = std::move(condition);
  push(std::move(scope));
}

void FunctionBuilder::open_else() {
  Scope scope = std::move(scopes_.back());
  scopes_.pop_back();
  scope.then_block = std::move(scope.block);
  scope.block = {};
  scope.in_else = true;
  push(std::move(scope));
}

void FunctionBuilder::close() {
  Scope scope = std::move(scopes_.back());
  scopes_.pop_back();
  loop::Statement statement;
  if (scope.condition) {
    loop::Block& then_block = scope.in_else ? scope.then_block : scope.block;
    loop::Block else_block = scope.in_else ? std::move(scope.block) : loop::Block{};
    statement.value = loop::If{std::move(scope.condition), std::move(then_block), std::move(else_block)};
  } else {
    scope.loop.body = std::move(scope.block);
    statement.value = std::move(scope.loop);
  }
  statement.origins = std::move(scope.origins);
  add(std::move(statement));
}

loop::Function FunctionBuilder::finish() && {
  if (scopes_.size() != 1) fail_internal("lowering: a loop was left open");
  function_.body = std::move(scopes_[0].block);
  return std::move(function_);
}

}  // namespace gradus::lowering
