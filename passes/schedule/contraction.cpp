// Tiles for contractions. A tile is as large as the registers allow: one vector for each of its columns'
// vectors, one broadcast and the accumulators live at once; what they are estimated to cost decides among
// widths.
#include <algorithm>

#include "ir/kernel/legal.h"
#include "ir/kernel/nests.h"
#include "ir/op.h"
#include "passes/schedule/choose.h"
#include "passes/schedule/estimate.h"

namespace gradus {

namespace {

struct Tile {
  int64_t rows, columns;
};

// Of each width; `panel`: of the width that the columns' operand fixes, if it lies in panels.
std::vector<Tile> tiles(int64_t rows, int64_t columns, int64_t panel, int64_t lanes, const Target& target) {
  std::vector<Tile> found;
  const auto add = [&](int64_t vectors, int64_t width) {
    const int64_t fitting = (target.vector_registers - 1 - vectors) / vectors;
    const int64_t most =
        std::min(fitting, vectors == 3 ? bounds::tile_rows_of_three_vectors : bounds::tile_rows);
    if (most >= 1 || panel > 0)
      found.push_back({RowTiles(rows, std::clamp<int64_t>(most, 1, rows)).height, width});
  };
  if (panel > 0) {
    add(divide_up(panel, lanes), panel);
    return found;
  }
  for (int64_t vectors = 1; vectors <= std::min(bounds::tile_vectors, divide_up(columns, lanes)); ++vectors)
    add(vectors, vectors * lanes);
  return found;
}

// A tile of the nest as it is, or as it would be if the columns' operand lay in panels of the tile's width.
struct Option {
  TileSchedule schedule;
  bool in_panels = false;
};

// A long epilogue would crowd out the accumulators: it runs over the tile in memory; over all of it at once
// where the rows of a narrow one would leave a quarter of the lanes idle.
EpilogueSource epilogue_source(const Epilogue& epilogue, const ContractionNest& nest, int64_t columns,
                               int64_t lanes) {
  if (epilogue.operations() <= bounds::register_operations) return EpilogueSource::registers;
  const int64_t width = Panels(tiled_extents(nest).back(), columns).last;
  const bool narrow = 4 * width <= 3 * divide_up(width, lanes) * lanes;
  return narrow && is_dense(nest, columns) && epilogue.pivot() ? EpilogueSource::run : EpilogueSource::memory;
}

struct Maker {
  const Target& target;
  ElementType element;
  int64_t lanes;
  Epilogue epilogue;
  int64_t task;  // multiply-adds

  // So many tiles of rows as fill half of the second cache work on one panel after the other; where there are
  // few panels, each tile of rows takes all of them.
  int64_t dot_block(const DotNest& nest, const Tile& tile) const {
    const RowTiles rows(nest.rows.extent, tile.rows);
    if (rows.count == 1 || Panels(nest.columns.extent, tile.columns).count < bounds::blocked_panels) return 1;
    const int64_t bytes = nest.terms * size_in_bytes(element) * tile.rows;
    return std::min(rows.count, std::max(bounds::block_row_tiles, target.level2_bytes / 2 / bytes));
  }

  std::vector<Option> operator()(const DotNest& nest) const {
    const bool has_panels = nest.b.panel_width > 0;
    std::vector<Option> options;
    for (const Tile& tile : tiles(nest.rows.extent, nest.columns.extent, nest.b.panel_width, lanes, target))
      for (const bool in_panels : {false, true}) {
        if (has_panels && !in_panels) continue;
        TileSchedule schedule{{tile.rows, tile.columns}, dot_block(nest, tile)};
        schedule.epilogue = epilogue_source(epilogue, nest, tile.columns, lanes);
        schedule.grain = task;
        options.push_back({schedule, in_panels});
      }
    return options;
  }

  std::vector<Option> operator()(const ConvolutionNest& nest) const {
    const int64_t weights = nest.filter_in * nest.filter_out * nest.window[0] * nest.window[1];
    std::vector<Option> options;
    for (Tile tile : tiles(nest.widest(), nest.outputs, nest.panel_width, lanes, target)) {
      // The taps of a row are unrolled: a long window takes a lower tile.
      const int64_t vectors = divide_up(tile.columns, lanes);
      while (tile.rows > 2 && tile.rows * vectors * nest.window[1] > bounds::unrolled_vectors)
        tile.rows = (tile.rows + 1) / 2;
      const bool one_panel = Panels(nest.outputs, tile.columns).count == 1;
      // Weights beyond half the cache are streamed once: all images work on one panel, then on the next.
      const bool streams =
          !one_panel && (2 * weights * size_in_bytes(element) > target.level2_bytes || nest.batch == 1);
      TileSchedule schedule{{tile.rows, tile.columns}, streams ? nest.batch : 1};
      schedule.epilogue = epilogue_source(epilogue, nest, tile.columns, lanes);
      schedule.grain = task;
      if (nest.panel_width == 0 && nest.forward) options.push_back({schedule, false});
      options.push_back({schedule, true});
    }
    return options;
  }

