#include "ir/kernel/legal.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "ir/kernel/map_nest.h"
#include "ir/kernel/nests.h"
#include "ir/kernel/reduction_nest.h"
#include "ir/kernel/row_sweeps.h"
#include "ir/op.h"

namespace gradus {

namespace {

// Of what is written out or lies in registers and small arrays: beyond these a function takes minutes to
// compile or overflows a stack.
constexpr int64_t most_columns = 512;
constexpr int64_t most_tile_rows = 64;
constexpr int64_t most_tile_elements = 4096;
constexpr int64_t most_together = 64;
constexpr int64_t most_row = int64_t{1} << 18;  // its blocks are written out
constexpr int64_t most_chunk = int64_t{1} << 24;
constexpr int64_t most_cuts = 64;
constexpr int64_t most_taps = 64;
constexpr int64_t most_inserted = 1024;

void expect(bool holds, std::string message, std::string hint = {}) {
  if (!holds) throw ShapeError(std::move(message), std::move(hint));
}

void expect_at_most(std::string_view what, int64_t number, int64_t most) {
  expect(number <= most, fmt::format("{} is {}, expected at most {}", what, number, most));
}

class Legality {
 public:
  Legality(const KernelStages& stages, size_t stage) : stages_(stages), stage_(stage) {}

  void check(const StageSchedule& part) const {
    std::visit([this](const auto& schedule) { check_part(schedule); }, part);
  }

 private:
  StageKind kind() const { return stages_.all()[stage_].kind; }
  const Node& node() const { return stages_.body().node(stages_.all()[stage_].node); }

  void expect_kind(bool is_it, std::string_view word) const {
    expect(is_it, fmt::format("'{}' is no schedule of stage {}, '{}'", word, stage_, node().op->name));
  }

  void check_part(const MapSchedule& map) const {
    expect_kind(kind() == StageKind::map, map.word);
    expect_at_most("chunk", map.chunk, most_chunk);
    expect(map.cut.empty(), "'cut' is for results that no stage stores");
  }
  void check_part(const RowsSchedule& rows) const { expect_kind(false, rows.word); }
  void check_part(const ScatterSchedule& scatter) const {
    expect_kind(kind() == StageKind::scatter, scatter.word);
  }
  void check_part(const SerialSchedule& serial) const {
    expect_kind(kind() == StageKind::serial, serial.word);
  }

  void check_part(const ReductionSchedule& reduction) const {
    expect_kind(kind() == StageKind::reduction, reduction.word);
    const ReductionNest nest(stages_.body(), node());
    expect_at_most("columns", reduction.columns, most_columns);
    expect_at_most("together", reduction.together,
                   std::clamp<int64_t>(nest.length / nest.block, 1, most_together));
    expect_at_most("columns x together", reduction.columns * reduction.together, most_tile_elements);
  }

  void check_part(const OutputsSchedule& outputs) const {
    expect_kind(kind() == StageKind::outputs || kind() == StageKind::contraction, outputs.word);
    expect_at_most("columns", outputs.columns, most_columns);
    if (!outputs.unroll) return;
    expect(node().op->traits.access == Access::window, "'unroll' is for windows alone");
    expect_at_most("an unrolled window", element_count(node().attributes.integers("window")), most_taps);
  }

  void check_part(const SortSchedule& sort) const {
    expect_kind(kind() == StageKind::sort, sort.word);
    if (!sort.insert) return;
    expect(node().attributes.has("k"), "'insert' is for the first few of an order alone");
    expect_at_most("a list for insertion", node().types[0].shape.back(), most_inserted);
  }

  void check_part(const TileSchedule& tile) const {
    expect_kind(kind() == StageKind::contraction, tile.word);
    const std::optional<ContractionNest> nest = contraction_nest(stages_, stage_);
    expect(nest.has_value(), "this contraction has no tiles", "its schedule is 'outputs …'");
    const Shape extents = tiled_extents(*nest);
    expect(tile.tile.size() == extents.size(),
           fmt::format("a tile of {} extents, expected {}", tile.tile.size(), extents.size()));
    int64_t rows = 1;
    for (size_t i = 0; i + 1 < extents.size(); ++i) {
      expect_at_most("a tile's extent", tile.tile[i], std::min(extents[i], most_tile_rows));
      rows *= tile.tile[i];
    }
    expect_at_most("rows of a tile", rows, most_tile_rows);
    expect_at_most("columns of a tile", tile.columns(), most_columns);
    expect_at_most("elements of a tile", rows * tile.columns(), most_tile_elements);
    if (const int64_t width = panel_width(*nest); width > 0)
      expect(tile.columns() == width,
             fmt::format("a tile of {} columns on panels of {}", tile.columns(), width),
             "the operand's layout says how wide its panels are");
    const auto* convolution = std::get_if<ConvolutionNest>(&*nest);
    if (convolution) {
      expect_at_most("rows of a tile times taps of a window", rows * convolution->window[1],
                     std::max(most_tile_elements, convolution->window[1]));
      expect(convolution->is_readable(), "the gradient by the input needs its filter in panels",
             "`relayout` lays it out so");
    }
    if (tile.epilogue == EpilogueSource::run)
      expect(is_dense(*nest, tile.columns()) && stages_.epilogue(stage_).pivot(),
             "an epilogue cannot run over this tile as one",
             "it needs one panel of columns, and rows that follow each other");
    if (!std::holds_alternative<FilterNest>(*nest)) return;
    expect(tile.epilogue == EpilogueSource::registers, "a filter's gradient has no epilogue in its tiles");
  }

