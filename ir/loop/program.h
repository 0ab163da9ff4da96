// Loop IR: loop nests over buffers, with every scheduling decision made. The last level that a person can
// read as mathematics, and the only input of the LLVM emitter.
//
// Meaning: statements run in order. `parallel`, `vectorized` and `unrolled` change how a loop is emitted,
// never what it computes; the verifier (ir/loop/verify.h) rejects loops whose iterations depend on each other
// in a way that would make them differ.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "ir/argument.h"
#include "ir/attribute.h"
#include "ir/error.h"
#include "ir/graph.h"
#include "ir/loop/expression.h"
#include "ir/type.h"

namespace gradus::loop {

// Where something stands in the text that it was read from; line 0 if it was made otherwise.
struct TextSpan {
  uint32_t line = 0;
  uint32_t column = 0;
  uint32_t end_column = 0;
};

enum class BufferRole : uint8_t {
  read,    // parameter that the function only reads
  write,   // parameter that it writes (it may read back what it wrote)
  update,  // parameter that it reads and writes
  local,  // declared in the body: registers if all indices are constant after unrolling (or constant plus the
          // innermost vectorized variable on the last axis), else stack memory
  workspace,  // a piece of the function's workspace, from byte `offset` on
  constant,   // `values`, which are part of the program and only read
};

struct Buffer {
  std::string name;
  BufferRole role = BufferRole::read;
  ElementType element = ElementType::f32;
  Shape shape;
  std::vector<int64_t> strides;  // in elements; parameters may have any, the rest are row-major
  int64_t offset = 0;            // workspace only
  // constant only: the elements in row-major order, doubles of floats, integers of everything else
  std::shared_ptr<const AttributeValue> values = nullptr;
  TextSpan span = {};
};

enum class LoopKind : uint8_t { serial, parallel, vectorized, unrolled };

struct Statement;
using Block = std::vector<Statement>;

// for %name in lower..upper (by step): the bounds may depend on outer variables (min, max, +, *, /).
// vectorized and unrolled loops: a vectorized loop has constant bounds and step 1; an unrolled one constant
// bounds. parallel: outermost in a function that no parallel loop calls, with at least `grain` iterations a
// task.
struct For {
  int64_t variable = 0;  // id: position in Function::variables
  Expression lower;
  Expression upper;
  int64_t step = 1;
  LoopKind kind = LoopKind::serial;
  int64_t grain = 1;
  Block body;
};

// A named value, computed once; inside a vectorized loop it is one value per lane.
struct Let {
  int64_t variable = 0;
  Expression value;
};

struct Store {
  int64_t buffer = 0;
  std::vector<Expression> indices;
  Expression value;
};

// Brings a local buffer into being, every element = `initial` (null: undefined). Inside a vectorized loop it
// is private to the lane.
struct Declare {
  int64_t buffer = 0;
  Expression initial;
};

struct If {
  Expression condition;  // the same for all lanes
  Block then_block;
  Block else_block;
};

// Calls a function with views that begin at the given elements (the callee's shape and strides apply from
// there on), then with i64 scalars. Inside main, `function` may name any function; elsewhere, any listed
// earlier. A function that works in a workspace gets that part of the caller's which begins at byte
// `workspace`.
struct View {
  int64_t buffer = 0;
  std::vector<Expression> indices;
};
struct Call {
  std::string function;
  std::vector<View> buffers;
  std::vector<Expression> scalars;
  std::optional<int64_t> workspace = std::nullopt;
};

// A hint that the cache line of this element is wanted soon.
struct Prefetch {
  View element;
};

// Leaves the function; only in `main` (after a failed check).
struct Return {};

struct Statement {
  std::variant<For, Let, Store, Declare, If, Call, Prefetch, Return> value;
  TextSpan span = {};
  // Of the node that it computes; null: those of the function.
  std::shared_ptr<const Origins> origins = nullptr;
};

struct Function {
  std::string name;
  std::vector<Buffer> buffers;  // the first `buffer_parameters` are parameters; id = position
  int64_t buffer_parameters = 0;
  std::vector<std::string> variables;  // the first `scalar_parameters` are i64 parameters; id = position
  int64_t scalar_parameters = 0;
  int64_t workspace_bytes = 0;  // that it works in, with all that it calls; 0: it takes none
  Block body;
  Origins origins;  // main: empty; what is called from several places: those of the first
  TextSpan span = {};
};

// How main's buffer parameters are bound by the caller, in order: data inputs, parameters, state, seed
// (i64[]), step (i64[]), results, status (i64[2]).
struct Argument : gradus::Argument {
  TextSpan span = {};
};

struct Program {
  std::string name;
  std::string file = {};  // the text that it was read from, if it was
  Attributes header;
  std::vector<Argument> arguments;  // one per buffer parameter of main
  std::vector<Function> functions;  // callees before callers
  Function main;

  int64_t workspace_bytes() const { return main.workspace_bytes; }
};

inline SourceSpan span_of(const Program& program, const TextSpan& span) {
  return {program.file, span.line, span.column, span.end_column};
}

}  // namespace gradus::loop
