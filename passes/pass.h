// What a pass is: a pure function from graph to graph, with a name and one line of documentation.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "ir/builder.h"
#include "ir/error.h"
#include "ir/graph.h"
#include "ir/target.h"
#include "passes/schedule/overrides.h"

namespace gradus {

struct PassContext {
  bool memoize = true;             // false: no hash-consing, no accumulation of adjoints (`--no-memo`)
  size_t node_limit = 20'000'000;  // the user's error beyond this
  uint64_t memo_hits = 0;          // values that derivatives asked for and that existed already
  // Of new nodes: a pass goes into bodies with the context of the graph around them.
  std::shared_ptr<IdSource> ids = std::make_shared<IdSource>();
  std::vector<Diagnostic> warnings;
  Target target = host();                                  // that schedules are chosen for
  std::shared_ptr<ScheduleOverrides> schedules = nullptr;  // none, or in place of chosen ones
};

struct Pass {
  std::string_view name;
  std::string_view summary;
  Graph (*run)(const Graph&, PassContext&);
};

Graph simplify(const Graph& graph, PassContext& context);
Graph stabilize(const Graph& graph, PassContext& context);
Graph differentiate(const Graph& graph, PassContext& context);
Graph differentiate_forward(const Graph& graph, PassContext& context);
Graph check_numerics(const Graph& graph, PassContext& context);
Graph hoist(const Graph& graph, PassContext& context);
Graph memoize(const Graph& graph, PassContext& context);
Graph fuse(const Graph& graph, PassContext& context);
Graph layout(const Graph& graph, PassContext& context);
Graph schedule(const Graph& graph, PassContext& context);
Graph order(const Graph& graph, PassContext& context);
Graph plan_buffers(const Graph& graph, PassContext& context);

}  // namespace gradus
