// Tiles for contractions. A tile is as large as the registers allow: one vector for each of its columns'
// vectors, one broadcast and the accumulators live at once; then what a step of the chain costs, how often it
// runs, and what reading or packing the columns adds, decide among widths.
#include <algorithm>
#include <array>

#include "ir/kernel/legal.h"
#include "ir/kernel/nests.h"
#include "ir/op.h"
#include "passes/schedule/choose.h"

namespace gradus {

namespace {

int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Bytes of a cache line.
constexpr int64_t line = 64;
// Rows that lie so many bytes apart fall into the same few sets of a first cache.
constexpr int64_t aliasing_stride = 1024;
// From so many such rows on they push each other out.
constexpr int64_t most_aliasing_rows = 64;
// Cycles of a line that was pushed out before it was read again.
constexpr double miss_cycles = 3.1;
// Cycles of copying an element that is gathered, and a byte of what is read and written in whole lines.
constexpr double gathered_copy_cycles = 0.75;
constexpr double copied_byte_cycles = 0.1875;
// Multiply-adds of vectors and loads that start in a cycle, and the cycles until a multiply-add's result.
constexpr double multiply_adds_per_cycle = 2;
constexpr double loads_per_cycle = 2;
constexpr double multiply_add_latency = 4;
// A step of a narrow tile costs so much more per vector that it has fewer than four; so does every function
// that has to be generated beside the first.
constexpr double narrow_penalty = 0.02;
constexpr double variant_penalty = 0.04;
// Rows of a tile; taller ones were not faster where they were measured.
constexpr int64_t tallest = 14;
constexpr int64_t tallest_of_three_vectors = 8;
// Vectors of accumulators times taps of a window's row that are written out in one loop body.
constexpr int64_t most_unrolled_vectors = 256;

// What a tile multiplies.
struct Operands {
  int64_t rows = 1, columns = 1;
  double steps = 1;      // of chains, per output, of all outer axes
  bool gathers = false;  // unpacked columns do not lie side by side
  bool aliases = false;  // unpacked rows of columns push each other out of the cache
  double elements = 0;   // of the columns' operand
  bool packs = true;     // panels have to be made first
  double passes = 0;     // over all rows of a tile, with the same columns
};

struct Tile {
  int64_t rows, vectors, columns;
};

// Of each width; `panel`: of the width that the columns' operand fixes, if it lies in panels.
std::vector<Tile> tiles(int64_t rows, int64_t columns, int64_t panel, int64_t lanes, const Target& target) {
  std::vector<Tile> found;
  const auto add = [&](int64_t vectors, int64_t width) {
    const int64_t fitting = (target.vector_registers - 1 - vectors) / vectors;
    const int64_t most = std::min(fitting, vectors == 3 ? tallest_of_three_vectors : tallest);
    if (most >= 1 || panel > 0)
      found.push_back({RowTiles(rows, std::clamp<int64_t>(most, 1, rows)).height, vectors, width});
  };
  if (panel > 0) {
    add(divide_up(panel, lanes), panel);
    return found;
  }
  for (int64_t vectors = 1; vectors <= 4; ++vectors)
    add(vectors, std::min(vectors, divide_up(columns, lanes)) * lanes);
  return found;
}

// A tile of the nest as it is, or as it would be if the columns' operand lay in panels of the tile's width.
struct Option {
  TileSchedule schedule;
  bool in_panels = false;
  ScheduleCost cost;
};

ScheduleCost cost_of(const Tile& tile, const Operands& operands, bool packed, int64_t lanes,
                     ElementType element) {
  const RowTiles rows(operands.rows, tile.rows);
  const Panels panels(operands.columns, tile.columns);
  const auto height = static_cast<double>(tile.rows), vectors = static_cast<double>(tile.vectors);
  const bool gathers = operands.gathers && !packed;
  const double loads = height + vectors * (gathers ? static_cast<double>(lanes) : 1);
  const double step =
      std::max({height * vectors / multiply_adds_per_cycle, loads / loads_per_cycle, multiply_add_latency});
  ScheduleCost cost;
  cost.compute = step * static_cast<double>(rows.count * panels.count) * operands.steps;
  const bool even_rows = rows.high == rows.count;
  const bool even_columns = panels.count == 1 || panels.last == panels.width;
  const int variants = (even_rows ? 1 : 2) * (even_columns ? 1 : 2);
  cost.code = cost.compute * (narrow_penalty * (4 - vectors) + variant_penalty * (variants - 1));
  const auto bytes = static_cast<double>(size_in_bytes(element));
  if (packed && operands.packs)
    cost.packing = operands.elements * (operands.gathers ? gathered_copy_cycles : copied_byte_cycles * bytes);
  if (!packed && operands.aliases)
    cost.misses =
        miss_cycles * static_cast<double>(rows.count) * operands.passes * operands.elements * bytes / line;
  for (double* part : {&cost.compute, &cost.packing, &cost.misses, &cost.code})
    *part *= nanoseconds_per_cycle;
  return cost;
}

// A long epilogue would crowd out the accumulators: it runs over the tile in memory; over all of it at once
// where the rows of a narrow one would leave a quarter of the lanes idle.
EpiloguePlace place_epilogue(const Epilogue& epilogue, const ContractionNest& nest, int64_t columns,
                             int64_t lanes) {
  constexpr int64_t most_in_registers = 2;  // operations
  if (epilogue.operations() <= most_in_registers) return EpiloguePlace::registers;
  const int64_t width = Panels(tiled_extents(nest).back(), columns).last;
  const bool narrow = 4 * width <= 3 * divide_up(width, lanes) * lanes;
  return narrow && is_dense(nest, columns) && epilogue.pivot() ? EpiloguePlace::run : EpiloguePlace::memory;
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
    constexpr int64_t few_panels = 8;
    const RowTiles rows(nest.rows.extent, tile.rows);
    if (rows.count == 1 || Panels(nest.columns.extent, tile.columns).count < few_panels) return 1;
    const int64_t bytes = nest.terms * size_in_bytes(element) * tile.rows;
    return std::min(rows.count, std::max<int64_t>(4, target.level2_bytes / 2 / bytes));
  }

