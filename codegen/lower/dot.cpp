// Matrix products by register tiles. Any order of axes: what does not merge into one axis of rows, columns or
// terms becomes an outer loop; strides are displacements, and B may lie in panels (ir/kernel/panels.h).
#include <fmt/format.h>

#include <algorithm>

#include "codegen/lower/tile.h"
#include "ir/sum_order.h"

namespace gradus::lowering {

using loop::Expression;
using loop::LoopKind;

namespace {

class TiledDot {
 public:
  TiledDot(Kernel& kernel, size_t stage, const DotNest& nest, const std::vector<Axis>& axes)
      : kernel_(kernel),
        f_(kernel.f),
        schedule_(kernel.part<TileSchedule>(stage)),
        epilogue_(kernel, stage),
        element_(kernel.type(epilogue_.contraction()).element),
        axes_(axes),
        nest_(nest),
        tiles_(nest.rows.extent, schedule_.tile[0]),
        panels_(nest.columns.extent, schedule_.columns()) {}

  void emit() {
    make_functions();
    multiply();
  }

 private:
  int64_t buffer_of(const MatrixAccess& access) const { return kernel_.values.placed(access.source); }
  // Multiply-adds of one product, the outer axes left alone.
  int64_t points() const { return nest_.rows.extent * nest_.columns.extent * nest_.terms; }
  int64_t task(int64_t points_of_one, int64_t count) const {
    return iterations_of_task(schedule_.grain, points_of_one, count);
  }

  size_t open_outer_axes() {
    size_t opened = 0;
    for (const MergedAxis& axis : nest_.outer) {
      const bool first = opened == 0;
      const int64_t of_one = points() * (nest_.outer_count() / axis.extent);
      const Expression variable = f_.open("o", 0, axis.extent, first ? LoopKind::parallel : LoopKind::serial,
                                          first ? task(of_one, axis.extent) : 1);
      f_.space.bind(axis.symbols, variable, f_.level());
      ++opened;
    }
    return opened;
  }

  // The function for tiles of this size.
  std::unique_ptr<TileFunction> tile_function(int64_t rows, int64_t columns) {
    const int64_t step = nest_.b.step, stride = nest_.b.stride, last = nest_.terms - 1;
    auto tile = std::make_unique<TileFunction>(kernel_, epilogue_, fmt::format("tile_{}x{}", rows, columns),
                                               (rows - 1) * nest_.a.stride + last * nest_.a.step + 1,
                                               (columns - 1) * stride + last * step + 1);
    FunctionBuilder& t = tile->f;
    const Expression m = t.scalar_parameter("m"), n = t.scalar_parameter("n");
    std::vector<Expression> outer;
    for (size_t i = 0; i < nest_.outer.size(); ++i) outer.push_back(t.scalar_parameter("o"));
    // The tile function has axes of its own, in the same places.
    const auto own = [&](const MergedAxis& axis) {
      std::vector<int> symbols;
      for (int symbol : axis.symbols)
        for (size_t i = 0; i < axes_.size(); ++i)
          if (axes_[i].extent != 1 && axes_[i].symbol() == symbol) symbols.push_back(tile->axes[i].symbol());
      return symbols;
    };
    for (size_t i = 0; i < nest_.outer.size(); ++i) t.space.bind(own(nest_.outer[i]), outer[i], 0);
    const bool chunked = nest_.terms > sum_order::chain_terms;
    RegisterTile registers(t, element_, rows, columns, chunked);
    const auto chain = [&](const Expression& first, int64_t length) {
      registers.begin();
      const Expression k = t.open("k", 0, length);
      const Expression at = first ? first + k : k;
      registers.multiply(
          0, rows,
          [&](const Expression& r) {
            return t.load(tile->a, {r * integer(nest_.a.stride) + at * integer(nest_.a.step)});
          },
          [&](const Expression& v) { return t.load(tile->b, {at * integer(step) + v * integer(stride)}); });
      t.close();
      registers.end();
    };
    if (!chunked) {
      chain(nullptr, nest_.terms);
    } else {
      const Expression chunk = t.open("chunk", 0, nest_.terms / sum_order::chain_terms);
      chain(chunk * integer(sum_order::chain_terms), sum_order::chain_terms);
      t.close();
      if (nest_.terms % sum_order::chain_terms > 0)
        chain(integer(nest_.terms / sum_order::chain_terms * sum_order::chain_terms),
              nest_.terms % sum_order::chain_terms);
    }
    const std::vector<int> row_symbols = own(nest_.rows), column_symbols = own(nest_.columns);
    tile->store(registers, [&](const Expression& r, const Expression& v) {
      if (!row_symbols.empty()) t.space.bind(row_symbols, m + r, t.level());
      if (!column_symbols.empty()) t.space.bind(column_symbols, n + v, t.level());
    });
    return tile;
  }