  const KernelStages& stages_;
  size_t stage_;
};

void check_map(const KernelStages& stages, const Schedule& schedule) {
  const auto* map = std::get_if<MapSchedule>(&schedule.back());
  expect(map != nullptr, "the last part of the schedule is no 'map'",
         "it is for the results that no stage stores");
  expect_at_most("chunk", map->chunk, most_chunk);
  if (map->cut.empty()) return;
  const int64_t columns = MapNest(stages, stages.map_results(schedule)).columns();
  expect(columns > 0, "these results have no last axis in common that could be cut");
  expect_at_most("cuts of an axis", static_cast<int64_t>(map->cut.size()), most_cuts);
  int64_t before = 0;
  for (const int64_t cut : map->cut) {
    expect(cut > before && cut < columns,
           fmt::format("a cut at {}, expected one from {} to {}", cut, before + 1, columns - 1),
           fmt::format("cuts ascend within the last axis of the results, which has {} elements", columns));
    before = cut;
  }
}

void check_rows(const Graph& body, const RowsSchedule& schedule) {
  const std::optional<RowSweeps> rows = RowSweeps::of(body);
  expect(rows.has_value(), "this kernel cannot be computed row by row");
  expect_at_most("the elements of a row", rows->length(), most_row);
  int64_t bytes = 0;
  for (const uint32_t node : schedule.keep) {
    expect(rows->may_keep(node), fmt::format("%{} cannot be kept for a row", body.node(node).id),
           "it must be a value of the row that all sweeps read at their own element");
    expect(std::count(schedule.keep.begin(), schedule.keep.end(), node) == 1,
           fmt::format("%{} is kept twice", body.node(node).id));
    bytes += rows->kept_bytes(node);
  }
  expect_at_most("what a row keeps, in bytes,", bytes, RowSweeps::most_kept_bytes);
}

StageSchedule plain_part(StageKind kind) {
  switch (kind) {
    case StageKind::map:
      return MapSchedule{};
    case StageKind::reduction:
      return ReductionSchedule{};
    case StageKind::outputs:
    case StageKind::contraction:
      return OutputsSchedule{};
    case StageKind::scatter:
      return ScatterSchedule{};
    case StageKind::sort:
      return SortSchedule{};
    case StageKind::serial:
      return SerialSchedule{};
  }
  return SerialSchedule{};
}

}  // namespace

void check_schedule(const Graph& body, const Schedule& schedule) {
  if (is_by_rows(schedule)) return check_rows(body, std::get<RowsSchedule>(schedule[0]));
  const KernelStages stages(body);
  const size_t count = stages.all().size();
  expect(schedule.size() >= count,
         fmt::format("a schedule of {} parts for {} stages", schedule.size(), count));
  for (size_t stage = 0; stage < count; ++stage) Legality(stages, stage).check(schedule[stage]);
  const bool has_map = !stages.map_results(schedule).empty();
  expect(schedule.size() == count + (has_map ? 1 : 0),
         fmt::format("a schedule of {} parts, expected {}", schedule.size(), count + (has_map ? 1 : 0)),
         has_map ? "the last one, 'map', is for results that no stage stores" : "");
  if (has_map) check_map(stages, schedule);
}

bool is_legal(const KernelStages& stages, size_t stage, const StageSchedule& part) {
  try {
    Legality(stages, stage).check(part);
    return true;
  } catch (const ShapeError&) {
    return false;
  }
}

Schedule plain_schedule(const Graph& body) {
  const KernelStages stages(body);
  Schedule schedule;
  for (const KernelStage& stage : stages.all()) schedule.push_back(plain_part(stage.kind));
  if (!stages.map_results(schedule).empty()) schedule.push_back(MapSchedule{});
  return schedule;
}

}  // namespace gradus
