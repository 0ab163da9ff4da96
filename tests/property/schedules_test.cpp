// Schedules written by hand into the text of stage `kernels`: other loops, the same bits, for each kind of
// stage.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <catch2/catch.hpp>
#include <random>

#include "codegen/lower/lower.h"
#include "ir/kernel/scratch.h"
#include "ir/loop/text.h"
#include "ir/op.h"
#include "ir/structure.h"
#include "ir/text/parse.h"
#include "ir/text/print.h"
#include "passes/pipeline.h"
#include "passes/verify_stage.h"
#include "tests/support/run_compiled.h"
#include "tests/support/schedule_edits.h"

using namespace gradus;
using namespace gradus::testing;

namespace {

struct Kind {
  const char* name;
  const char* part;  // of its schedule, that the pass must have chosen
  std::string text;
};

std::string graph(const std::string& inputs, const std::string& statements, const std::string& result) {
  return "graph @g (" + inputs + ") {\n" + statements + "  return y = " + result + "\n}\n";
}

const std::string geometry =
    R"(input="b01f", filter="01io", output="b01f", stride=[2,2], low=[1,1], high=[1,1], dilation=[1,1])";
const std::string pooling = "window=[1,3,2,1], stride=[1,2,1,1], low=[0,1,0,0], high=[0,1,1,0]";

const std::vector<Kind> kinds = {
    {"dot with a bias", "tile",
     graph("%x: f32[37,70], %w: f32[70,53], %b: f32[53]",
           "  %0 = dot %x, %w {contract=[1]x[0]} : f32[37,53]\n"
           "  %1 = broadcast %b {dims=[1], shape=[37,53]} : f32[37,53]\n"
           "  %2 = add %0, %1 : f32[37,53]\n  %3 = tanh %2 : f32[37,53]\n",
           "%3")},
    {"dot of transposed batches", "tile",
     graph("%x: f64[3,20,9], %w: f64[3,17,9]",
           "  %0 = dot %x, %w {contract=[2]x[2], batch=[0]x[0]} : f64[3,20,17]\n", "%0")},
    {"dot of many terms", "tile",
     graph("%x: f32[5,4100], %w: f32[4100,6]",
           "  %0 = dot %x, %w {contract=[1]x[0]} : f32[5,6]\n"
           "  %1 = exp %0 : f32[5,6]\n  %2 = mul %1, %0 : f32[5,6]\n  %3 = add %2, %1 : f32[5,6]\n",
           "%3")},
    {"dot of integers", "outputs",
     graph("%x: i32[9,8], %w: i32[8,7]", "  %0 = dot %x, %w {contract=[1]x[0]} : i32[9,7]\n", "%0")},
    {"convolution", "tile",
     graph("%x: f32[3,9,11,5], %w: f32[3,3,5,20]",
           "  %0 = conv %x, %w {kind=\"forward\", " + geometry + "} : f32[3,5,6,20]\n", "%0")},
    {"input gradient", "tile",
     graph("%t: f32[3,5,6,20], %w: f32[3,3,5,20]",
           "  %0 = conv %t, %w {kind=\"input_gradient\", " + geometry + ", size=[9,11]} : f32[3,9,11,5]\n",
           "%0")},
    {"filter gradient", "tile",
     graph("%x: f32[3,9,11,5], %t: f32[3,5,6,20]",
           "  %0 = conv %x, %t {kind=\"filter_gradient\", " + geometry + ", size=[3,3]} : f32[3,3,5,20]\n",
           "%0")},
    {"reduction of columns", "reduce",
     graph("%x: f32[1100,37]", "  %0 = sum %x {axes=[0]} : f32[37]\n", "%0")},
    {"reduction of rows", "reduce", graph("%x: f32[3,9000]", "  %0 = max %x {axes=[1]} : f32[3]\n", "%0")},
    {"rows", "rows",
     graph("%x: f32[13,70]",
           "  %0 = max %x {axes=[1]} : f32[13]\n"
           "  %1 = broadcast %0 {dims=[0], shape=[13,70]} : f32[13,70]\n  %2 = sub %x, %1 : f32[13,70]\n"
           "  %3 = exp %2 : f32[13,70]\n  %4 = sum %3 {axes=[1]} : f32[13]\n"
           "  %5 = broadcast %4 {dims=[0], shape=[13,70]} : f32[13,70]\n  %6 = div %3, %5 : f32[13,70]\n",
           "%6")},
    {"map", "map",
     graph("%x: f32[70,90]", "  %0 = exp %x : f32[70,90]\n  %1 = add %0, %x : f32[70,90]\n", "%1")},
    {"joined columns", "map",
     graph("%x: f32[9,20], %y: f32[9,13]",
           "  %0 = concat %x, %y {axis=1} : f32[9,33]\n  %1 = exp %0 : f32[9,33]\n"
           "  %2 = slice %1 {start=[0,3], limit=[9,30], stride=[1,1]} : f32[9,27]\n"
           "  %3 = constant {element=f32, shape=[], value=-0.0} : f32[]\n"
           "  %4 = pad %2, %3 {low=[0,2], high=[0,5], interior=[0,1]} : f32[9,60]\n"
           "  %5 = neg %4 : f32[9,60]\n",
           "%5")},
    {"sum pooling", "outputs",
     graph("%x: f32[2,9,8,21]", "  %0 = reduce_window %x {kind=\"sum\", " + pooling + "} : f32[2,5,8,21]\n",
           "%0")},
    {"gradient of max pooling", "outputs",
     graph("%x: f32[2,9,8,21], %t: f32[2,5,8,21]",
           "  %0 = select_and_scatter %x, %t {kind=\"max\", " + pooling + "} : f32[2,9,8,21]\n", "%0")},
    {"running sum", "outputs", graph("%x: f32[6,33,40]", "  %0 = cumsum %x {axis=1} : f32[6,33,40]\n", "%0")},
    {"position", "outputs", graph("%x: f32[33,40]", "  %0 = argmax %x {axis=0} : i32[40]\n", "%0")},
    {"order", "sort", graph("%x: f32[7,50]", "  %0:2 = sort %x {axis=1} : f32[7,50], i32[7,50]\n", "%0")},
    {"first few", "sort", graph("%x: f32[7,50]", "  %0:2 = top_k %x {k=5} : f32[7,5], i32[7,5]\n", "%0")},
    {"scatter", "scatter",
     graph("%u: f32[4,6,9]",
           "  %0 = iota {element=i32, shape=[4,6], axis=1} : i32[4,6]\n"
           "  %1:2 = scatter_add %u, %0 {batch=1, size=6, check=0} : f32[4,6,9], i64[]\n",
           "%1")},
};

std::vector<evaluate::Array<double>> inputs_of(const Graph& graph) {
  std::mt19937 random(7);
  std::vector<evaluate::Array<double>> inputs;
  for (const Input& input : graph.inputs()) {
    evaluate::Array<double> array(graph.type(input.value));
    for (double& number : array.floats)
      number = static_cast<float>(std::uniform_real_distribution<double>(-1, 1)(random));
    for (int64_t& number : array.integers) number = std::uniform_int_distribution<int64_t>(-9, 9)(random);
    inputs.push_back(std::move(array));
  }
  return inputs;
}

struct Run {
  std::string loops;
  std::vector<evaluate::Array<double>> results;
};

Run run(const Graph& kernels, const std::vector<evaluate::Array<double>>& inputs, int threads) {
  const Target target = host();
  const loop::Program program = lower(kernels, target);
  ThreadPool pool(threads);
  return {loop::print(program),
          run_compiled(compile(program, target), program.workspace_bytes(), kernels, inputs, &pool).results};
}

bool same_bits(const evaluate::Array<double>& a, const evaluate::Array<double>& b) {
  return a.integers == b.integers &&
         std::equal(
             a.floats.begin(), a.floats.end(), b.floats.begin(), b.floats.end(),
             [](double x, double y) { return std::bit_cast<uint64_t>(x) == std::bit_cast<uint64_t>(y); });
}

// Without places of scratch, which need not fit any more: it lies behind what is planned.
Graph unplaced(const Graph& kernels) {
  Rewriter rewriter(kernels, "edit");
  for (const uint32_t i : rewriter.live()) {
    Attributes attributes = kernels.node(i).attributes;
    attributes.erase("scratch");
    rewriter.keep_with(i, std::move(attributes));
  }
  return std::move(rewriter).finish();
}

}  // namespace

TEST_CASE("ten schedules by hand for each kind of stage change the loops and no bit") {
  for (const Kind& kind : kinds) {
    DYNAMIC_SECTION(kind.name) {
      PassContext context;
      const Graph kernels = run_pipeline(parse_graph(kind.text), Stage::forward, Stage::kernels, context);
      const std::string text = print(kernels);
      CHECK(text.find(fmt::format("schedule=\"{}", kind.part)) != std::string::npos);
      const auto inputs = inputs_of(kernels);
      const Run usual = run(kernels, inputs, 1);
      int changed = 0;
      for (uint64_t seed = 1; seed <= 10; ++seed) {
        const std::string edited = print(unplaced(ScheduleEdits(seed).edit_all(kernels)));
        INFO(edited);
        const Graph read = parse_graph(edited);
        CHECK(print(read) == edited);
        CHECK(verify_stage(read, Stage::kernels).empty());
        const Run other = run(read, inputs, 1 + static_cast<int>(seed % 3));
        for (size_t r = 0; r < usual.results.size(); ++r)
          CHECK(same_bits(usual.results[r], other.results[r]));
        changed += other.loops != usual.loops;
      }
      CHECK(changed >= 3);  // a row of a sort has one setting
    }
  }
}
