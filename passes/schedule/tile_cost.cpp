// What a contraction costs in tiles: what a step of the chain takes, how often it runs, and what reading or
// packing the columns adds.
#include <algorithm>
#include <cmath>

#include "passes/schedule/estimate.h"

namespace gradus {

namespace {

// What the tiles of a nest multiply.
struct Operands {
  int64_t columns = 1;
  double steps = 1;      // of chains, per output, of all outer axes
  bool gathers = false;  // unpacked columns do not lie side by side
  bool aliases = false;  // unpacked rows of columns push each other out of the cache
  double elements = 0;   // of the columns' operand
  bool packs = true;     // panels have to be made first
  double passes = 0;     // over all rows of a tile, with the same columns
};

Operands operands_of(const DotNest& nest, int64_t bytes, const Target& target) {
  Operands operands{nest.columns.extent, static_cast<double>(nest.outer_count() * nest.terms)};
  operands.elements = operands.steps * static_cast<double>(nest.columns.extent);
  operands.gathers = nest.b.stride != 1 && nest.columns.extent > 1;
  operands.aliases = nest.b.step * bytes % target.aliasing_bytes == 0 && nest.terms >= target.aliasing_rows;
  operands.packs = nest.b.panel_width == 0;
  operands.passes = 1;
  return operands;
}

Operands operands_of(const ConvolutionNest& nest, int64_t columns) {
  Operands operands{nest.outputs, static_cast<double>(nest.channels)};
  operands.steps *= static_cast<double>(nest.batch * nest.window[0] * nest.window[1]);
  operands.elements = static_cast<double>(nest.filter_in * nest.filter_out * nest.window[0] * nest.window[1]);
  operands.gathers = !nest.forward;
  operands.aliases = Panels(nest.outputs, columns).count > 1;
  operands.packs = nest.panel_width == 0;
  for (const Taps& rows : nest.taps[0]) operands.passes += static_cast<double>(nest.batch * rows.outputs);
  return operands;
}

struct TileCost {
  const TileSchedule& tile;
  bool in_panels;
  int64_t bytes;  // of an element
  int64_t lanes;
  const Target& target;

  int64_t vectors() const { return divide_up(tile.columns(), lanes); }

  // Cycles of one step of the chains of so many rows.
  double step(int64_t height, bool gathers) const {
    const auto rows = static_cast<double>(height), wide = static_cast<double>(vectors());
    const double loads = rows + wide * (gathers ? static_cast<double>(lanes) : 1);
    const double cycles = std::max({rows * wide / target.multiply_adds_per_cycle,
                                    loads / target.loads_per_cycle, target.multiply_add_latency});
    const bool fits = height * vectors() + vectors() + 1 <= target.vector_registers;
    return fits ? cycles : cycles * weights::spilled_step;
  }

  // Vectors by which a tile is too narrow. Of a tile that has all columns, those that would fit into the
  // latency of a step do not count: a wider one took as long.
  double missing_vectors(int64_t height, bool has_all_columns, bool gathers) const {
    double wide = static_cast<double>(vectors());
    if (has_all_columns) {
      const auto rows = static_cast<double>(height);
      const double chains = static_cast<double>(target.chains()) / rows;
      const double loads = (target.loads_per_cycle * target.multiply_add_latency - rows) /
                           (gathers ? static_cast<double>(lanes) : 1);
      wide = std::max(wide, std::floor(std::min(chains, loads)));
    }
    return std::max(0.0, static_cast<double>(bounds::tile_vectors) - wide);
  }

  // `cycles`: of a step of all rows. `height` of the tallest tile; `even`: all are; `tiles` of rows.
  ScheduleCost cost(const Operands& operands, double cycles, int64_t height, bool even, double tiles) const {
    const Panels panels(operands.columns, tile.columns());
    const bool gathers = operands.gathers && !in_panels;
    ScheduleCost cost;
    cost.compute = cycles * static_cast<double>(panels.count) * operands.steps;
    const bool even_columns = panels.count == 1 || panels.last == panels.width;
    const int functions = (even ? 1 : 2) * (even_columns ? 1 : 2);
    cost.code = cost.compute * (weights::narrow_tile * missing_vectors(height, panels.count == 1, gathers) +
                                weights::further_function * (functions - 1));
    if (in_panels && operands.packs)
      cost.packing =
          operands.elements * (operands.gathers ? target.gathered_copy_cycles
                                                : target.copied_byte_cycles * static_cast<double>(bytes));
    if (!in_panels && operands.aliases)
      cost.misses = target.miss_cycles * tiles * operands.passes * operands.elements *
                    static_cast<double>(bytes) / static_cast<double>(target.line_bytes);
    for (double* part : {&cost.compute, &cost.packing, &cost.misses, &cost.code})
      *part *= target.cycle_nanoseconds;
    return cost;
  }

  ScheduleCost by_rows(const Operands& operands, int64_t extent) const {
    const RowTiles rows(extent, tile.tile[0]);
    const auto tiles = static_cast<double>(rows.count);
    return cost(operands, step(rows.height, operands.gathers && !in_panels) * tiles, rows.height,
                rows.high == rows.count, tiles);
  }

  ScheduleCost operator()(const DotNest& nest) const {
    return by_rows(operands_of(nest, bytes, target), nest.rows.extent);
  }
  ScheduleCost operator()(const ConvolutionNest& nest) const {
    return by_rows(operands_of(nest, tile.columns()), nest.widest());
  }

  ScheduleCost operator()(const FilterNest& nest) const {
    const RowTiles parts[] = {
        {nest.window[0], tile.tile[0]}, {nest.window[1], tile.tile[1]}, {nest.channels, tile.tile[2]}};
    Operands operands{nest.outputs, static_cast<double>(nest.rows * nest.output[1])};
    double cycles = 0;
    for (int lower = 0; lower < 8; ++lower) {  // whether each extent is the lower of its two
      int64_t height = 1, tiles = 1;
      for (int axis = 0; axis < 3; ++axis) {
        const bool is_lower = (lower >> axis & 1) != 0;
        height *= parts[axis].height - is_lower;
        tiles *= is_lower ? parts[axis].count - parts[axis].high : parts[axis].high;
      }
      if (tiles > 0) cycles += step(height, false) * static_cast<double>(tiles);
    }
    const int64_t tallest = parts[0].height * parts[1].height * parts[2].height;
    return cost(operands, cycles, tallest, true, 0);
  }
};

}  // namespace

ScheduleCost estimate_tiles(const ContractionNest& nest, const TileSchedule& tile, bool in_panels,
                            ElementType element, const Target& target) {
  return std::visit(
      TileCost{tile, in_panels, size_in_bytes(element), std::max<int64_t>(1, target.lanes(element)), target},
      nest);
}

}  // namespace gradus
