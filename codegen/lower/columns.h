// Loops over the columns of an output: the innermost axis in chunks that fit into registers.
#pragma once

#include "codegen/lower/kernel.h"

namespace gradus::lowering {

// Calls `body(columns)` for each chunk of at most `width` columns of the axis, inside a loop over the whole
// chunks and once more for the rest.
class Columns {
 public:
  Columns(FunctionBuilder& f, MergedAxis axis, loop::Expression first, int64_t width)
      : f_(f), axis_(std::move(axis)), first_(std::move(first)), width_(width) {}

  int64_t width() const { return width_; }
  // One vectorized loop over the chunk; `lane` is the position within it, and the axis is bound to the
  // column.
  template <class Body>
  void each(Body body) const {
    const loop::Expression lane = f_.open("v", 0, width_, loop::LoopKind::vectorized);
    if (!axis_.symbols.empty()) f_.space.bind(axis_.symbols, first_ + lane, f_.level());
    body(lane);
    f_.close();
  }

  template <class Body>
  static void chunks(FunctionBuilder& f, const MergedAxis& axis, int64_t width, loop::LoopKind kind,
                     int64_t grain, Body body) {
    const int64_t whole = axis.extent / width;
    if (whole == 1) {
      body(Columns(f, axis, integer(0), width));
    } else if (whole > 1) {
      const loop::Expression chunk = f.open("column", 0, whole, kind, grain);
      body(Columns(f, axis, chunk * integer(width), width));
      f.close();
    }
    if (const int64_t rest = axis.extent % width; rest > 0)
      body(Columns(f, axis, integer(whole * width), rest));
  }

 private:
  FunctionBuilder& f_;
  MergedAxis axis_;
  loop::Expression first_;
  int64_t width_;
};

// Opens loops over all but the last merged axis, the first of them shared out in tasks of `grain` points;
// returns how many. An output visits so many points.
size_t open_outer(Kernel& kernel, const std::vector<MergedAxis>& merged, int64_t grain,
                  int64_t points_per_output);
inline MergedAxis innermost(const std::vector<MergedAxis>& merged) {
  return merged.empty() ? MergedAxis{} : merged.back();
}

}  // namespace gradus::lowering
