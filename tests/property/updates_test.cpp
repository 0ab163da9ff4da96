// Updates that products, sums and convolutions compute, in place wherever the schedule allows it: whatever
// else reads the old values, compiled code agrees with the evaluator in every bit. The values are small
// integers, so that no order of sums rounds.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <random>

#include "codegen/lower/lower.h"
#include "ir/build.h"
#include "ir/kernel/stages.h"
#include "ir/loop/verify.h"
#include "ir/op.h"
#include "ir/placement.h"
#include "ir/structure.h"
#include "ir/text/print.h"
#include "passes/pipeline.h"
#include "passes/verify_stage.h"
#include "tests/support/effort.h"
#include "tests/support/memory_plan.h"
#include "tests/support/run_compiled.h"
#include "tests/support/schedule_edits.h"

using namespace gradus;
using namespace gradus::testing;

namespace {

// Square matrices and rows of one size; two of each are parameters, which some of the values replace.
class Updates {
 public:
  explicit Updates(uint64_t seed) : generator_(seed) {
    const int64_t sizes[] = {3, 8, 17, 33};
    n_ = sizes[number(0, 3)];
  }

  Graph graph() {
    const Type matrix(ElementType::f32, {n_, n_}), row(ElementType::f32, {n_});
    for (const char* name : {"w", "v"})
      matrices_.push_back(builder_.input(name, InputKind::parameter, matrix));
    for (const char* name : {"b", "c"}) rows_.push_back(builder_.input(name, InputKind::parameter, row));
    parameters_ = {matrices_[0], matrices_[1], rows_[0], rows_[1]};
    matrices_.push_back(builder_.input("x", InputKind::data, matrix));
    const int64_t contraction = number(0, 2);
    for (int64_t step = 0; step < 3; ++step)
      matrices_.push_back(step == contraction ? contract() : by_element());
    rows_.push_back(build::sum(builder_, any(matrices_), {number(0, 1)}));
    if (chance(50)) rows_.push_back(build::add(builder_, any(rows_), any(rows_)));
    if (chance(30)) matrices_.push_back(normalized());
    for (uint32_t input = 0; input < 4; ++input)
      if (chance(80)) update(input, input < 2 ? matrices_ : rows_);
    builder_.add_result("y", chance(50) ? any(matrices_) : any(rows_));
    return std::move(builder_).finish();
  }

 private:
  bool chance(int percent) { return number(0, 99) < percent; }
  int64_t number(int64_t low, int64_t high) {
    return low + static_cast<int64_t>(generator_() % static_cast<uint64_t>(high - low + 1));
  }
  Value any(const std::vector<Value>& values) {
    return values[static_cast<size_t>(number(0, static_cast<int64_t>(values.size()) - 1))];
  }

  Value contract() {
    const Value a = any(matrices_), b = any(matrices_);
    const std::vector<int64_t> axes = {number(0, 1), number(0, 1)};
    if (chance(70)) return build::dot(builder_, a, b, {{axes[0]}, {axes[1]}});
    return build::reshape(builder_, convolve(a, b), {n_, n_});
  }

  // An image of one channel with a filter of 3 x 3; or the gradient of a filter as large as the image, which
  // has 3 x 3 positions.
  Value convolve(Value a, Value b) {
    const Value image = build::reshape(builder_, a, {1, n_, n_, 1});
    const Value small = build::slice(builder_, build::reshape(builder_, b, {n_, n_, 1, 1}), {0, 0, 0, 0},
                                     {3, 3, 1, 1}, {1, 1, 1, 1});
    Attributes attributes{{"input", std::string("b01f")},           {"filter", std::string("01io")},
                          {"output", std::string("b01f")},          {"stride", std::vector<int64_t>{1, 1}},
                          {"dilation", std::vector<int64_t>{1, 1}}, {"low", std::vector<int64_t>{1, 1}},
                          {"high", std::vector<int64_t>{1, 1}}};
    if (chance(60)) {
      attributes.set("kind", std::string(chance(50) ? "forward" : "input_gradient"));
      if (attributes.text("kind") == "input_gradient") attributes.set("size", std::vector<int64_t>{n_, n_});
      return builder_.add(OpId::conv, {image, small}, attributes);
    }
    attributes.set("kind", std::string("filter_gradient"));
    attributes.set("size", std::vector<int64_t>{n_, n_});
    const Value gradient = build::reshape(builder_, small, {1, 3, 3, 1});
    return builder_.add(OpId::conv, {image, gradient}, attributes);
  }

