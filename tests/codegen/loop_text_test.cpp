// What the passes and lowering make, without LLVM: it passes the verifier, prints and parses back, and the
// plain interpreter computes the evaluator's results from it, in either direction of its parallel loops.
#include <catch2/catch.hpp>

#include "codegen/lower/lower.h"
#include "ir/evaluate/evaluate.h"
#include "ir/loop/interpret.h"
#include "ir/loop/text.h"
#include "ir/loop/verify.h"
#include "ir/op.h"
#include "ir/text/parse.h"
#include "ir/text/print.h"
#include "ir/verify.h"
#include "passes/pipeline.h"
#include "tests/codegen/lower_harness.h"
#include "tests/ir/samples/samples.h"

namespace gradus {

namespace {

using Values = std::vector<evaluate::Array<double>>;

loop::Array to_loop(const evaluate::Array<double>& array) {
  return is_float(array.type.element) ? loop::Array::of_numbers(array.type, array.floats)
                                      : loop::Array::of_integers(array.type, array.integers);
}

// main's arguments in the program's order.
std::vector<loop::Array> arguments(const loop::Program& program, const Graph& graph, const Values& inputs) {
  std::vector<loop::Array> result;
  for (const loop::Argument& argument : program.arguments) {
    result.emplace_back(argument.type);
    if (argument.kind == ArgumentKind::result || argument.kind == ArgumentKind::status) continue;
    for (size_t i = 0; i < graph.inputs().size(); ++i)
      if (graph.inputs()[i].name == argument.name) result.back() = to_loop(inputs[i]);
  }
  return result;
}

bool uses_narrow_floats(const Graph& graph) {
  for (uint32_t i = 0; i < graph.size(); ++i)
    for (const Type& type : graph.node(i).types)
      if (type.element == ElementType::bf16 || type.element == ElementType::f16) return true;
  return false;
}

void check_lowered(const Graph& graph, const Values& inputs,
                   const std::vector<evaluate::Array<double>>& expected) {
  const loop::Program program = lower(graph, host());
  const std::string text = print(program);
  INFO(text);
  for (const Diagnostic& diagnostic : loop::verify(program)) FAIL_CHECK(diagnostic.message);
  const loop::Program again = loop::parse_program(text);
  CHECK(print(again) == text);

  auto memory = arguments(program, graph, inputs);
  auto backwards = memory, parsed = memory;
  loop::interpret(program, memory);
  loop::interpret(program, backwards, {.backwards = true});
  loop::interpret(again, parsed);
  size_t result = 0;
  for (size_t a = 0; a < memory.size(); ++a) {
    CHECK(memory[a].bytes == backwards[a].bytes);
    CHECK(memory[a].bytes == parsed[a].bytes);
    if (program.arguments[a].kind != ArgumentKind::result) continue;
    const std::vector<double> found = memory[a].numbers();
    const evaluate::Array<double>& wanted = expected[result++];
    const double tolerance = wanted.type.element == ElementType::f32 ? 1e-4 : 1e-11;
    for (size_t i = 0; i < found.size(); ++i) {
      const double want = evaluate::number_at(wanted, i);
      if (found[i] == want || (std::isnan(want) && std::isnan(found[i]))) continue;
      INFO("result " << result << " element " << i << ": " << found[i] << ", expected " << want);
      CHECK(std::fabs(found[i] - want) <= tolerance * std::max(1.0, std::fabs(want)));
    }
  }
}

}  // namespace

TEST_CASE("lowered samples: verifier, text both ways, interpreter against evaluator") {
  for (const Op* op : all_ops())
    for (const testing::Sample& sample : testing::samples_of(op->id).good) {
      INFO(op->name << ": " << sample.text);
      const Graph graph = parse_graph(sample.text, std::string(op->name));
      if (uses_narrow_floats(graph)) continue;
      const Values inputs = testing::random_inputs(graph, sample.low, sample.high, sample.below);
      const auto expected = evaluate::evaluate<double>(graph, inputs).results;
      try {
        PassContext context;
        // Graphs with kernels are at the end of the pipeline already.
        const Graph kernels =
            op->name == "kernel" ? graph : run_pipeline(graph, Stage::forward, Stage::kernels, context);
        CHECK(print(parse_graph(print(kernels))) == print(kernels));
        check_lowered(kernels, inputs, expected);
      } catch (const Error& error) {
        FAIL_CHECK(error.what());
      }
    }
}

TEST_CASE("second derivatives of bodies print and parse back") {
  for (const char* text :
       {"graph @g (%x: f64[3]) { %0 = call (%a = %x) { %0 = sin %a : f64[3]  yield %0 } : f64[3]  "
        "%1 = sum %0 {axes=[0]} : f64[]  %2 = gradient %1, %x : f64[3]  %3 = sum %2 {axes=[0]} : f64[]  "
        "%4 = gradient %3, %x : f64[3]  return %4 }",
        "graph @g (%x: f64[3], %w: f64[3]) { %0 = scan {carries=1, sequences=0, length=4} (%i, %h = %x, %w = "
        "%w) { "
        "%0 = mul %h, %w : f64[3]  %1 = sin %0 : f64[3]  yield %1 } : f64[3]  "
        "%1 = sum %0 {axes=[0]} : f64[]  %2 = gradient %1, %w : f64[3]  %3 = sum %2 {axes=[0]} : f64[]  "
        "%4 = gradient %3, %w : f64[3]  return %4 }"}) {
    PassContext context;
    const Graph graph = run_pipeline(parse_graph(text), Stage::forward, Stage::backward, context);
    INFO(print(graph));
    CHECK(print(parse_graph(print(graph))) == print(graph));
    for (const Diagnostic& diagnostic : verify(graph)) FAIL_CHECK(diagnostic.message);
  }
}

}  // namespace gradus