  std::vector<Option> operator()(const DotNest& nest) const {
    Operands operands{nest.rows.extent, nest.columns.extent,
                      static_cast<double>(nest.outer_count() * nest.terms)};
    const bool has_panels = nest.b.panel_width > 0;
    operands.elements = operands.steps * static_cast<double>(nest.columns.extent);
    operands.gathers = nest.b.stride != 1 && nest.columns.extent > 1;
    operands.aliases =
        nest.b.step * size_in_bytes(element) % aliasing_stride == 0 && nest.terms >= most_aliasing_rows;
    operands.packs = !has_panels;
    operands.passes = 1;
    std::vector<Option> options;
    for (const Tile& tile : tiles(nest.rows.extent, nest.columns.extent, nest.b.panel_width, lanes, target))
      for (const bool in_panels : {false, true}) {
        if (has_panels && !in_panels) continue;
        TileSchedule schedule{{tile.rows, tile.columns}, dot_block(nest, tile)};
        schedule.epilogue = place_epilogue(epilogue, nest, tile.columns, lanes);
        schedule.grain = task;
        options.push_back({schedule, in_panels, cost_of(tile, operands, in_panels, lanes, element)});
      }
    return options;
  }

  std::vector<Option> operator()(const ConvolutionNest& nest) const {
    Operands operands{nest.widest(), nest.outputs, static_cast<double>(nest.channels)};
    operands.steps *= static_cast<double>(nest.batch * nest.window[0] * nest.window[1]);
    const int64_t weights = nest.filter_in * nest.filter_out * nest.window[0] * nest.window[1];
    operands.elements = static_cast<double>(weights);
    operands.gathers = !nest.forward;
    operands.packs = nest.panel_width == 0;
    std::vector<Option> options;
    for (const Taps& rows : nest.taps[0]) operands.passes += static_cast<double>(nest.batch * rows.outputs);
    for (Tile tile : tiles(nest.widest(), nest.outputs, nest.panel_width, lanes, target)) {
      // The taps of a row are unrolled: a long window takes a lower tile.
      const int64_t vectors = divide_up(tile.columns, lanes);
      while (tile.rows > 2 && tile.rows * vectors * nest.window[1] > most_unrolled_vectors)
        tile.rows = (tile.rows + 1) / 2;
      const bool one_panel = Panels(nest.outputs, tile.columns).count == 1;
      // Weights beyond half the cache are streamed once: all images work on one panel, then on the next.
      const bool streams =
          !one_panel && (2 * weights * size_in_bytes(element) > target.level2_bytes || nest.batch == 1);
      TileSchedule schedule{{tile.rows, tile.columns}, streams ? nest.batch : 1};
      schedule.epilogue = place_epilogue(epilogue, nest, tile.columns, lanes);
      schedule.grain = task;
      operands.aliases = !one_panel;
      if (nest.panel_width == 0 && nest.forward)
        options.push_back({schedule, false, cost_of(tile, operands, false, lanes, element)});
      options.push_back({schedule, true, cost_of(tile, operands, true, lanes, element)});
    }
    return options;
  }

