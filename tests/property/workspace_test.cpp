// Plans of random graphs: nothing overlaps, no plan is below the bound, and for small graphs the bound is
// below the plans of all orders, of which `order` takes the best.
#include <catch2/catch.hpp>
#include <random>

#include "ir/build.h"
#include "ir/structure.h"
#include "ir/text/print.h"
#include "passes/pipeline.h"
#include "passes/verify_stage.h"
#include "tests/support/effort.h"
#include "tests/support/random_graph.h"

using namespace gradus;
using namespace gradus::testing;

namespace {

struct Sizes {
  int64_t workspace, bound;
};

Sizes sizes(const Graph& planned) {
  return {planned.header().integer_or("workspace", -1),
          planned.header().integer_or("workspace_lower_bound", -1)};
}

void check_plan(const Graph& planned) {
  const auto [workspace, bound] = sizes(planned);
  CHECK(bound >= 0);
  CHECK(bound <= workspace);
  for (uint32_t i = 0; i < planned.size(); ++i)
    if (is_scan(planned.node(i))) check_plan(*planned.node(i).body);
}

// Values of many sizes that are put together and cut; some replace inputs.
Graph pieces(uint64_t seed) {
  std::mt19937_64 generator(seed);
  const auto number = [&](int64_t low, int64_t high) {
    return low + static_cast<int64_t>(generator() % static_cast<uint64_t>(high - low + 1));
  };
  GraphBuilder builder("pieces");
  std::vector<Value> values;
  for (const char* name : {"a", "b"})
    values.push_back(builder.input(name, InputKind::parameter, Type(ElementType::f32, {number(1, 4) * 16})));
  const auto any = [&] {
    return values[static_cast<size_t>(number(0, static_cast<int64_t>(values.size()) - 1))];
  };
  const auto elements = [&](Value value) { return builder.shape(value)[0]; };
  const int64_t steps = number(4, 8);
  for (int64_t step = 0; step < steps; ++step) {
    const Value x = any();
    if (const int64_t kind = number(0, 3); kind == 0 && elements(x) > 16)
      values.push_back(builder.add(OpId::slice, {x},
                                   {{"start", std::vector<int64_t>{0}},
                                    {"limit", std::vector{elements(x) / 2}},
                                    {"stride", std::vector<int64_t>{1}}}));
    else if (kind == 1 && elements(x) < 300)
      values.push_back(builder.add(OpId::concat, {x, any()}, {{"axis", int64_t{0}}}));
    else
      values.push_back(builder.add(kind == 2 ? OpId::sin : OpId::cos, {x}));
  }
  builder.add_result("y", values.back());
  for (const char* name : {"z1", "z2"}) builder.add_result(name, any());
  for (uint32_t input = 0; input < 2; ++input)
    for (Value value : values)
      if (builder.type(value) == builder.type(values[input]) && value != values[input] && number(0, 2) == 0) {
        builder.add_update(input, value);
        break;
      }
  return std::move(builder).finish();
}

// Each node a kernel of its own, so that no fusion hides what is to be ordered.
Graph single_kernels(const Graph& graph) {
  Rewriter rewriter(graph, "single");
  for (uint32_t i : rewriter.live()) {
    const Node& node = graph.node(i);
    if (is_input(node)) {
      rewriter.keep(i);
      continue;
    }
    GraphBuilder body("body", {.ids = rewriter.builder().ids()});
    std::vector<Value> inside;
    for (size_t k = 0; k < node.operands.size(); ++k)
      inside.push_back(body.input("a" + std::to_string(k), InputKind::data, graph.type(node.operands[k])));
    body.add_result("", body.add(*node.op, inside, node.attributes));
    rewriter.at(i);
    rewriter.replace(
        i, {rewriter.builder().add(OpId::kernel, rewriter.map(node.operands), {{"kind", std::string("map")}},
                                   std::make_shared<const Graph>(std::move(body).finish()))});
  }
  return std::move(rewriter).finish();
}

// Of every order of the kernels, or of the first few thousand.
class AllOrders {
 public:
  explicit AllOrders(const Graph& graph) : graph_(graph), done_(graph.size(), false) {
    for (uint32_t i = 0; i < graph.size(); ++i)
      if (is_input(graph.node(i))) take(i);
    complete_ = next();
  }

  const std::vector<Sizes>& found() const { return found_; }
  bool complete() const { return complete_; }

 private:
  static constexpr size_t most_orders = 3'000;

  void take(uint32_t i) {
    done_[i] = true;
    sequence_.push_back(i);
  }

  bool next() {
    if (found_.size() >= most_orders) return false;
    if (sequence_.size() == graph_.size()) {
      Rewriter rewriter(graph_, "permute");
      for (uint32_t i : sequence_) rewriter.keep(i);
      PassContext context;
      found_.push_back(sizes(plan_buffers(std::move(rewriter).finish(), context)));
      return true;
    }
    for (uint32_t i = 0; i < graph_.size(); ++i) {
      const auto& operands = graph_.node(i).operands;
      if (done_[i] || !std::all_of(operands.begin(), operands.end(), [&](Value v) { return done_[v.node]; }))
        continue;
      take(i);
      const bool all = next();
      done_[i] = false;
      sequence_.pop_back();
      if (!all) return false;
    }
    return true;
  }

  const Graph& graph_;
  std::vector<bool> done_;
  std::vector<uint32_t> sequence_;
  std::vector<Sizes> found_;
  bool complete_ = false;
};

}  // namespace

TEST_CASE("plans of random graphs do not overlap and are not below the bound") {
  for (uint64_t seed = 1; seed <= effort<uint64_t>(300, 40); ++seed) {
    INFO("seed " << seed);
    PassContext context;
    const Graph kernels = run_pipeline(random_graph(seed).graph, Stage::forward, Stage::kernels, context);
    for (const Diagnostic& problem : verify_stage(kernels, Stage::kernels)) FAIL_CHECK(problem.message);
    check_plan(kernels);
  }
}

TEST_CASE("the bound is the least of all orders, and the order that is taken reaches it") {
  size_t whole = 0, differ = 0;
  for (uint64_t seed = 1; seed <= effort<uint64_t>(400, 60); ++seed) {
    const Graph graph = single_kernels(pieces(seed));
    INFO("seed " << seed << "\n" << print(graph, {.origins = false}));
    PassContext context;
    const Graph planned = plan_buffers(order(graph, context), context);
    for (const Diagnostic& problem : verify_stage(planned, Stage::kernels)) FAIL_CHECK(problem.message);
    check_plan(planned);
    const AllOrders all(graph);
    int64_t least = sizes(planned).workspace, most = 0;
    for (const auto [workspace, bound] : all.found()) {
      CHECK(bound == sizes(planned).bound);
      CHECK(bound <= workspace);
      least = std::min(least, workspace);
      most = std::max(most, workspace);
    }
    differ += least < most ? 1 : 0;
    if (!all.complete()) continue;
    ++whole;
    CHECK(least == sizes(planned).bound);
    if (graph.updates().empty()) CHECK(sizes(planned).workspace == least);
  }
  CHECK(whole > 0);
  CHECK(differ > 0);
}