  void make_functions() {
    for (int64_t rows : heights())
      for (int64_t columns : widths()) {
        functions_.push_back(tile_function(rows, columns));
        names_.push_back(functions_.back()->finish());
      }
  }

  std::vector<int64_t> heights() const {
    if (tiles_.high == tiles_.count) return {tiles_.height};
    return {tiles_.height, tiles_.height - 1};
  }
  std::vector<int64_t> widths() const {
    if (panels_.count == 1 || panels_.whole() == panels_.count) return {panels_.last};
    return {panels_.width, panels_.last};
  }

  // A block of tiles works on one panel after the other.
  void multiply() {
    const size_t opened = open_outer_axes();
    depth_ = static_cast<int>(opened);
    const int64_t per_tile = points() / tiles_.count, most = schedule_.block;
    over_tiles([&](const Index& first, int64_t count, int64_t height, size_t variant) {
      const auto block = [&](const Index& begin, int64_t tiles) {
        over_panels([&](const Index& p, size_t width) {
          shared("tile", tiles, per_tile / panels_.count,
                 [&](const Index& i) { call(begin + i * height, p, variant, width); });
        });
      };
      if (const int64_t blocks = count / most; blocks > 0)
        shared("block", blocks, per_tile * most,
               [&](const Index& b) { block(first + b * (most * height), most); });
      if (const int64_t rest = count % most; rest > 0) block(first + Index((count - rest) * height), rest);
    });
    for (size_t i = 0; i < opened; ++i) f_.close();
  }

  // A loop whose iterations threads share if it is the outermost; none around a single iteration.
  void shared(const char* name, int64_t count, int64_t points_of_one,
              const std::function<void(const Index&)>& body) {
    if (count == 1) return body(Index(0));
    const bool outermost = depth_++ == 0;
    body(f_.open_axis(name, count, outermost ? LoopKind::parallel : LoopKind::serial,
                      outermost ? task(points_of_one, count) : 1));
    f_.close();
    --depth_;
  }

  // The tiles of full height, then those one row lower: (first row, number, height, variant).
  void over_tiles(const std::function<void(const Index&, int64_t, int64_t, size_t)>& body) {
    body(Index(0), tiles_.high, tiles_.height, 0);
    if (const int64_t lower = tiles_.count - tiles_.high; lower > 0)
      body(Index(tiles_.high * tiles_.height), lower, tiles_.height - 1, 1);
  }

  void over_panels(const std::function<void(const Index&, size_t)>& body) {
    const int64_t whole = panels_.whole();
    if (whole > 0) shared("panel", whole, points() / panels_.count, [&](const Index& p) { body(p, 0); });
    if (whole < panels_.count) body(Index(whole), widths().size() - 1);
  }

  void call(const Index& m, const Index& panel, size_t height, size_t width) {
    const size_t which = height * widths().size() + width;
    loop::Call call;
    call.function = names_[which];
    call.buffers.push_back({buffer_of(nest_.a), {f_.space.expression(nest_.a.base + m * nest_.a.stride)}});
    const Index n = panel * panels_.width;
    const Index b = nest_.b.panel_width > 0 ? panel * nest_.b.panel_step : n * nest_.b.stride;
    call.buffers.push_back({buffer_of(nest_.b), {f_.space.expression(nest_.b.base + b)}});
    functions_[which]->add_views(call.buffers);
    call.scalars = {f_.space.expression(m), f_.space.expression(n)};
    for (const MergedAxis& axis : nest_.outer) {
      Index merged;
      int64_t stride = 1;
      for (size_t i = axis.symbols.size(); i-- > 0;) {
        Index symbol;
        symbol.terms.emplace_back(axis.symbols[i], stride);
        merged = merged + symbol;
        stride *= f_.space.extent(axis.symbols[i]);
      }
      call.scalars.push_back(f_.space.expression(merged));
    }
    f_.add({std::move(call)});
  }

  Kernel& kernel_;
  FunctionBuilder& f_;
  const TileSchedule& schedule_;
  TileEpilogue epilogue_;
  ElementType element_;
  const std::vector<Axis>& axes_;
  const DotNest& nest_;
  RowTiles tiles_;
  Panels panels_;
  int depth_ = 0;  // of open loops, while calls are written
  std::vector<std::unique_ptr<TileFunction>> functions_;
  std::vector<std::string> names_;
};

}  // namespace

void lower_dot_tiles(Kernel& kernel, size_t stage, const DotNest& nest, const std::vector<Axis>& axes) {
  TiledDot(kernel, stage, nest, axes).emit();
}

}  // namespace gradus::lowering
