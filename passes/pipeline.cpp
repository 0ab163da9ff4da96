#include "passes/pipeline.h"

#include <fmt/format.h>

#include <array>
#include <chrono>

#include "ir/verify.h"

namespace gradus {

namespace {

constexpr auto passes = std::to_array<Pass>({
    {"simplify", "algebraic identities, constant folding, cancelling shape ops, dead code", simplify},
    {"stabilize", "forms that neither overflow nor cancel: log-sigmoid, log-softmax, log1p, x log x",
     stabilize},
    {"differentiate", "expands gradient nodes by reverse mode; drops marks", differentiate},
    {"differentiate-forward", "expands gradient nodes by forward mode (not in the pipeline)",
     differentiate_forward},
    {"check-numerics", "a status that names the first value that is not finite (--check-numerics)",
     check_numerics},
    {"hoist", "moves loop-invariant work and input projections out of scan", hoist},
    {"memoize", "keeps the products of a scan's steps for its adjoint", memoize},
    {"fuse", "groups nodes into kernels", fuse},
    {"layout", "copies operands of contractions into panels, once each, outside of loops", layout},
    {"schedule", "how the loops of each kernel are cut, ordered and shared out to threads", schedule},
    {"order", "orders kernels for low peak memory, updates after readers and checks", order},
    {"plan-buffers", "in-place updates and offsets in one workspace", plan_buffers},
});

constexpr std::array<std::string_view, 5> to_backward = {"simplify", "stabilize", "differentiate", "simplify",
                                                         "stabilize"};
constexpr std::array<std::string_view, 4> to_optimized = {"simplify", "hoist", "memoize", "simplify"};
constexpr std::array<std::string_view, 5> to_kernels = {"fuse", "layout", "schedule", "order",
                                                        "plan-buffers"};
constexpr std::array<std::string_view, 4> stage_names = {"forward", "backward", "optimized", "kernels"};

}  // namespace

std::span<const Pass> all_passes() { return passes; }

const Pass* find_pass(std::string_view name) {
  for (const Pass& pass : passes)
    if (pass.name == name) return &pass;
  return nullptr;
}

std::string_view name(Stage stage) { return stage_names[static_cast<size_t>(stage)]; }

std::optional<Stage> stage_named(std::string_view name) {
  for (size_t i = 0; i < stage_names.size(); ++i)
    if (stage_names[i] == name) return static_cast<Stage>(i);
  return std::nullopt;
}

std::span<const std::string_view> passes_to(Stage stage) {
  switch (stage) {
    case Stage::forward:
      return {};
    case Stage::backward:
      return to_backward;
    case Stage::optimized:
      return to_optimized;
    case Stage::kernels:
      return to_kernels;
  }
  return {};
}

Graph run_passes(const Graph& graph, std::span<const std::string_view> names, PassContext& context,
                 const PassObserver& observer) {
  Graph current = graph;
  context.ids = std::make_shared<IdSource>();  // what was compiled before with it does not show in ids
  for (std::string_view pass_name : names) {
    const Pass* pass = find_pass(pass_name);
    if (!pass)
      fail_program(fmt::format("there is no pass '{}'", pass_name), {}, "`gradus opt --list` names them all");
    const auto start = std::chrono::steady_clock::now();
    Graph next = pass->run(current, context);
    const std::chrono::duration<double, std::milli> elapsed = std::chrono::steady_clock::now() - start;
#ifndef NDEBUG
    verify_or_fail(next, fmt::format("after {}", pass_name));
#endif
    const PassReport report{pass->name,      current.size(), next.size(), !same_structure(current, next),
                            elapsed.count(), pass->run};
    const bool go_on = !observer || observer(report, current, next);
    current = std::move(next);
    if (!go_on) break;
  }
  return current;
}

Graph run_pipeline(const Graph& graph, Stage from, Stage to, PassContext& context,
                   const PassObserver& observer) {
  Graph current = graph;
  Stage reached = from;
  bool stopped = false;
  const PassObserver watch = [&](const PassReport& report, const Graph& before, const Graph& after) {
    stopped = observer && !observer(report, before, after);
    return !stopped;
  };
  while (reached < to) {
    const auto next = static_cast<Stage>(static_cast<int>(reached) + 1);
    current = run_passes(current, passes_to(next), context, watch);
    if (stopped) break;
    reached = next;
  }
  Attributes header = current.header();
  header.set("stage", std::string(name(reached)));
  current.set_header(std::move(header));
  return current;
}

}  // namespace gradus
