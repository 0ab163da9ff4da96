// Calls to machine code: a block is a function of its own, however often and from wherever it is called.
#include <algorithm>

#include "ir/loop/text.h"
#include "ir/text/parse.h"
#include "ir/text/print.h"
#include "passes/pipeline.h"
#include "tests/codegen/lower_harness.h"

namespace gradus {
namespace {

using namespace testing;

// Several kernels, values between them, and parallel loops.
const std::string layer =
    "(%a = %ARGUMENT, %w = %w) {\n"
    "    %1 = dot %a, %w {contract=[1]x[0]} : f32[64,48]\n"
    "    %2 = tanh %1 : f32[64,48]\n"
    "    %3 = dot %2, %w {contract=[1]x[0]} : f32[64,48]\n"
    "    %4 = max %3 {axes=[1]} : f32[64]\n"
    "    %5 = broadcast %4 {dims=[0], shape=[64,48]} : f32[64,48]\n"
    "    %6 = sub %3, %5 : f32[64,48]\n"
    "    yield %6\n"
    "  } : f32[64,48]\n";

std::string called_on(const std::string& argument) {
  std::string text = layer;
  text.replace(text.find("ARGUMENT"), 8, argument);
  return text;
}

Graph kernels_of(const std::string& text) {
  PassContext context;
  context.target = target_named("native");
  return run_pipeline(parse_graph(text), Stage::forward, Stage::kernels, context);
}

size_t count_of(const std::string& text, const std::string& piece) {
  size_t count = 0;
  for (size_t at = text.find(piece); at != std::string::npos; at = text.find(piece, at + 1)) ++count;
  return count;
}

std::string loops_of(const Graph& kernels) {
  const loop::Program program = lower(kernels, target_named("native"));
  loop::verify_or_fail(program, "lowering");
  const std::string text = loop::print(program);
  CHECK(loop::print(loop::load_program(text)) == text);
  return text;
}

void check_against_evaluator(const Graph& kernels, const std::string& forward) {
  const auto inputs = random_inputs(kernels, -0.5, 0.5, 3);
  const auto expected = evaluate::evaluate<double>(
      [&] {
        PassContext context;
        return run_pipeline(parse_graph(forward), Stage::forward, Stage::backward, context);
      }(),
      inputs);
  const Outcome found = execute(kernels, inputs, target_named("native"));
  REQUIRE(found.results.size() == expected.results.size());
  for (size_t r = 0; r < expected.results.size(); ++r) compare(found.results[r], expected.results[r], 1e-4);
}

TEST_CASE("a block that main, a loop and another block call is one function") {
  const std::string text = "graph @g (%x: f32[64,48], %w: f32[48,48]) {\n  %10 = call " + called_on("x") +
                           "  %20 = scan {carries=1, length=3, sequences=0} (%i, %c = %10, %w = %w) {\n"
                           "  %21 = call " +
                           called_on("c") +
                           "  yield %21\n  } : f32[64,48]\n"
                           "  %30 = call (%y = %20, %w = %w) {\n  %31 = call " +
                           called_on("y") +
                           "  %32 = mul %31, %y : f32[64,48]\n  yield %32\n  } : f32[64,48]\n"
                           "  return r = %30\n}\n";
  const Graph kernels = kernels_of(text);
  const std::string loops = loops_of(kernels);
  CHECK(count_of(loops, "function @block_") == 2);
  CHECK(count_of(loops, "call @block_") == 4);
  CHECK(count_of(loops, "function @dot_") < 5);  // with the functions of their tiles
  check_against_evaluator(kernels, text);
}

TEST_CASE("the derivatives of calls are calls of one block of derivatives") {
  const std::string text = "graph @g (%x: f32[64,48], %w: f32[48,48]) {\n  %10 = call " + called_on("x") +
                           "  %20 = call " + called_on("10") +
                           "  %30 = sum %20 {axes=[0,1]} : f32[]\n"
                           "  %40:2 = gradient %30, %x, %w : f32[64,48], f32[48,48]\n"
                           "  return r = %30, dx = %40, dw = %40#1\n}\n";
  const Graph kernels = kernels_of(text);
  const std::string loops = loops_of(kernels);
  CHECK(count_of(loops, "function @block_") == 2);
  CHECK(count_of(loops, "call @block_") == 4);
  check_against_evaluator(kernels, text);
}

TEST_CASE("decoy: blocks that differ in a number are two functions") {
  const auto block = [](const std::string& number) {
    return "call (%a = %x) {\n    %1 = constant {value=" + number +
           ", element=f32, shape=[8]} : f32[8]\n    %2 = mul %a, %1 : f32[8]\n    yield %2\n  } : f32[8]\n";
  };
  const std::string text = "graph @g (%x: f32[8]) {\n  %10 = " + block("2.0") + "  %20 = " + block("3.0") +
                           "  return a = %10, b = %20\n}\n";
  const Graph kernels = kernels_of(text);
  CHECK(count_of(loops_of(kernels), "function @block_") == 2);
  check_against_evaluator(kernels, text);
}

TEST_CASE("a block whose kernels have no places works behind what is planned") {
  const std::string text = "graph @g (%x: f32[64,48], %w: f32[48,48]) {\n  %10 = call " + called_on("x") +
                           "  %20 = add %10, %x : f32[64,48]\n  return r = %20\n}\n";
  PassContext context;
  context.target = target_named("native");
  const Graph kernels = schedule(fuse(parse_graph(text), context), context);
  CHECK(count_of(loops_of(kernels), " workspace 12288 (") ==
        1);  // the call's: only its result lies before it
  check_against_evaluator(kernels, text);
}

TEST_CASE("threads share the loops of a function that works in a part of the workspace") {
  const loop::Program program = loop::load_program(
      "loops @two workspace 8192 (input %x: f32[512], result %y: f32[512]) {\n"
      "  function @twice workspace 4096 (read %x: f32[512], write %y: f32[512]) {\n"
      "    workspace %t: f32[512] at 64\n"
      "    constant %c: f32[2] = [2.0,3.0]\n"
      "    for %i in 0..512 parallel grain 16 {\n"
      "      %t[%i] = %x[%i] * %c[0]\n"
      "    }\n"
      "    for %j in 0..512 parallel grain 16 {\n"
      "      %y[%j] = %t[511 - %j] + %c[1]\n"
      "    }\n"
      "  }\n"
      "  function @outer workspace 8192 (read %x: f32[512], write %y: f32[512]) {\n"
      "    workspace %t: f32[512] at 4096\n"
      "    call @twice workspace 0 (%x[0], %t[0])\n"
      "    for %k in 0..2 {\n"
      "      call @twice workspace 0 (%t[0], %y[0])\n"
      "    }\n"
      "  }\n"
      "  main (read %x: f32[512], write %y: f32[512]) {\n"
      "    call @outer workspace 0 (%x[0], %y[0])\n"
      "  }\n"
      "}\n");
  std::vector<float> x(512), y(512);
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i);
  alignas(64) std::vector<std::byte> memory(8192 + 64);
  const size_t shift = (64 - reinterpret_cast<uintptr_t>(memory.data()) % 64) % 64;
  const CompiledProgram compiled = compile(program, target_named("native"), {1, true});
  const void* inputs[] = {x.data()};
  void* results[] = {y.data()};
  gradus_call call{};
  call.inputs = inputs;
  call.results = results;
  call.workspace = memory.data() + shift;
  call.parallel_for = run_backwards;
  compiled.entry(&call);
  for (size_t i = 0; i < y.size(); ++i) REQUIRE(y[i] == 4 * x[i] + 9);
}

}  // namespace
}  // namespace gradus