  // All channels if they fit, then window columns, then window rows; then less of each. Blocks of pixels fill
  // three quarters of the first cache.
  std::vector<Option> operator()(const FilterNest& nest) const {
    const int64_t needed = divide_up(nest.outputs, lanes);
    const int64_t vectors = needed <= 4 && needed != 3 ? std::min<int64_t>(needed, 2)
                            : needed % 3 == 0          ? 3
                                                       : 2;
    const int64_t most = std::max<int64_t>(1, (target.vector_registers - 2 - vectors) / vectors);
    const RowTiles channels(nest.channels, most);
    const int64_t fitting = channels.count == 1 ? std::max<int64_t>(1, most / channels.height) : 1;
    const RowTiles columns(nest.window[1], fitting);
    const bool whole = channels.count == 1 && columns.count == 1;
    const int64_t wide = columns.height * channels.height;
    const int64_t window_rows = std::clamp<int64_t>(whole ? most / wide : 1, 1, nest.window[0]);
    const std::vector<int64_t> tallest = {window_rows, columns.height, channels.height,
                                          std::min(nest.outputs, vectors * lanes)};
    std::vector<Option> options = {filter_option(nest, tallest)};
    for (size_t axis = 0; axis < 3; ++axis)
      for (std::vector<int64_t> lower = tallest; lower[axis] > 1;) {
        lower[axis] = divide_up(lower[axis], 2);
        options.push_back(filter_option(nest, lower));
      }
    return options;
  }

  Option filter_option(const FilterNest& nest, const std::vector<int64_t>& tile) const {
    const int64_t row_bytes =
        size_in_bytes(element) *
        (nest.extent[1] * nest.channels * std::min<int64_t>(tile[0], 2) + nest.output[1] * nest.outputs);
    const int64_t block =
        std::max(divide_up(bounds::filter_pixels, nest.output[1]), target.level1_bytes * 3 / 4 / row_bytes);
    TileSchedule schedule{tile, std::min(block, nest.chunk_rows)};
    schedule.grain = task;
    return {schedule, false};
  }
};

std::vector<Option> options_of(const KernelStages& stages, size_t stage, const ContractionNest& nest,
                               const Target& target) {
  const Node& node = stages.body().node(stages.all()[stage].node);
  const ElementType element = node.types[0].element;
  const int64_t task =
      grain(weights::tiled_multiply_add, static_cast<double>(multiply_adds(stages.body(), node)));
  return std::visit(
      Maker{target, element, std::max<int64_t>(1, target.lanes(element)), stages.epilogue(stage), task},
      nest);
}

}  // namespace

std::vector<StageSchedule> contraction_candidates(const KernelStages& stages, size_t stage,
                                                  const Target& target) {
  std::vector<StageSchedule> candidates;
  const std::optional<ContractionNest> nest = contraction_nest(stages, stage);
  if (!nest) return candidates;
  const bool has_panels = panel_width(*nest) > 0;
  for (const Option& option : options_of(stages, stage, *nest, target))
    if (option.in_panels == has_panels && is_legal(stages, stage, option.schedule))
      candidates.push_back(option.schedule);
  return candidates;
}

int64_t wanted_panels(const KernelStages& stages, size_t stage, double uses,
                      const std::vector<int64_t>& existing, const Target& target) {
  const std::optional<ContractionNest> nest = contraction_nest(stages, stage);
  if (!nest || panel_width(*nest) > 0) return 0;
  const ElementType element = stages.body().node(stages.all()[stage].node).types[0].element;
  const Option* best = nullptr;
  double least = 0;
  const std::vector<Option> options = options_of(stages, stage, *nest, target);
  for (const Option& option : options) {
    const bool exists = std::count(existing.begin(), existing.end(), option.schedule.columns()) > 0;
    const ScheduleCost cost = estimate_tiles(*nest, option.schedule, option.in_panels, element, target);
    const double total = cost.total() - cost.packing * (exists ? 1 : 1 - 1 / uses);
    if (best && total >= least) continue;
    best = &option;
    least = total;
  }
  return best && best->in_panels ? best->schedule.columns() : 0;
}

}  // namespace gradus
