// Schedules: how the loops of a kernel are cut, ordered and shared out to threads. Decisions for speed, as
// data with a text form, chosen by the pass `schedule`, obeyed by lowering. None of them changes a result.
//
// A kernel's schedule is a list of parts, one per stage of it in the order of ir/kernel/stages.h, as
//   schedule="tile 8x48 block 12 epilogue memory grain 200000; map chunk 2048 grain 28572"
// A part is the name of its kind and settings after it, in any order. A setting that is left out is the plain
// one; that of a stage whose loops nobody shares has no `grain`.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "ir/graph.h"

namespace gradus {

// `grain`: the least work of a task that is worth handing to a thread; 0, which no text says: no loop is
// shared out. Work is counted in the points that a stage visits: the multiply-adds of a contraction, the
// elements that a reduction or a window reads, else the elements of the result.

// Elements of results, each by itself, as one loop over merged axes in chunks of so many elements. `cut`:
// where along the last axis of the results one loop ends and the next begins, ascending. A loop between the
// bounds of what is padded or joined reads and computes only what counts there.
struct MapSchedule {
  static constexpr std::string_view word = "map";
  int64_t chunk = 2048;
  std::vector<int64_t> cut;
  int64_t grain = 0;
  template <class Visit>
  void settings(Visit visit) {
    visit("chunk", chunk);
    visit("cut", cut);
    visit("grain", grain);
  }
  friend bool operator==(const MapSchedule&, const MapSchedule&) = default;
};

// A whole kernel row by row. `keep`: values of a row that are computed once and kept in a small array for
// the stages that read them after the first. Nodes of the body here, in the text the numbers of its
// statements, of which the first is 1.
struct RowsSchedule {
  static constexpr std::string_view word = "rows";
  std::vector<uint32_t> keep;
  int64_t grain = 0;
  template <class Visit>
  void settings(Visit visit) {
    visit("keep", keep);
    visit("grain", grain);
  }
  friend bool operator==(const RowsSchedule&, const RowsSchedule&) = default;
};

// A reduction. Where its axes leave the last one alone: so many neighbouring outputs side by side, and so
// many blocks of their sums at once (chains that hide each other's latency).
struct ReductionSchedule {
  static constexpr std::string_view word = "reduce";
  int64_t columns = 16;
  int64_t together = 1;
  int64_t grain = 0;
  template <class Visit>
  void settings(Visit visit) {
    visit("columns", columns);
    visit("together", together);
    visit("grain", grain);
  }
  friend bool operator==(const ReductionSchedule&, const ReductionSchedule&) = default;
};

// Outputs that each visit many elements (windows, running sums, positions of extremes, contractions in their
// plain form): so many neighbouring ones side by side. `unroll`: the taps of a window are written out.
struct OutputsSchedule {
  static constexpr std::string_view word = "outputs";
  int64_t columns = 16;
  bool unroll = false;
  int64_t grain = 0;
  template <class Visit>
  void settings(Visit visit) {
    visit("columns", columns);
    visit("unroll", unroll);
    visit("grain", grain);
  }
  friend bool operator==(const OutputsSchedule&, const OutputsSchedule&) = default;
};

// What the epilogue of a tile works on.
enum class EpilogueSource : uint8_t {
  registers,  // on the accumulators
  memory,     // row by row over the tile in memory, where it does not crowd out the accumulators
  run,        // the same, and from where positions do not matter over the whole tile as one run of elements
};

// A contraction by register tiles.
//   dot, rows x columns. `block`: so many tiles of rows work on one panel of columns, then on the next.
//   conv and its input gradient, pixels x output channels. `block`: images.
//   filter gradient, window rows x window columns x input channels x output channels. `block`: rows of
//   pixels.
struct TileSchedule {
  static constexpr std::string_view word = "tile";
  std::vector<int64_t> tile = {1, 16};
  int64_t block = 1;
  EpilogueSource epilogue = EpilogueSource::registers;
  int64_t grain = 0;

  int64_t columns() const { return tile.back(); }
  template <class Visit>
  void settings(Visit visit) {
    visit("", tile);
    visit("block", block);
    visit("epilogue", epilogue);
    visit("grain", grain);
  }
  friend bool operator==(const TileSchedule&, const TileSchedule&) = default;
};

// Updates that are added where an index says.
struct ScatterSchedule {
  static constexpr std::string_view word = "scatter";
  int64_t grain = 0;
  template <class Visit>
  void settings(Visit visit) {
    visit("grain", grain);
  }
  friend bool operator==(const ScatterSchedule&, const ScatterSchedule&) = default;
};

// A row in order, by merging; `insert`: by insertion into a list of those wanted.
struct SortSchedule {
  static constexpr std::string_view word = "sort";
  bool insert = false;
  int64_t grain = 0;
  template <class Visit>
  void settings(Visit visit) {
    visit("insert", insert);
    visit("grain", grain);
  }
  friend bool operator==(const SortSchedule&, const SortSchedule&) = default;
};

// One thing after the other: there is nothing to decide.
struct SerialSchedule {
  static constexpr std::string_view word = "serial";
  template <class Visit>
  void settings(Visit) {}
  friend bool operator==(const SerialSchedule&, const SerialSchedule&) = default;
};

using StageSchedule = std::variant<MapSchedule, RowsSchedule, ReductionSchedule, OutputsSchedule,
                                   TileSchedule, ScatterSchedule, SortSchedule, SerialSchedule>;
using Schedule = std::vector<StageSchedule>;

// `body`: the kernel's, whose values `keep` names.
std::string to_string(const StageSchedule& part, const Graph& body);
std::string to_string(const Schedule& schedule, const Graph& body);
// Throws ShapeError for what is no text of a schedule.
Schedule parse_schedule(std::string_view text, const Graph& body);

}  // namespace gradus
