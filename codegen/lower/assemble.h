// Assembles a program: main's arguments, workspace, the order of calls, scans as loops around calls, the
// status check and the commit of updates.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <unordered_map>

#include "codegen/lower/kernel.h"
#include "codegen/lower/kernel_functions.h"
#include "ir/ops/scan.h"
#include "ir/placement.h"

namespace gradus::lowering {

class Assembler {
 public:
  Assembler(const Graph& graph, const Target& target);
  loop::Program run() &&;

 private:
  // Where a value lies: an argument of main, or part of one (leading indices), or a flat piece of the
  // workspace from an element on.
  struct Location {
    int64_t buffer = -1;
    std::vector<loop::Expression> lead;
    loop::Expression offset;  // null: 0
    bool same_place(const Location& other) const {
      return buffer == other.buffer && lead == other.lead && offset == other.offset;
    }
  };
  using Locations = std::map<Value, Location>;
  // What the placements in a graph refer to.
  struct Places {
    std::vector<Location> results;
    std::vector<Location> inputs;
    int64_t workspace = 0;  // where the graph's own part of the workspace begins
  };
  // Where a carry of a scan lies.
  struct CarryPlaces {
    Location result;  // the scan's
    std::vector<Location>
        histories;  // a step reads its row of the first, and the next value goes to `result`
    std::optional<Location>
        turns;  // without a history: two places, `stride` elements apart, for even and odd steps
    int64_t count = 0, stride = 0;  // elements
  };
  // A body that was lowered, with how its function is called.
  struct KnownKernel {
    std::shared_ptr<const Graph> body;
    std::vector<int64_t> alias;
    Schedule schedule;
    LoweredKernel lowered;  // without functions
  };

  void bind_arguments();
  void commit();
  void check_status();

  void emit_nodes(const Graph& graph, Locations& locations, const Places& places);
  void emit_kernel(const Graph& graph, uint32_t index, Locations& locations, const Places& places);
  void emit_scan(const Graph& graph, uint32_t index, Locations& locations, const Places& places);
  std::vector<int64_t> scratch_offsets(const Node& scan, const Places& places);
  std::vector<int64_t> planned_scratch(const Node& kernel, const Places& places) const;
  CarryPlaces place_carry(const ops::ScanLayout& layout, size_t carry, const Type& type,
                          const std::vector<Location>& results, int64_t turns);
  Location location_of(const Placement& place, const Type& type, const Places& places);
  std::vector<Location> result_locations(const Graph& graph, uint32_t index, const Places& places);
  const KnownKernel& kernel_for(const Graph& graph, uint32_t index, const std::vector<int64_t>& alias);
  const KnownKernel& kernel_of(std::shared_ptr<const Graph> body, const std::vector<int64_t>& alias,
                               const Schedule& schedule, const Origins& origins);
  // `scratch`: where the pieces lie that the kernel works in, as far as they are planned.
  void call(const KnownKernel& kernel, const std::vector<Location>& operands,
            const std::vector<Location>& results, const std::vector<int64_t>& scratch);
  Location locate(const Graph& graph, Value value, Locations& locations);

  Location allocate(const Type& type);
  Location unplanned_scratch(int64_t offset, const KernelScratch& scratch);
  Location workspace_at(int64_t offset, ElementType element, int64_t count);
  Location place_constant(const Node& node);
  void copy(const Location& from, const Location& to, int64_t count);
  loop::View view(const Location& location) const;
  Location slice(const Location& whole, const loop::Expression& index, int64_t count);

  const Graph& graph_;
  const Target& target_;
  loop::Program program_;
  FunctionBuilder main_;
  Places places_;  // of the graph itself
  Locations locations_;
  Location status_;
  int64_t workspace_end_ = 0;
  int64_t scratch_bytes_ = 0;
  std::vector<std::pair<int64_t, int64_t>> scratch_buffers_;  // buffer of main, offset within the scratch
  std::unordered_multimap<size_t, KnownKernel> known_;        // by the body's hash
  KernelFunctions functions_;
  std::set<std::string> copies_;
  using Piece = std::tuple<int64_t, ElementType, int64_t>;  // offset, element, count
  std::map<Piece, int64_t> pieces_, scratch_pieces_;
  std::vector<int64_t> constants_;  // buffers of main with listed values
};

}  // namespace gradus::lowering