  Value by_element() {
    switch (number(0, 4)) {
      case 0:
        return build::transpose(builder_, any(matrices_), {1, 0});
      case 1:
        return build::broadcast(builder_, any(rows_), {n_, n_}, {number(0, 1)});
      case 2:
        return build::reverse(builder_, any(matrices_), {number(0, 1)});
      default:
        return build::sub(builder_, any(matrices_), any(matrices_));
    }
  }

  // Rows less their greatest element: sweeps that read a row more than once.
  Value normalized() {
    const Value x = any(matrices_);
    const Value most = build::reduce(builder_, OpId::max, x, {1});
    return build::sub(builder_, x, build::broadcast(builder_, most, {n_, n_}, {0}));
  }

  // Mostly the old value less something, as optimizers have it.
  void update(uint32_t input, std::vector<Value>& values) {
    const Value old_value = parameters_[input], other = any(values);
    const Value step = chance(50) ? build::mul(builder_, values.back(), 2) : other;
    const Value value = chance(80) ? build::sub(builder_, old_value, step) : step;
    builder_.add_update(input, value);
    if (chance(30)) values.push_back(value);
  }

  std::mt19937_64 generator_;
  GraphBuilder builder_{"updates"};
  int64_t n_ = 0;
  std::vector<Value> matrices_, rows_, parameters_;
};

std::vector<evaluate::Array<double>> small_integers(const Graph& graph) {
  std::mt19937 random(7);
  std::vector<evaluate::Array<double>> inputs;
  for (const Input& input : graph.inputs()) {
    evaluate::Array<double> array(graph.type(input.value));
    for (double& number : array.floats) number = std::uniform_int_distribution<int>(-2, 2)(random);
    inputs.push_back(std::move(array));
  }
  return inputs;
}

void check_same(const evaluate::Array<double>& found, const evaluate::Array<double>& expected) {
  REQUIRE(found.size() == expected.size());
  for (size_t i = 0; i < found.size(); ++i)
    REQUIRE(evaluate::number_at(found, i) == evaluate::number_at(expected, i));
}

// Kernels with a stage (a product, a sum) that read what they overwrite, and those that read what they
// update but not in place.
struct Counts {
  int in_place = 0, aside = 0;
};

void count(const Graph& kernels, Counts& counts) {
  for (const Update& update : kernels.updates()) {
    const Node& node = kernels.node(update.value);
    const Value old_value = kernels.inputs()[update.input].value;
    if (!is_kernel(node) || KernelStages(*node.body).all().empty() ||
        std::find(node.operands.begin(), node.operands.end(), old_value) == node.operands.end())
      continue;
    const Placement place = placements(node)[update.value.result];
    ++(place.kind == Placement::Kind::input ? counts.in_place : counts.aside);
  }
}

}  // namespace

TEST_CASE("updates by kernels of any kind and schedule, in place or not") {
  static const Target target = host();
  Counts counts;
  for (uint64_t seed = 1; seed <= effort<uint64_t>(400, 60); ++seed) {
    const Graph graph = Updates(seed).graph();
    const std::vector<evaluate::Array<double>> inputs = small_integers(graph);
    PassContext context;
    const Graph chosen = schedule(fuse(graph, context), context);
    const Graph edited = seed % 2 == 0 ? ScheduleEdits(seed).edit_all(chosen) : chosen;
    const Graph kernels = plan_buffers(order(edited, context), context);
    INFO("seed " << seed << "\n" << print(kernels, {.origins = false}));
    for (const Diagnostic& problem : verify_stage(kernels, Stage::kernels)) FAIL_CHECK(problem.message);
    count(kernels, counts);
    const loop::Program program = lower(kernels, target);
    REQUIRE(loop::verify(program).empty());
    CHECK(unplanned_memory(kernels, program) == "");
    ThreadPool pool(static_cast<int>(seed % 3) + 1);
    const CompiledRun run =
        run_compiled(compile(program, target), program.workspace_bytes(), kernels, inputs, &pool);
    const auto expected = evaluate::evaluate<double>(graph, inputs);
    for (size_t r = 0; r < graph.results().size(); ++r) check_same(run.results[r], expected.results[r]);
    for (size_t u = 0; u < graph.updates().size(); ++u) check_same(run.updates[u], expected.updates[u]);
  }
  INFO(fmt::format("in place {}, aside {}", counts.in_place, counts.aside));
  CHECK(counts.in_place > 10);
  CHECK(counts.aside > 10);
}
