// Short ways to write loop IR in tests, and to call what becomes of it.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "codegen/llvm/compile.h"
#include "ir/loop/program.h"

namespace gradus::testing {

using namespace loop;

inline Expression number(int64_t value) { return constant_integer(ElementType::i64, value); }

// Variables and buffers of one function, by order of creation.
class FunctionWriter {
 public:
  explicit FunctionWriter(std::string name) { function.name = std::move(name); }

  int64_t buffer(std::string name, BufferRole role, ElementType element, Shape shape) {
    Buffer made{std::move(name), role, element, shape, row_major_strides(shape), 0};
    function.buffers.push_back(made);
    if (role != BufferRole::local && role != BufferRole::workspace) ++function.buffer_parameters;
    return static_cast<int64_t>(function.buffers.size()) - 1;
  }
  int64_t variable(std::string name) {
    function.variables.push_back(std::move(name));
    return static_cast<int64_t>(function.variables.size()) - 1;
  }
  static Expression use(int64_t variable, ElementType type = ElementType::i64) {
    return std::make_shared<ExpressionNode>(ExpressionNode{ScalarOp::index, type, {}, 0, variable});
  }
  Expression load(int64_t buffer, std::vector<Expression> indices) const {
    return std::make_shared<ExpressionNode>(
        ExpressionNode{ScalarOp::load, function.buffers[static_cast<size_t>(buffer)].element,
                       std::move(indices), 0, buffer});
  }
  static Statement store(int64_t buffer, std::vector<Expression> indices, Expression value) {
    return {Store{buffer, std::move(indices), std::move(value)}};
  }
  static Statement loop(LoopKind kind, int64_t variable, Expression lower, Expression upper, Block body,
                        int64_t step = 1, int64_t grain = 1) {
    return {For{variable, std::move(lower), std::move(upper), step, kind, grain, std::move(body)}};
  }
  static Statement loop(LoopKind kind, int64_t variable, int64_t lower, int64_t upper, Block body) {
    return loop(kind, variable, number(lower), number(upper), std::move(body));
  }

  Function function;
};

// A program whose main has the given buffers; `read` ones are inputs, the others results.
inline Program program_of(Function main, std::vector<Function> functions = {}) {
  Program program;
  program.name = "test";
  for (int64_t i = 0; i < main.buffer_parameters; ++i) {
    const Buffer& buffer = main.buffers[static_cast<size_t>(i)];
    program.arguments.push_back(
        {{buffer.name, buffer.role == BufferRole::read ? ArgumentKind::input : ArgumentKind::result,
          Type(buffer.element, buffer.shape)}});
  }
  for (const Buffer& buffer : main.buffers) {
    if (buffer.role != BufferRole::workspace) continue;
    main.workspace_bytes = std::max(
        main.workspace_bytes, buffer.offset + element_count(buffer.shape) * size_in_bytes(buffer.element));
  }
  program.functions = std::move(functions);
  program.main = std::move(main);
  return program;
}

inline void run(const CompiledProgram& compiled, std::vector<const void*> inputs, std::vector<void*> results,
                void* workspace = nullptr, gradus_parallel_for parallel_for = nullptr, void* pool = nullptr) {
  gradus_call call{};
  call.inputs = inputs.data();
  call.results = results.data();
  call.workspace = workspace;
  call.parallel_for = parallel_for;
  call.pool = pool;
  compiled.entry(&call);
}

// One expression per element: y[i] = value(loads of the inputs at i), in a vectorized loop.
template <class Value>
Program elementwise(std::vector<ElementType> inputs, ElementType result, int64_t count, Value value,
                    LoopKind kind = LoopKind::vectorized) {
  FunctionWriter writer("main");
  std::vector<Expression> loaded;
  const int64_t i = writer.variable("i");
  for (size_t k = 0; k < inputs.size(); ++k) {
    const int64_t id = writer.buffer("x" + std::to_string(k), BufferRole::read, inputs[k], {count});
    loaded.push_back(writer.load(id, {FunctionWriter::use(i)}));
  }
  const int64_t y = writer.buffer("y", BufferRole::write, result, {count});
  writer.function.body.push_back(FunctionWriter::loop(
      kind, i, 0, count, {FunctionWriter::store(y, {FunctionWriter::use(i)}, value(loaded))}));
  return program_of(std::move(writer.function));
}

}  // namespace gradus::testing
