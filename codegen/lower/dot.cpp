// Matrix products by register tiles. Any order of axes: what does not merge into one axis of rows, columns or
// terms becomes an outer loop; strides are displacements, and B is packed into panels where its rows are not
// contiguous or alias in the cache.
#include <fmt/format.h>

#include <algorithm>

#include "codegen/lower/tile.h"
#include "ir/kernel/dot_nest.h"
#include "ir/sum_order.h"

namespace gradus::lowering {

using loop::Expression;
using loop::LoopKind;

namespace {

class TiledDot : public TiledContraction {
 public:
  TiledDot(Kernel& kernel, uint32_t index)
      : kernel_(kernel),
        f_(kernel.f),
        node_(kernel.body.node(index)),
        epilogue_(kernel, {index, 0}),
        element_(node_.types[0].element),
        axes_(make_axes(f_.space, node_.types[0].shape)) {}

  bool plan() {
    if (element_ != ElementType::f32 && element_ != ElementType::f64) return false;
    if (element_count(node_.types[0].shape) == 0) return false;
    const auto nest = dot_nest(kernel_.body, node_, axes_, epilogue_.facts(), f_.space,
                               [this](Value value) { return kernel_.values.is_placed(value); });
    if (!nest || nest->terms == 0) return false;
    nest_ = *nest;
    schedule_ =
        choose_tile(nest_.rows.extent, nest_.columns.extent, element_, kernel_.target, kernel_.options);
    epilogue_.prepare();
    decide_packing();
    return true;
  }

  void emit() override {
    make_functions();
    if (packed_) pack();
    multiply();
  }

 private:
  int64_t buffer_of(const MatrixAccess& access) const { return kernel_.values.placed(access.source); }

  void decide_packing() {
    const int64_t bytes = size_in_bytes(element_);
    const bool strided = nest_.b.stride != 1 && nest_.columns.extent > 1;
    const bool aliases = (nest_.b.step * bytes) % 1024 == 0 && nest_.terms >= 64;
    packed_ = schedule_.row_tiles > 1 && (strided || (aliases && schedule_.row_tiles >= 4));
    if (!packed_) return;
    panel_elements_ = nest_.terms * schedule_.columns;
    panels_ = kernel_.scratch("panels", element_, nest_.outer_count() * schedule_.panels * panel_elements_);
  }

  // Position among the outer axes, row-major.
  Index outer_position() {
    Index position;
    for (const MergedAxis& axis : nest_.outer) {
      Index merged;
      int64_t stride = 1;
      for (size_t i = axis.symbols.size(); i-- > 0;) {
        Index symbol;
        symbol.terms.emplace_back(axis.symbols[i], 1);
        merged = merged + symbol * stride;
        stride *= f_.space.extent(axis.symbols[i]);
      }
      position = position * axis.extent + merged;
    }
    return position;
  }

  size_t open_outer_axes(double nanoseconds) {
    size_t opened = 0;
    for (const MergedAxis& axis : nest_.outer) {
      const bool first = opened == 0;
      const double cost = nanoseconds * static_cast<double>(nest_.outer_count() / axis.extent);
      const Expression variable = f_.open("o", 0, axis.extent, first ? LoopKind::parallel : LoopKind::serial,
                                          first ? grain(cost, axis.extent, kernel_.options) : 1);
      f_.space.bind(axis.symbols, variable, f_.level());
      ++opened;
    }
    return opened;
  }

  int64_t last_width() const { return nest_.columns.extent - (schedule_.panels - 1) * schedule_.columns; }

  void pack() {
    const double cost = 0.5 * static_cast<double>(panel_elements_);
    const size_t opened = open_outer_axes(cost * static_cast<double>(schedule_.panels));
    const auto panel = [&](const Index& p, int64_t width) {
      const Index k = f_.open_axis("k", nest_.terms);
      const Index v = f_.open_axis("v", width, LoopKind::vectorized);
      const Index from = nest_.b.base + (p * schedule_.columns + v) * nest_.b.stride + k * nest_.b.step;
      const Index to =
          (outer_position() * schedule_.panels + p) * panel_elements_ + k * schedule_.columns + v;
      f_.store(panels_, to, f_.load(buffer_of(nest_.b), from));
      f_.close();
      f_.close();
    };
    const bool even = last_width() == schedule_.columns;
    const int64_t whole = even ? schedule_.panels : schedule_.panels - 1;
    if (whole > 0) {
      const Index p = f_.open_axis("panel", whole, opened == 0 ? LoopKind::parallel : LoopKind::serial,
                                   opened == 0 ? grain(cost, whole, kernel_.options) : 1);
      panel(p, schedule_.columns);
      f_.close();
    }
    if (!even) panel(Index(whole), last_width());
    for (size_t i = 0; i < opened; ++i) f_.close();
  }

  // The function for tiles of this size.
  std::unique_ptr<TileFunction> tile_function(int64_t rows, int64_t columns) {
    const int64_t step = packed_ ? schedule_.columns : nest_.b.step;
    const int64_t stride = packed_ ? 1 : nest_.b.stride;
    const int64_t last = nest_.terms - 1;
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
    tile->store(
        registers,
        [&](const Expression& r, const Expression& v) {
          if (!row_symbols.empty()) t.space.bind(row_symbols, m + r, t.level());
          if (!column_symbols.empty()) t.space.bind(column_symbols, n + v, t.level());
        },
        rows_are_dense());
    return tile;
  }

