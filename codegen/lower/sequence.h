// A function of calls in the making: main, or a block that others call. Knows where each value of its graph
// lies, and calls the functions of the kernels in the graph's order; a scan is a loop around the calls of its
// body.
#pragma once

#include <map>
#include <optional>
#include <tuple>
#include <vector>

#include "codegen/lower/function_builder.h"
#include "codegen/lower/program_functions.h"
#include "ir/graph.h"
#include "ir/ops/scan.h"
#include "ir/placement.h"

namespace gradus::lowering {

class Sequence {
 public:
  // Where a value lies: a parameter, or part of one (leading indices), or a flat piece of the workspace from
  // an element on.
  struct Location {
    int64_t buffer = -1;
    std::vector<loop::Expression> lead;
    loop::Expression offset;  // null: 0
    bool same_place(const Location& other) const {
      return buffer == other.buffer && lead == other.lead && offset == other.offset;
    }
  };

  Sequence(std::string name, const Graph& graph, ProgramFunctions& functions);

  // Another parameter. `bind_…` says which value of the graph it holds: the inputs and results in any order,
  // all of them before `run`.
  Location parameter(std::string name, loop::BufferRole role, const Type& type);
  void bind_input(size_t input, Location location);
  void bind_result(Location location);
  // What fails a check of the step is told here, and ends it.
  void bind_status(Location location);

  void run();  // everything that the graph computes; results and updates last
  loop::Function finish() &&;

 private:
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

  void check_status();
  void emit_nodes(const Graph& graph, Locations& locations, const Places& places);
  std::vector<Location> locate(const Graph& graph, const std::vector<Value>& values, Locations& locations);
  Location locate(const Graph& graph, Value value, Locations& locations);
  Location location_of(const Placement& place, const Type& type, const Places& places);
  std::vector<Location> result_locations(const Graph& graph, uint32_t index, const Places& places);

  void emit_kernel(const Graph& graph, uint32_t index, Locations& locations, const Places& places);
  void emit_block(const Graph& graph, uint32_t index, Locations& locations, const Places& places);
  int64_t workspace_of_block(const Node& call, const Block& block, const Places& places);
  // The pieces that a kernel works in, as far as they are planned.
  std::vector<int64_t> planned_scratch(const Node& kernel, const Places& places) const;
  std::vector<Location> kernel_scratch(const Node& node, const KnownKernel& kernel, const Places& places);

  // sequence_scan.cpp
  void emit_scan(const Graph& graph, uint32_t index, Locations& locations, const Places& places);
  std::vector<int64_t> scan_scratch(const Node& scan, const Places& places);
  CarryPlaces place_carry(const ops::ScanLayout& layout, size_t carry, const Type& type,
                          const std::vector<Location>& results, int64_t turns);
  Location carried(const CarryPlaces& carry, const loop::Expression& turn, const loop::Expression& at) const;

  Location workspace_at(int64_t offset, ElementType element, int64_t count);
  Location unplanned_scratch(int64_t offset, const KernelScratch& scratch);
  int64_t allocate(int64_t bytes);  // behind what is planned; returns where
  Location place_constant(const Node& node);
  void copy(const Location& from, const Location& to, int64_t count);
  loop::View view(const Location& location) const;
  Location slice(const Location& whole, const loop::Expression& index, int64_t count) const;

  const Graph& graph_;
  ProgramFunctions& functions_;
  FunctionBuilder f_;
  Places places_;  // of the graph itself
  Locations locations_;
  std::optional<Location> status_;
  int64_t workspace_end_ = 0;
  int64_t scratch_bytes_ = 0;
  std::vector<std::pair<int64_t, int64_t>> scratch_buffers_;  // buffer, offset within what is not planned
  using Piece = std::tuple<int64_t, ElementType, int64_t>;    // offset, element, count
  std::map<Piece, int64_t> pieces_, scratch_pieces_;          // buffers; equal pieces share one
  std::vector<int64_t> constants_;                            // buffers with listed values
};

}  // namespace gradus::lowering
