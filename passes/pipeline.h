// The passes in the order of the pipeline, and the one function that runs them.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "passes/pass.h"

namespace gradus {

std::span<const Pass> all_passes();            // each once, in order of first use
const Pass* find_pass(std::string_view name);  // null if there is none

// The stages that `gradus dump` names, and the passes that lead from each to the next.
enum class Stage { forward, backward, optimized, kernels };
std::string_view name(Stage stage);
std::optional<Stage> stage_named(std::string_view name);
std::span<const std::string_view> passes_to(Stage stage);  // from the stage before

struct PassReport {
  std::string_view pass;
  size_t nodes_before = 0;
  size_t nodes_after = 0;
  bool changed = false;
  double milliseconds = 0;
  Graph (*run)(const Graph&, PassContext&) = nullptr;
};

// Called after each pass with the graphs before and after; return false to stop there.
using PassObserver = std::function<bool(const PassReport&, const Graph& before, const Graph& after)>;

// Runs the passes from stage `from` (what the graph is) up to stage `to`. Verifies after every pass in debug
// builds. The result's header names the last stage that was reached in full.
Graph run_pipeline(const Graph& graph, Stage from, Stage to, PassContext& context,
                   const PassObserver& observer = {});
// Runs one list of passes.
Graph run_passes(const Graph& graph, std::span<const std::string_view> names, PassContext& context,
                 const PassObserver& observer = {});

}  // namespace gradus
