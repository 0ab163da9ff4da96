#include "ir/loop/interpret.h"

#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <unordered_map>

#include "ir/error.h"
#include "ir/evaluate/scalar.h"

namespace gradus::loop {

namespace {

using Scalar = evaluate::Scalar<double>;

template <class T>
T load_bytes(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

template <class T>
void store_bytes(std::byte* to, T value) {
  std::memcpy(to, &value, sizeof value);
}

Scalar load(ElementType type, const std::byte* from) {
  switch (type) {
    case ElementType::f32:
      return {static_cast<double>(load_bytes<float>(from)), 0};
    case ElementType::f64:
      return {load_bytes<double>(from), 0};
    case ElementType::i64:
      return {0, load_bytes<int64_t>(from)};
    case ElementType::i32:
      return {0, load_bytes<int32_t>(from)};
    case ElementType::i8:
      return {0, load_bytes<int8_t>(from)};
    case ElementType::u8:
    case ElementType::boolean:
      return {0, load_bytes<uint8_t>(from)};
    case ElementType::bf16:
    case ElementType::f16:
      break;
  }
  fail_internal(fmt::format("the loop interpreter has no {}", name(type)));
}

void store(ElementType type, std::byte* to, const Scalar& value) {
  switch (type) {
    case ElementType::f32:
      return store_bytes(to, static_cast<float>(value.number));
    case ElementType::f64:
      return store_bytes(to, value.number);
    case ElementType::i64:
      return store_bytes(to, value.integer);
    case ElementType::i32:
      return store_bytes(to, static_cast<int32_t>(value.integer));
    case ElementType::i8:
      return store_bytes(to, static_cast<int8_t>(value.integer));
    case ElementType::u8:
      return store_bytes(to, static_cast<uint8_t>(value.integer));
    case ElementType::boolean:
      return store_bytes(to, static_cast<uint8_t>(value.integer != 0));
    case ElementType::bf16:
    case ElementType::f16:
      break;
  }
  fail_internal(fmt::format("the loop interpreter has no {}", name(type)));
}

// A buffer as a function sees it: where its first element lies in someone's bytes.
struct Place {
  std::vector<std::byte>* bytes = nullptr;
  int64_t begin = 0;  // bytes
};

struct Frame {
  const Function& function;
  std::vector<Place> places;
  std::vector<std::vector<std::byte>> locals;
  std::vector<Scalar> variables;
  Place workspace;

  explicit Frame(const Function& f)
      : function(f), places(f.buffers.size()), locals(f.buffers.size()), variables(f.variables.size()) {}
};

// An expression as steps, parts that are shared once.
struct Step {
  const ExpressionNode* node;
  std::vector<size_t> operands;
};

class Interpreter {
 public:
  Interpreter(const Program& program, InterpretOptions options) : program_(program), options_(options) {}

  void run(std::span<Array> arguments) {
    const Function& main = program_.main;
    if (arguments.size() != static_cast<size_t>(main.buffer_parameters))
      fail_internal(fmt::format("main takes {} arrays, found {}", main.buffer_parameters, arguments.size()));
    std::vector<std::byte> workspace(static_cast<size_t>(program_.workspace_bytes()), std::byte{0xff});
    Frame frame(main);
    for (size_t b = 0; b < main.buffers.size(); ++b) {
      if (b < arguments.size()) {
        if (arguments[b].type.element != main.buffers[b].element ||
            element_count(arguments[b].type.shape) != element_count(main.buffers[b].shape))
          fail_internal(fmt::format("argument %{} has the type {}", main.buffers[b].name,
                                    to_string(arguments[b].type)));
        frame.places[b] = {&arguments[b].bytes, 0};
      }
    }
    enter(frame, {&workspace, 0});
    run(main.body, frame);
  }

 private:
  // Places what a function brings along.
  static void enter(Frame& frame, const Place& workspace) {
    frame.workspace = workspace;
    for (size_t b = 0; b < frame.places.size(); ++b) {
      const Buffer& buffer = frame.function.buffers[b];
      if (buffer.role == BufferRole::workspace) {
        frame.places[b] = {workspace.bytes, workspace.begin + buffer.offset};
      } else if (buffer.role == BufferRole::constant) {
        fill(buffer, frame.locals[b]);
        frame.places[b] = {&frame.locals[b], 0};
      }
    }
  }

  static void fill(const Buffer& constant, std::vector<std::byte>& bytes) {
    const int64_t size = size_in_bytes(constant.element);
    bytes.resize(static_cast<size_t>(element_count(constant.shape) * size));
    const auto* numbers = std::get_if<std::vector<double>>(constant.values.get());
    for (int64_t i = 0; i < element_count(constant.shape); ++i) {
      Scalar scalar;
      if (numbers)
        scalar.number = (*numbers)[static_cast<size_t>(i)];
      else
        scalar.integer = std::get<std::vector<int64_t>>(*constant.values)[static_cast<size_t>(i)];
      store(constant.element, bytes.data() + i * size, scalar);
    }
  }

  // False after a `return`.
  bool run(const Block& block, Frame& frame) {
    for (const Statement& statement : block)
      if (!std::visit([&](const auto& s) { return run_one(s, frame); }, statement.value)) return false;
    return true;
  }

  bool run_one(const For& loop, Frame& frame) {
    const int64_t lower = integer(loop.lower, frame), upper = integer(loop.upper, frame);
    const int64_t count = upper <= lower ? 0 : (upper - lower + loop.step - 1) / loop.step;
    const bool backwards =
        options_.backwards && (loop.kind == LoopKind::parallel || loop.kind == LoopKind::vectorized);
    for (int64_t i = 0; i < count; ++i) {
      variable(frame, loop.variable).integer = lower + (backwards ? count - 1 - i : i) * loop.step;
      if (!run(loop.body, frame)) return false;
    }
    return true;
  }

  bool run_one(const Let& let, Frame& frame) {
    variable(frame, let.variable) = value(let.value, frame);
    return true;
  }

  bool run_one(const Store& statement, Frame& frame) {
    const Scalar stored = value(statement.value, frame);
    if (const BufferRole role = buffer(frame, statement.buffer).role;
        role == BufferRole::read || role == BufferRole::constant)
      fail(frame, statement.buffer, "is only read");
    store(buffer(frame, statement.buffer).element,
          address(frame, statement.buffer, indices(statement.indices, frame)), stored);
    return true;
  }

  bool run_one(const Declare& declare, Frame& frame) {
    const Buffer& local = buffer(frame, declare.buffer);
    const int64_t element = size_in_bytes(local.element);
    const int64_t count = element_count(local.shape);
    auto& bytes = frame.locals[static_cast<size_t>(declare.buffer)];
    bytes.assign(static_cast<size_t>(count * element), std::byte{0xff});
    if (declare.initial) {
      const Scalar initial = value(declare.initial, frame);
      for (int64_t i = 0; i < count; ++i) store(local.element, bytes.data() + i * element, initial);
    }
    frame.places[static_cast<size_t>(declare.buffer)] = {&bytes, 0};
    return true;
  }

  bool run_one(const If& branch, Frame& frame) {
    return run(integer(branch.condition, frame) ? branch.then_block : branch.else_block, frame);
  }

  bool run_one(const Call& call, Frame& frame) {
    const Function* callee = nullptr;
    for (const Function& function : program_.functions)
      if (function.name == call.function) callee = &function;
    if (!callee) fail_internal(fmt::format("there is no function @{}", call.function));
    if (callee == &frame.function) fail_internal(fmt::format("@{} calls itself", call.function));
    if (call.buffers.size() != static_cast<size_t>(callee->buffer_parameters) ||
        call.scalars.size() != static_cast<size_t>(callee->scalar_parameters))
      fail_internal(fmt::format("the call of @{} does not fit it", call.function));
    Frame inner(*callee);
    for (size_t b = 0; b < call.buffers.size(); ++b) inner.places[b] = view(call.buffers[b], frame);
    for (size_t v = 0; v < call.scalars.size(); ++v)
      inner.variables[v].integer = integer(call.scalars[v], frame);
    if (callee->workspace_bytes > 0 && !call.workspace)
      fail_internal(fmt::format("the call of @{} gives it no workspace", call.function));
    enter(inner, {frame.workspace.bytes, frame.workspace.begin + call.workspace.value_or(0)});
    run(callee->body, inner);
    return true;
  }

  bool run_one(const Prefetch&, Frame&) { return true; }
  bool run_one(const Return&, Frame&) { return false; }

  // A view may begin anywhere; only what the callee touches must exist.
  Place view(const View& view, Frame& frame) {
    const Buffer& b = buffer(frame, view.buffer);
    Place place = frame.places[static_cast<size_t>(view.buffer)];
    if (!place.bytes) fail(frame, view.buffer, "is not there yet");
    const std::vector<int64_t> at = indices(view.indices, frame);
    if (at.size() != b.shape.size()) fail(frame, view.buffer, "has another number of axes");
    for (size_t axis = 0; axis < at.size(); ++axis)
      place.begin += at[axis] * b.strides[axis] * size_in_bytes(b.element);
    return place;
  }

  std::byte* address(Frame& frame, int64_t id, const std::vector<int64_t>& at) {
    const Buffer& b = buffer(frame, id);
    const Place& place = frame.places[static_cast<size_t>(id)];
    if (!place.bytes) fail(frame, id, "is not there yet");
    if (at.size() != b.shape.size()) fail(frame, id, "has another number of axes");
    int64_t offset = place.begin;
    for (size_t axis = 0; axis < at.size(); ++axis) {
      if (at[axis] < 0 || at[axis] >= b.shape[axis])
        fail(frame, id,
             fmt::format("has the shape {}, but element {} is used", to_string(b.shape), to_string(at)));
      offset += at[axis] * b.strides[axis] * size_in_bytes(b.element);
    }
    if (offset < 0 || offset + size_in_bytes(b.element) > static_cast<int64_t>(place.bytes->size()))
      fail(frame, id, fmt::format("reaches beyond its memory at element {}", to_string(at)));
    return place.bytes->data() + offset;
  }

  const Buffer& buffer(const Frame& frame, int64_t id) const {
    if (id < 0 || static_cast<size_t>(id) >= frame.function.buffers.size())
      fail_internal(fmt::format("in @{}: there is no buffer {}", frame.function.name, id));
    return frame.function.buffers[static_cast<size_t>(id)];
  }

  Scalar& variable(Frame& frame, int64_t id) const {
    if (id < 0 || static_cast<size_t>(id) >= frame.variables.size())
      fail_internal(fmt::format("in @{}: there is no variable {}", frame.function.name, id));
    return frame.variables[static_cast<size_t>(id)];
  }

  [[noreturn]] void fail(const Frame& frame, int64_t id, const std::string& message) const {
    fail_internal(fmt::format("in @{}: buffer %{} {}", frame.function.name, buffer(frame, id).name, message));
  }

  std::vector<int64_t> indices(const std::vector<Expression>& expressions, Frame& frame) {
    std::vector<int64_t> result;
    for (const Expression& expression : expressions) result.push_back(integer(expression, frame));
    return result;
  }

  int64_t integer(const Expression& expression, Frame& frame) { return value(expression, frame).integer; }

  Scalar value(const Expression& expression, Frame& frame) {
    const std::vector<Step>& steps = steps_of(expression);
    std::vector<Scalar> values(steps.size());
    std::vector<const Scalar*> operands;
    for (size_t i = 0; i < steps.size(); ++i) {
      operands.clear();
      for (size_t operand : steps[i].operands) operands.push_back(&values[operand]);
      values[i] = apply(*steps[i].node, operands, frame);
    }
    return values.back();
  }

  Scalar apply(const ExpressionNode& node, const std::vector<const Scalar*>& operands, Frame& frame) {
    if (node.op == ScalarOp::index) return variable(frame, node.integer);
    if (node.op == ScalarOp::load) {
      std::vector<int64_t> at;
      for (const Scalar* operand : operands) at.push_back(operand->integer);
      return gradus::loop::load(node.type, address(frame, node.integer, at));
    }
    // Rounding a double's fused multiply-add to float would round twice; the other operations are exact
    // enough in double for one rounding to float to give the IEEE result.
    if (node.op == ScalarOp::multiply_add && node.type == ElementType::f32)
      return {static_cast<double>(std::fma(static_cast<float>(operands[0]->number),
                                           static_cast<float>(operands[1]->number),
                                           static_cast<float>(operands[2]->number))),
              0};
    Scalar result = evaluate::apply(node, operands.data());
    if (node.type == ElementType::f32) result.number = static_cast<double>(static_cast<float>(result.number));
    return result;
  }

  const std::vector<Step>& steps_of(const Expression& root) {
    if (!root) fail_internal("an expression is missing");
    const auto [it, made] = steps_.try_emplace(root.get());
    if (!made) return it->second;
    std::vector<Step>& steps = it->second;
    std::unordered_map<const ExpressionNode*, size_t> position;
    const auto visit = [&](const auto& self, const ExpressionNode* node) -> size_t {
      if (const auto known = position.find(node); known != position.end()) return known->second;
      Step step{node, {}};
      for (const Expression& operand : node->operands) step.operands.push_back(self(self, operand.get()));
      steps.push_back(std::move(step));
      return position[node] = steps.size() - 1;
    };
    visit(visit, root.get());
    return steps;
  }

  const Program& program_;
  InterpretOptions options_;
  std::unordered_map<const ExpressionNode*, std::vector<Step>> steps_;
};

}  // namespace

Array::Array(Type t) : type(std::move(t)), bytes(static_cast<size_t>(size_in_bytes(type)), std::byte{0xff}) {}

Array Array::of_numbers(Type type, std::span<const double> values) {
  Array array(std::move(type));
  const ElementType element = array.type.element;
  for (size_t i = 0; i < values.size(); ++i)
    store(element, array.bytes.data() + static_cast<int64_t>(i) * size_in_bytes(element),
          {values[i], is_float(element) ? 0 : static_cast<int64_t>(values[i])});
  return array;
}

Array Array::of_integers(Type type, std::span<const int64_t> values) {
  Array array(std::move(type));
  for (size_t i = 0; i < values.size(); ++i)
    store(array.type.element,
          array.bytes.data() + static_cast<int64_t>(i) * size_in_bytes(array.type.element),
          {static_cast<double>(values[i]), values[i]});
  return array;
}

std::vector<double> Array::numbers() const {
  std::vector<double> result;
  const int64_t element = size_in_bytes(type.element);
  for (int64_t i = 0; i < element_count(type.shape); ++i) {
    const Scalar value = load(type.element, bytes.data() + i * element);
    result.push_back(is_float(type.element) ? value.number : static_cast<double>(value.integer));
  }
  return result;
}

std::vector<int64_t> Array::integers() const {
  std::vector<int64_t> result;
  const int64_t element = size_in_bytes(type.element);
  for (int64_t i = 0; i < element_count(type.shape); ++i)
    result.push_back(load(type.element, bytes.data() + i * element).integer);
  return result;
}

void interpret(const Program& program, std::span<Array> arguments, InterpretOptions options) {
  Interpreter(program, options).run(arguments);
}

}  // namespace gradus::loop