  // All channels if they fit, then window columns, then window rows. Blocks of pixels fill three quarters of
  // the first cache.
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
    const int64_t row_bytes =
        size_in_bytes(element) *
        (nest.extent[1] * nest.channels * std::min<int64_t>(window_rows, 2) + nest.output[1] * nest.outputs);
    constexpr int64_t least_pixels = 128;
    const int64_t block =
        std::max(divide_up(least_pixels, nest.output[1]), target.level1_bytes * 3 / 4 / row_bytes);
    TileSchedule schedule{
        {window_rows, columns.height, channels.height, std::min(nest.outputs, vectors * lanes)},
        std::min(block, nest.chunk_rows)};
    schedule.grain = task;
    Operands operands{window_rows * wide, nest.outputs, static_cast<double>(nest.rows * nest.output[1])};
    operands.steps *= static_cast<double>(divide_up(nest.elements() / nest.outputs, window_rows * wide));
    const Tile tile{window_rows * wide, vectors, schedule.columns()};
    return {{schedule, false, cost_of(tile, operands, false, lanes, element)}};
  }
};

std::vector<Option> options_of(const KernelStages& stages, size_t stage, const ContractionNest& nest,
                               const Target& target) {
  const Node& node = stages.body().node(stages.all()[stage].node);
  const ElementType element = node.types[0].element;
  const int64_t task = grain(tiled_multiply_add, static_cast<double>(multiply_adds(stages.body(), node)));
  return std::visit(
      Maker{target, element, std::max<int64_t>(1, target.lanes(element)), stages.epilogue(stage), task},
      nest);
}

}  // namespace

std::vector<Candidate> contraction_candidates(const KernelStages& stages, size_t stage,
                                              const Target& target) {
  std::vector<Candidate> candidates;
  const std::optional<ContractionNest> nest = contraction_nest(stages, stage);
  if (!nest) return candidates;
  const bool has_panels = panel_width(*nest) > 0;
  for (const Option& option : options_of(stages, stage, *nest, target))
    if (option.in_panels == has_panels && is_legal(stages, stage, option.schedule))
      candidates.push_back({option.schedule, option.cost});
  return candidates;
}

int64_t wanted_panels(const KernelStages& stages, size_t stage, double uses,
                      const std::vector<int64_t>& existing, const Target& target) {
  const std::optional<ContractionNest> nest = contraction_nest(stages, stage);
  if (!nest || panel_width(*nest) > 0) return 0;
  const std::vector<Option> options = options_of(stages, stage, *nest, target);
  const auto cost = [&](const Option& option) {
    const bool exists = std::count(existing.begin(), existing.end(), option.schedule.columns()) > 0;
    return option.cost.total() - option.cost.packing * (exists ? 1 : 1 - 1 / uses);
  };
  const auto best = std::min_element(options.begin(), options.end(),
                                     [&](const Option& a, const Option& b) { return cost(a) < cost(b); });
  return best != options.end() && best->in_panels ? best->schedule.columns() : 0;
}

}  // namespace gradus
