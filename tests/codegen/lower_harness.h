// Lowers, compiles and runs a graph, and compares it with the evaluator.
#pragma once

#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <random>

#include "codegen/llvm/compile.h"
#include "codegen/lower/lower.h"
#include "ir/build.h"
#include "ir/evaluate/evaluate.h"
#include "ir/loop/interpret.h"
#include "ir/loop/text.h"
#include "ir/loop/verify.h"
#include "passes/pass.h"

namespace gradus::testing {

using evaluate::Array;

inline std::vector<std::byte> to_bytes(const Array<double>& array) {
  std::vector<std::byte> bytes(static_cast<size_t>(size_in_bytes(array.type)) + 64);
  const auto put = [&](auto type_tag, size_t i, auto v) {
    const auto value = static_cast<decltype(type_tag)>(v);
    std::memcpy(bytes.data() + i * sizeof value, &value, sizeof value);
  };
  for (size_t i = 0; i < array.size(); ++i) switch (array.type.element) {
      case ElementType::f32:
        put(float{}, i, array.floats[i]);
        break;
      case ElementType::f64:
        put(double{}, i, array.floats[i]);
        break;
      case ElementType::i64:
        put(int64_t{}, i, array.integers[i]);
        break;
      case ElementType::i32:
        put(int32_t{}, i, array.integers[i]);
        break;
      default:
        put(int8_t{}, i, array.integers[i]);
    }
  return bytes;
}

inline Array<double> from_bytes(const Type& type, const std::byte* bytes) {
  Array<double> array(type);
  const auto get = [&](auto value, size_t i) {
    std::memcpy(&value, bytes + i * sizeof value, sizeof value);
    return value;
  };
  for (size_t i = 0; i < array.size(); ++i) switch (type.element) {
      case ElementType::f32:
        array.floats[i] = static_cast<double>(get(float{}, i));
        break;
      case ElementType::f64:
        array.floats[i] = get(double{}, i);
        break;
      case ElementType::i64:
        array.integers[i] = get(int64_t{}, i);
        break;
      case ElementType::i32:
        array.integers[i] = get(int32_t{}, i);
        break;
      case ElementType::u8:
        array.integers[i] = get(uint8_t{}, i);
        break;
      default:
        array.integers[i] = get(int8_t{}, i);
    }
  return array;
}

inline std::vector<Array<double>> random_inputs(const Graph& graph, double low = -2, double high = 2,
                                                int64_t below = 4, unsigned seed = 1) {
  std::mt19937 engine(seed);
  std::uniform_real_distribution<double> real(low, high);
  std::vector<Array<double>> inputs;
  for (const Input& input : graph.inputs()) {
    Array<double> array(graph.type(input.value));
    const bool truth = array.type.element == ElementType::boolean;
    std::uniform_int_distribution<int64_t> whole(0, truth ? 1 : below - 1);
    for (double& v : array.floats)
      v = array.type.element == ElementType::f32 ? static_cast<double>(static_cast<float>(real(engine)))
                                                 : real(engine);
    for (int64_t& v : array.integers) v = whole(engine);
    inputs.push_back(std::move(array));
  }
  return inputs;
}

struct Outcome {
  std::vector<Array<double>> results;
  std::vector<Array<double>> updates;
  gradus_status status{};
};

// Parts from the last to the first, as threads might run them.
inline void run_backwards(void*, int64_t count, int64_t, gradus_task body, void* closure) {
  const int64_t part = count / 3 + 1;
  for (int64_t begin = (count - 1) / part * part; begin >= 0; begin -= part)
    body(closure, begin, std::min(count, begin + part));
}

enum class Scheduled { plainly, for_target };

// The graph with a kernel for each node, as the pass schedules them, or with nothing decided and no threads.
inline Outcome execute(const Graph& graph, const std::vector<Array<double>>& inputs, const Target& target,
                       Scheduled how = Scheduled::for_target) {
  PassContext context;
  context.target = target;
  const loop::Program program =
      lower(how == Scheduled::for_target ? schedule(graph, context) : graph, target);
  loop::verify_or_fail(program, "lowering");
  const CompiledProgram compiled = compile(program, target, {1, true});
  std::vector<std::vector<std::byte>> memory;
  const auto aligned = [&](std::vector<std::byte> bytes) {
    auto block = std::vector<std::byte>(bytes.size() + 128, std::byte{0x5a});
    const size_t shift = (64 - reinterpret_cast<uintptr_t>(block.data()) % 64) % 64;
    std::copy(bytes.begin(), bytes.end(), block.begin() + static_cast<std::ptrdiff_t>(shift));
    memory.push_back(std::move(block));
    return static_cast<void*>(memory.back().data() + shift);
  };
  gradus_call call{};
  std::vector<const void*> data;
  std::vector<void*> state, results;
  std::vector<void*> of_input(graph.inputs().size());
  for (InputKind kind : {InputKind::data, InputKind::parameter, InputKind::state})
    for (size_t i = 0; i < graph.inputs().size(); ++i) {
      InputKind own = graph.inputs()[i].kind;
      if (own == InputKind::variable) own = InputKind::data;
      if (own != kind) continue;
      of_input[i] = aligned(to_bytes(inputs[i]));
      if (kind == InputKind::data)
        data.push_back(of_input[i]);
      else
        state.push_back(of_input[i]);
    }
  for (size_t i = 0; i < graph.inputs().size(); ++i) {
    if (graph.inputs()[i].kind == InputKind::seed) call.seed = inputs[i].integers[0];
    if (graph.inputs()[i].kind == InputKind::step) call.step = inputs[i].integers[0];
  }
  for (const NamedValue& result : graph.results())
    results.push_back(
        aligned(std::vector<std::byte>(static_cast<size_t>(size_in_bytes(graph.type(result.value))))));
  call.inputs = data.data();
  call.parameters = state.data();
  call.results = results.data();
  // Garbage, so that a read of what was never written shows.
  call.workspace =
      aligned(std::vector<std::byte>(static_cast<size_t>(program.workspace_bytes()), std::byte{0x7f}));
  if (how == Scheduled::for_target) call.parallel_for = run_backwards;
  compiled.entry(&call);
  Outcome outcome;
  outcome.status = call.status;
  for (size_t r = 0; r < results.size(); ++r)
    outcome.results.push_back(
        from_bytes(graph.type(graph.results()[r].value), static_cast<std::byte*>(results[r])));
  for (const Update& update : graph.updates())
    outcome.updates.push_back(
        from_bytes(graph.type(update.value), static_cast<std::byte*>(of_input[update.input])));
  return outcome;
}

inline void compare(const Array<double>& found, const Array<double>& expected, double tolerance) {
  REQUIRE(found.size() == expected.size());
  for (size_t i = 0; i < expected.integers.size(); ++i) {
    INFO("element " << i);
    REQUIRE(found.integers[i] == expected.integers[i]);
  }
  double scale = 1;
  for (double v : expected.floats)
    if (std::isfinite(v)) scale = std::max(scale, std::abs(v));
  for (size_t i = 0; i < expected.floats.size(); ++i) {
    const double a = found.floats[i], b = expected.floats[i];
    if (a == b || (std::isnan(a) && std::isnan(b))) continue;
    INFO("element " << i << " of " << to_string(expected.type) << ": found " << a << ", expected " << b);
    REQUIRE(std::abs(a - b) <= tolerance * scale);
  }
}

inline double tolerance_of(ElementType element) { return element == ElementType::f32 ? 2e-5 : 1e-12; }

// Every result and update against the evaluator, on each target; all targets give the same bits.
inline void check(const Graph& graph, const std::vector<Array<double>>& inputs,
                  const std::vector<std::string>& targets = {"x86-64-v3", "native"}) {
  const auto expected = evaluate::evaluate<double>(graph, inputs);
  std::vector<Outcome> outcomes;
  for (const std::string& name : targets) {
    INFO(name);
    outcomes.push_back(execute(graph, inputs, target_named(name)));
    for (size_t r = 0; r < expected.results.size(); ++r)
      compare(outcomes.back().results[r], expected.results[r],
              tolerance_of(expected.results[r].type.element));
    for (size_t u = 0; u < expected.updates.size(); ++u)
      compare(outcomes.back().updates[u], expected.updates[u],
              tolerance_of(expected.updates[u].type.element));
  }
  // The same bits by another schedule: no threads, no tiles.
  outcomes.push_back(execute(graph, inputs, target_named("native"), Scheduled::plainly));
  for (size_t i = 1; i < outcomes.size(); ++i)
    for (size_t r = 0; r < expected.results.size(); ++r)
      compare(outcomes[i].results[r], outcomes[0].results[r], 0);
}

inline void check(const Graph& graph) { check(graph, random_inputs(graph)); }

}  // namespace gradus::testing
