// The cost model: what a schedule is estimated to cost, in nanoseconds of one thread, and the numbers that it
// weighs with. What a CPU does in a cycle stands in ir/target.h; here stand what a loop of a kind takes for
// an element, and the bounds within which candidates are looked for.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace gradus {

struct ScheduleCost {
  double compute = 0;  // arithmetic, loads and latencies of the loops
  double packing = 0;  // copying an operand into panels
  double misses = 0;   // lines that miss the first cache for how the operand lies
  double code = 0;     // of functions that are generated once more, and of short vectors

  double total() const { return compute + packing + misses + code; }
};

namespace weights {

// Nanoseconds, on one core of Zen 5 (f32, vectors of 16). They weigh kernels against what a task costs; where
// other elements and CPUs are slower, all candidates of a stage are.

// The least work that is worth handing to a thread: several times what it takes to wake one up, 0.14 µs where
// it spins and 0.6 where it sleeps.
constexpr double task = 4000;
// Of an element of a map that is stored (a copy takes 0.015 in the first cache and 0.2 in memory), and of an
// operation on it; exp, tanh, log and erf take 0.08 to 0.25.
constexpr double stored_element = 0.1;
constexpr double cheap_operation = 0.04;
constexpr double costly_operation = 0.3;
// Of an element that is read where a clamped index says, by a gather: the adjoint of a GRU's gates took 3.7
// ns an element. Of a loop that a cut begins, an order of magnitude.
constexpr double gathered_element = 0.15;
constexpr double further_loop = 5;
// The same of a value of a row, between reductions: 0.1 an element for a layer norm, 0.15 for a softmax. A
// row begins and its partial results are folded; a value that is kept is copied once.
constexpr double row_start = 10;
constexpr double cheap_row_operation = 0.05;
constexpr double kept_element = 0.015;
// Of an element that is added to sums side by side, or to the 64 partial results of a row, which are folded.
constexpr double added_element = 0.05;
constexpr double folded_element = 0.1;
// These and the next are orders of magnitude: of an element that a running sum or a search visits, that is
// added where an index says, that windows choose among, and that a sort compares, per level of its merging.
constexpr double searched_element = 1;
constexpr double scattered_element = 1;
constexpr double scattered_window = 2;
constexpr double compared_element = 3;
// Of a multiply-add of a tile: 100 GFLOP/s, two fifths of the peak, which small products reach.
constexpr double tiled_multiply_add = 0.02;
// Of one in the plain form, and of an element under a window: a load each and no reuse.
constexpr double plain_multiply_add = 0.3;

// Factors.

// A step of a narrow tile takes so much more per vector that it has fewer than four, and a tile per function
// that has to be generated beside the first: among products of one speed, the wide tile and the even cut.
constexpr double narrow_tile = 0.02;
constexpr double further_function = 0.04;
// A step whose accumulators do not fit into the registers: a tile of 7x64 falls from 240 to 150 GFLOP/s.
constexpr double spilled_step = 1.6;

}  // namespace weights

// Within these, candidates are made.
namespace bounds {

// Vectors of columns of a tile: with more, too few rows are left to the registers.
constexpr int64_t tile_vectors = 4;
// Rows of a tile: taller ones were not faster where they were measured, 14x32 and 8x48 reach the peak.
constexpr int64_t tile_rows = 14;
constexpr int64_t tile_rows_of_three_vectors = 8;
// Vectors of accumulators times taps of a window's row that are written out in one loop body.
constexpr int64_t unrolled_vectors = 256;
// Operations of an epilogue that runs on the accumulators: more would crowd them out.
constexpr int64_t register_operations = 2;
// Below so many panels each tile of rows takes all of them; the tiles of rows of a block are at least so
// many.
constexpr int64_t blocked_panels = 8;
constexpr int64_t block_row_tiles = 4;
// Pixels that a tile of a filter's gradient runs over at least: loading and storing its sums is then nothing.
constexpr int64_t filter_pixels = 128;
// Vectors of outputs side by side: enough to load while four cycles of latency pass; half as many where an
// output keeps more than a number, the extreme and where it is.
constexpr int64_t output_vectors = 4;
constexpr int64_t extreme_vectors = 2;
// Larger windows are loops.
constexpr int64_t unrolled_taps = 16;
// Cuts of a map: each is another copy of its loop.
constexpr int64_t cuts = 16;
// Longer lists are sorted faster by merging.
constexpr int64_t inserted = 32;

}  // namespace bounds

// The points (ir/schedule.h) of a task, from the time of one; 0 if there is no work for two tasks.
inline int64_t grain(double nanoseconds_per_point, double points) {
  const double wanted = std::ceil(weights::task / std::max(nanoseconds_per_point, 1e-3));
  return 2 * wanted > points ? 0 : static_cast<int64_t>(wanted);
}

}  // namespace gradus
