#include "codegen/schedule/schedule.h"

#include <algorithm>
#include <cmath>

namespace gradus {

namespace {

int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

}  // namespace

TileSchedule choose_tile(int64_t rows, int64_t columns, ElementType element, const Target& target,
                         const ScheduleOptions& options) {
  const int64_t lanes = std::max<int64_t>(1, target.lanes(element));
  const int64_t needed = divide_up(columns, lanes);
  TileSchedule best;
  double best_cost = 0;
  for (int64_t vectors = 1; vectors <= 4; ++vectors) {
    if (options.tile_vectors > 0 && vectors != options.tile_vectors) continue;
    // One vector of each panel column, one broadcast, and the accumulators live at once.
    int64_t most = (target.vector_registers - 1 - vectors) / vectors;
    most = std::min<int64_t>(most, vectors == 3 ? 8 : 14);  // more were not faster (KERNELS, section 2)
    if (most < 1) continue;
    if (options.tile_rows > 0) most = options.tile_rows;
    const int64_t tiles = divide_up(rows, std::min(most, rows));
    const int64_t height = divide_up(rows, tiles);
    const int64_t panels = divide_up(needed, vectors);
    // Per step of the chain: multiply-adds two a cycle, at least four cycles for the latency, loads two a
    // cycle.
    const double arithmetic = static_cast<double>(height * vectors) / 2;
    const double loads = static_cast<double>(height + vectors) / 2;
    const double step = std::max({arithmetic, loads, 4.0});
    // Every other height and width of a tile is one more function to generate.
    const bool even_columns = panels == 1 || columns % (vectors * lanes) == 0;
    const double variants = (rows % tiles == 0 ? 1 : 2) * (even_columns ? 1 : 2);
    const double cost = step * static_cast<double>(tiles * panels) *
                        (1 + 0.02 * static_cast<double>(4 - vectors) + 0.04 * (variants - 1));
    if (best_cost == 0 || cost < best_cost) {
      best_cost = cost;
      best.rows = height;
      best.row_tiles = tiles;
      best.full_tiles = rows - (height - 1) * tiles;
      best.columns = std::min(vectors * lanes, needed * lanes);
      best.panels = panels;
    }
  }
  return best;
}

int64_t grain(double nanoseconds_per_iteration, int64_t count, const ScheduleOptions& options) {
  const double wanted = std::ceil(options.task_nanoseconds / std::max(nanoseconds_per_iteration, 1e-3));
  if (!options.parallel || wanted * 2 > static_cast<double>(count)) return count;
  return static_cast<int64_t>(wanted);
}

}  // namespace gradus