  // Whether the rows of a tile follow each other in the result.
  bool rows_are_dense() {
    if (nest_.swapped || schedule_.panels > 1 || nest_.rows.symbols.empty()) return false;
    const Index linear = f_.space.linearize(tuple_of(axes_), node_.types[0].shape);
    return linear.coefficient(nest_.rows.symbols.back()) == nest_.columns.extent;
  }

  void make_functions() {
    for (int64_t rows : heights())
      for (int64_t columns : widths()) {
        functions_.push_back(tile_function(rows, columns));
        names_.push_back(functions_.back()->finish());
      }
  }

  std::vector<int64_t> heights() const {
    if (schedule_.full_tiles == schedule_.row_tiles) return {schedule_.rows};
    return {schedule_.rows, schedule_.rows - 1};
  }
  std::vector<int64_t> widths() const {
    if (last_width() == schedule_.columns) return {schedule_.columns};
    if (schedule_.panels == 1) return {last_width()};
    return {schedule_.columns, last_width()};
  }

  void multiply() {
    const double flops = 2.0 * static_cast<double>(nest_.rows.extent * nest_.columns.extent * nest_.terms);
    const double total = flops / 100 + 20;  // nanoseconds, at an assumed 100 GFLOP/s
    const size_t opened = open_outer_axes(total);
    // Panels outside, so that one stays in the cache; rows outside where there are too few panels to share
    // out.
    depth_ = static_cast<int>(opened);
    const double per_tile = total / static_cast<double>(schedule_.row_tiles);
    if (schedule_.panels < 8 && schedule_.row_tiles > 1) {
      over_tiles([&](const Index& first, int64_t count, int64_t height, size_t variant) {
        const Index i = open_shared("tile", count, per_tile);
        over_panels(total,
                    [&](const Index& p, size_t width) { call(first + i * height, p, variant, width); });
        close_shared();
      });
    } else {
      // Rows in blocks that fill half of the second cache.
      const int64_t row_bytes = nest_.terms * size_in_bytes(element_) * schedule_.rows;
      const int64_t most = std::max<int64_t>(4, kernel_.target.level2_bytes / 2 / row_bytes);
      over_tiles([&](const Index& first, int64_t count, int64_t height, size_t variant) {
        const int64_t blocks = count / most;
        const auto block = [&](const Index& begin, int64_t tiles) {
          over_panels(total, [&](const Index& p, size_t width) {
            const Index i = open_shared("tile", tiles, per_tile);
            call(begin + i * height, p, variant, width);
            close_shared();
          });
        };
        if (blocks > 1) {
          const Index b = open_shared("block", blocks, per_tile * static_cast<double>(most));
          block(first + b * (most * height), most);
          close_shared();
        } else if (blocks == 1) {
          block(first, most);
        }
        if (count % most > 0) block(first + Index(blocks * most * height), count % most);
      });
    }
    for (size_t i = 0; i < opened; ++i) f_.close();
  }

  // A loop whose iterations threads share if it is the outermost.
  Index open_shared(const char* name, int64_t count, double nanoseconds) {
    const bool outermost = depth_++ == 0;
    return f_.open_axis(name, count, outermost ? LoopKind::parallel : LoopKind::serial,
                        outermost ? grain(nanoseconds, count, kernel_.options) : 1);
  }
  void close_shared() {
    --depth_;
    f_.close();
  }

  // The tiles of full height, then those one row lower: (first row, number, height, variant).
  void over_tiles(const std::function<void(const Index&, int64_t, int64_t, size_t)>& body) {
    body(Index(0), schedule_.full_tiles, schedule_.rows, 0);
    if (const int64_t lower = schedule_.row_tiles - schedule_.full_tiles; lower > 0)
      body(Index(schedule_.full_tiles * schedule_.rows), lower, schedule_.rows - 1, 1);
  }

  void over_panels(double nanoseconds, const std::function<void(const Index&, size_t)>& body) {
    const bool even = last_width() == schedule_.columns;
    const int64_t whole = even ? schedule_.panels : schedule_.panels - 1;
    if (whole > 0) {
      const Index p = open_shared("panel", whole, nanoseconds / static_cast<double>(schedule_.panels));
      body(p, 0);
      close_shared();
    }
    if (!even) body(Index(whole), widths().size() - 1);
  }

  void call(const Index& m, const Index& panel, size_t height, size_t width) {
    const size_t which = height * widths().size() + width;
    loop::Call call;
    call.function = names_[which];
    call.buffers.push_back({buffer_of(nest_.a), {f_.space.expression(nest_.a.base + m * nest_.a.stride)}});
    const Index n = panel * schedule_.columns;
    if (packed_)
      call.buffers.push_back(
          {panels_, {f_.space.expression((outer_position() * schedule_.panels + panel) * panel_elements_)}});
    else
      call.buffers.push_back({buffer_of(nest_.b), {f_.space.expression(nest_.b.base + n * nest_.b.stride)}});
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
  const Node& node_;
  TileEpilogue epilogue_;
  ElementType element_;
  std::vector<Axis> axes_;
  DotNest nest_;
  int depth_ = 0;  // of open loops, while calls are written
  TileSchedule schedule_;
  bool packed_ = false;
  int64_t panel_elements_ = 0;
  int64_t panels_ = -1;
  std::vector<std::unique_ptr<TileFunction>> functions_;
  std::vector<std::string> names_;
};

}  // namespace

std::unique_ptr<TiledContraction> plan_tiled_dot(Kernel& kernel, uint32_t node) {
  auto dot = std::make_unique<TiledDot>(kernel, node);
  if (!dot->plan()) return nullptr;
  return dot;
}

}  // namespace gradus::lowering
