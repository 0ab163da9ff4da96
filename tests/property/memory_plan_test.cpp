// Whatever updates whatever: states that take each other's old values, results that are inputs or constants,
// loops that hand on what they are given, values that lie otherwise. Compiled code agrees with the evaluator
// in every bit, and needs no byte that is not planned.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <random>

#include "codegen/lower/lower.h"
#include "ir/build.h"
#include "ir/loop/verify.h"
#include "ir/op.h"
#include "ir/text/print.h"
#include "passes/pipeline.h"
#include "passes/verify_stage.h"
#include "tests/support/effort.h"
#include "tests/support/memory_plan.h"
#include "tests/support/run_compiled.h"

using namespace gradus;
using namespace gradus::testing;

namespace {

const Type row(ElementType::f32, {5});
const Layout tiled{.order = {0}, .tiling = {2}, .padding = {}};

class Outcomes {
 public:
  explicit Outcomes(uint64_t seed) : generator_(seed) {}

  Graph graph() {
    for (const char* name : {"a", "b", "c", "d"})
      values_.push_back(builder_.input(name, chance(50) ? InputKind::state : InputKind::parameter, row));
    for (int64_t steps = number(0, 5); steps > 0; --steps) values_.push_back(step());
    if (chance(50)) add_status();
    for (int64_t r = number(1, 4); r > 0; --r) builder_.add_result(fmt::format("y{}", r), any());
    for (uint32_t input = 0; input < 4; ++input)
      if (chance(70)) builder_.add_update(input, any());
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
  Value any() { return any(values_); }

  Value step() {
    switch (number(0, 5)) {
      case 0:
        return build::constant(builder_, row, static_cast<double>(number(0, 2)));
      case 1:
        return builder_.add(OpId::constant, {},
                            {{"element", row.element},
                             {"shape", row.shape},
                             {"values", std::vector<double>{1, 2, 3, 4, static_cast<double>(number(0, 2))}}});
      case 2:
        return build::relayout(builder_, any(), tiled);
      case 3:
        return loop();
      default:
        return build::add(builder_, any(), any());
    }
  }

  // Carries that are exchanged, kept, begun anew or added to, and what each step makes, which may be an
  // input.
  Value loop() {
    GraphBuilder body("body", {.ids = builder_.ids()});
    body.reserve_ids(1000);
    body.input("i", InputKind::data, Type(ElementType::i64));
    const Value operands[] = {any(), any(), any()};
    std::vector<Value> inside;
    for (size_t k = 0; k < std::size(operands); ++k) {
      Type type = builder_.type(operands[k]);
      if (k < 2)
        type.layout = {};
      else if (chance(30))  // it is captured as the body takes it, however it lies
        type.layout = chance(50) ? tiled : Layout{};
      inside.push_back(body.input(fmt::format("x{}", k), InputKind::data, type));
    }
    inside.push_back(build::constant(body, row, 0));
    inside.push_back(build::add(body, any(inside), any(inside)));
    for (int r = 0; r < 3; ++r) body.add_result("", any(inside));
    std::vector<int64_t> histories;
    if (chance(50)) histories.push_back(number(0, 1));
    const Value scan = builder_.add(OpId::scan, {std::begin(operands), std::end(operands)},
                                    {{"carries", int64_t{2}},
                                     {"sequences", int64_t{0}},
                                     {"length", number(0, 3)},
                                     {"histories", histories}},
                                    std::make_shared<const Graph>(std::move(body).finish()));
    const auto last = static_cast<uint32_t>(builder_.node(scan).types.size()) - 1;
    builder_.add_result(fmt::format("made{}", builder_.size()), {scan.node, last});
    if (last > 2) builder_.add_result(fmt::format("history{}", builder_.size()), {scan.node, 2});
    return {scan.node, static_cast<uint32_t>(number(0, 1))};
  }

  // Holds where the indices are below 5: in half of the graphs they are not.
  void add_status() {
    const Value indices = build::constant(builder_, Type(ElementType::i64, {2}), number(0, 1) * 7);
    const Value hot =
        builder_.add(OpId::one_hot, {indices},
                     {{"depth", int64_t{5}}, {"element", ElementType::f32}, {"check", int64_t{3}}});
    builder_.set_status(builder_.add(OpId::status, {{hot.node, 1}}, {{"checks", std::vector<int64_t>{3}}}));
  }

  std::mt19937_64 generator_;
  GraphBuilder builder_{"outcomes"};
  std::vector<Value> values_;
};

void check_same(const evaluate::Array<double>& found, const evaluate::Array<double>& expected) {
  REQUIRE(found.size() == expected.size());
  for (size_t i = 0; i < found.size(); ++i)
    CHECK(evaluate::number_at(found, i) == evaluate::number_at(expected, i));
}

void check_program(const Graph& graph, const Graph& kernels,
                   const std::vector<evaluate::Array<double>>& inputs, bool planned) {
  static const Target target = host();
  INFO(print(kernels, {.origins = false}));
  const loop::Program program = lower(kernels, target);
  REQUIRE(loop::verify(program).empty());
  if (planned) CHECK(unplanned_memory(kernels, program) == "");
  const auto expected = evaluate::evaluate<double>(graph, inputs);
  const CompiledRun run = run_compiled(compile(program, target), program.workspace_bytes(), kernels, inputs);
  const bool failed = run.status.check >= 0;
  REQUIRE(failed == (expected.status && expected.status->integers[0] >= 0));
  for (size_t r = 0; r < graph.results().size() && !failed; ++r)
    check_same(run.results[r], expected.results[r]);
  for (size_t u = 0; u < graph.updates().size(); ++u)
    check_same(run.updates[u], failed ? inputs[graph.updates()[u].input] : expected.updates[u]);
}

}  // namespace

TEST_CASE("outcomes of any kind: planned, and as they stand") {
  for (uint64_t seed = 1; seed <= effort<uint64_t>(300, 60); ++seed) {
    const Graph graph = Outcomes(seed).graph();
    INFO("seed " << seed << "\n" << print(graph, {.origins = false}));
    std::vector<evaluate::Array<double>> inputs;
    for (size_t k = 0; k < graph.inputs().size(); ++k)
      inputs.push_back(evaluate::array_of(row, std::vector<double>(5, static_cast<double>(10 * (k + 1)))));
    PassContext context;
    const Graph fused = fuse(graph, context);
    CHECK(same_structure(fuse(fused, context), fused));
    const Graph kernels = plan_buffers(order(fused, context), context);
    for (const Diagnostic& problem : verify_stage(kernels, Stage::kernels)) FAIL_CHECK(problem.message);
    check_program(graph, kernels, inputs, true);
    check_program(graph, graph, inputs, false);
  }
}
