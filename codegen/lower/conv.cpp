// Forward convolution and input gradient by register tiles: rows of the tile are neighbouring output columns,
// the vectors lie along the output channels. Both are one list of taps per axis; the input gradient of a
// strided convolution is one such problem per phase of the output column and row. Taps in the padding are
// left out: those of rows by the bounds of a loop, those of columns because each tile at a border is a
// function of its own.
#include <fmt/format.h>

#include <algorithm>

#include "codegen/lower/tile.h"

namespace gradus::lowering {

using loop::Expression;
using loop::LoopKind;

namespace {

class TiledConvolution {
 public:
  TiledConvolution(Kernel& kernel, size_t stage, const ConvolutionNest& nest)
      : kernel_(kernel),
        f_(kernel.f),
        schedule_(kernel.part<TileSchedule>(stage)),
        nest_(nest),
        epilogue_(kernel, stage),
        element_(kernel.type(epilogue_.contraction()).element),
        panels_(nest.outputs, schedule_.columns()) {}

  void emit() {
    make_functions();
    run();
  }

 private:
  struct Tile {  // neighbouring tiles that one function computes
    size_t phase;
    int64_t first;  // q of the first row of the first tile
    int64_t rows;
    int64_t count;
    std::vector<size_t> functions;  // per width
  };

  std::vector<int64_t> widths() const {
    if (panels_.count == 1 || panels_.whole() == panels_.count) return {panels_.last};
    return {panels_.width, panels_.last};
  }
  // Multiply-adds, taps in the padding included.
  int64_t points() const {
    int64_t count = nest_.batch * nest_.outputs * nest_.channels * nest_.window[0] * nest_.window[1];
    for (const auto& axis : nest_.taps) {
      int64_t positions = 0;
      for (const Taps& phase : axis) positions += phase.outputs;
      count *= positions;
    }
    return count;
  }
  int64_t task(int64_t points_of_one, int64_t count) const {
    return iterations_of_task(schedule_.grain, points_of_one, count);
  }

  // Rows of the tile at q that each tap reaches.
  static std::vector<std::pair<int64_t, int64_t>> pattern(const Taps& taps, int64_t q, int64_t rows) {
    std::vector<std::pair<int64_t, int64_t>> result;
    for (int64_t j = 0; j < taps.count; ++j) {
      const auto [low, high] = taps.valid(j);
      const int64_t first = std::clamp<int64_t>(low - q, 0, rows);
      result.emplace_back(first, std::clamp<int64_t>(high - q, first, rows));
    }
    return result;
  }

  void make_functions() {
    std::map<std::tuple<size_t, int64_t, std::vector<std::pair<int64_t, int64_t>>>, std::vector<size_t>>
        known;
    for (size_t phase = 0; phase < nest_.taps[1].size(); ++phase) {
      const Taps& taps = nest_.taps[1][phase];
      const RowTiles tiles(taps.outputs, schedule_.tile[0]);
      int64_t q = 0;
      for (int64_t i = 0; i < tiles.count; ++i) {
        const int64_t rows = i < tiles.high ? tiles.height : tiles.height - 1;
        const auto reach = pattern(taps, q, rows);
        auto& functions = known[{phase, rows, reach}];
        if (functions.empty())
          for (int64_t columns : widths()) {
            functions.push_back(functions_.size());
            functions_.push_back(tile_function(taps, reach, rows, columns));
            names_.push_back(functions_.back()->finish());
          }
        if (!tiles_.empty() && tiles_.back().phase == phase && tiles_.back().functions == functions)
          ++tiles_.back().count;
        else
          tiles_.push_back({phase, q, rows, 1, functions});
        q += rows;
      }
    }
  }

  std::unique_ptr<TileFunction> tile_function(const Taps& taps,
                                              const std::vector<std::pair<int64_t, int64_t>>& reach,
                                              int64_t rows, int64_t columns) {
    const int64_t weights = nest_.panel_width > 0 ? panel_count() : filter_count();
    auto tile = std::make_unique<TileFunction>(kernel_, epilogue_,
                                               fmt::format("tile{}_{}x{}", functions_.size(), rows, columns),
                                               source_count(), weights);
    FunctionBuilder& t = tile->f;
    const Expression n = t.scalar_parameter("n"), row = t.scalar_parameter("row");
    const Expression column = t.scalar_parameter("column"), channel = t.scalar_parameter("channel");
    const Expression source = t.scalar_parameter("source"), weight = t.scalar_parameter("weight");
    const Expression first = t.scalar_parameter("first"), last = t.scalar_parameter("last");
    RegisterTile registers(t, element_, rows, columns, nest_.chunked);
    const Taps& down = nest_.taps[0][0];  // all phases have the same steps
    const auto channel_block = [&](const Expression& at, const Expression& weight_at, const Expression& begin,
                                   int64_t count) {
      if (nest_.chunked) registers.begin();
      const Expression c = t.open("c", 0, count);
      const Expression channel_at = begin ? begin + c : c;
      for (int64_t j = 0; j < taps.count; ++j) {
        const auto [low, high] = reach[static_cast<size_t>(j)];
        const int64_t k = taps.weight_first + j * taps.weight_step;
        registers.multiply(
            low, high,
            [&](const Expression& r) {
              return t.load(tile->a, {at + channel_at + r * integer(taps.stride * nest_.channels) +
                                      integer(j * taps.step * nest_.channels)});
            },
            [&](const Expression& v) {
              return t.load(tile->b, {weight_at + channel_at * integer(nest_.weight_steps[1]) +
                                      integer(k * nest_.weight_steps[2]) + v});
            });
      }
      t.close();
      if (nest_.chunked) registers.end();
    };
    if (!nest_.chunked) registers.begin();
    const Expression j = t.open("kh", first, last);
    const Expression at = t.let("at", source + j * integer(down.step * nest_.extent[1] * nest_.channels));
    const Expression weight_at =
        t.let("weight_at", weight + j * integer(down.weight_step * nest_.weight_steps[0]));
    if (!nest_.chunked) {
      channel_block(at, weight_at, nullptr, nest_.channels);
    } else {
      const Expression block = t.open("block", 0, nest_.channels / nest_.block);
      channel_block(at, weight_at, block * integer(nest_.block), nest_.block);
      t.close();
      if (nest_.channels % nest_.block > 0)
        channel_block(at, weight_at, integer(nest_.channels / nest_.block * nest_.block),
                      nest_.channels % nest_.block);
    }
    t.close();
    tile->store(registers, [&](const Expression& r, const Expression& v) {
      const auto bind = [&](size_t axis, const Expression& value) {
        if (tile->axes[axis].extent != 1) t.space.bind({tile->axes[axis].symbol()}, value, t.level());
      };
      bind(0, n);
      if (tile->axes.size() == 4) bind(1, row);
      bind(tile->axes.size() - 2, column + r * integer(taps.period));
      bind(tile->axes.size() - 1, channel + v);
    });
    return tile;
  }

  int64_t source_count() const { return element_count(kernel_.type(nest_.source).shape); }
  // The elements from the first to the last of a panel; between them may lie some of other panels.
  int64_t panel_count() const {
    return (nest_.window[0] - 1) * nest_.weight_steps[0] + (nest_.channels - 1) * nest_.weight_steps[1] +
           (nest_.window[1] - 1) * nest_.weight_steps[2] + nest_.panel_width;
  }
  int64_t filter_count() const { return element_count(kernel_.type(nest_.filter).shape); }

  // A block of images works on one panel after the other. The outermost loop is shared out.
  void run() {
    const int64_t most = schedule_.block, blocks = nest_.batch / most, rest = nest_.batch % most;
    const auto block = [&](const Index& begin, int64_t images, bool outermost) {
      over_panels(outermost, [&](const Index& p, size_t width) {
        const Index n = f_.open_axis("n", images);
        image(begin + n, p, width);
        f_.close();
      });
    };
    if (blocks > 1) {
      const Index b = f_.open_axis("block", blocks, LoopKind::parallel, task(points() / blocks, blocks));
      block(b * most, most, false);
      f_.close();
    } else if (blocks == 1) {
      block(Index(0), most, true);
    }
    if (rest > 0) block(Index(blocks * most), rest, true);
  }

  void over_panels(bool outermost, const std::function<void(const Index&, size_t)>& body) {
    const int64_t whole = panels_.whole();
    if (whole > 0) {
      const Index p = f_.open_axis("panel", whole, outermost ? LoopKind::parallel : LoopKind::serial,
                                   outermost ? task(points() / panels_.count, whole) : 1);
      body(p, 0);
      f_.close();
    }
    if (whole < panels_.count) body(Index(whole), widths().size() - 1);
  }

  void image(const Index& n, const Index& panel, size_t width) {
    for (const Taps& down : nest_.taps[0]) {
      const Index q = f_.open_axis("q", down.outputs);
      const Index base = q * down.stride + Index(down.first);
      Expression first = integer(0), last = integer(down.count);
      const IndexSpace::Range range = f_.space.range(base);
      const Expression at = f_.space.expression(base);
      if (range.low < 0) first = maximum(integer(0), (integer(down.step - 1) - at) / integer(down.step));
      if (range.high + (down.count - 1) * down.step >= down.source)
        last =
            minimum(integer(down.count), (integer(down.source - 1) - at) / integer(down.step) + integer(1));
      first = f_.let("first", first);
      last = f_.let("last", last);
      const Index row = q * down.period + Index(down.phase);
      for (const Tile& tile : tiles_) {
        const Taps& across = nest_.taps[1][tile.phase];
        const Index i = f_.open_axis("tile", tile.count);
        const Index column = i * tile.rows + Index(tile.first);
        const size_t which = tile.functions[width];
        loop::Call call;
        call.function = names_[which];
        call.buffers.push_back({kernel_.values.placed(nest_.source), {integer(0)}});
        const bool in_panels = nest_.panel_width > 0;
        const Index panel_at = in_panels ? panel * nest_.panel_step : Index(0);
        call.buffers.push_back({kernel_.values.placed(nest_.filter), {f_.space.expression(panel_at)}});
        functions_[which]->add_views(call.buffers);
        const Index source =
            ((n * nest_.extent[0] + base) * nest_.extent[1] + column * across.stride + Index(across.first)) *
            nest_.channels;
        const Index weight =
            Index(down.weight_first * nest_.weight_steps[0]) + (in_panels ? Index(0) : panel * panels_.width);
        for (const Index& scalar :
             {n, row, column * across.period + Index(across.phase), panel * panels_.width, source, weight})
          call.scalars.push_back(f_.space.expression(scalar));
        call.scalars.push_back(first);
        call.scalars.push_back(last);
        f_.add({std::move(call)});
        f_.close();
      }
      f_.close();
    }
  }

  Kernel& kernel_;
  FunctionBuilder& f_;
  const TileSchedule& schedule_;
  const ConvolutionNest& nest_;
  TileEpilogue epilogue_;
  ElementType element_;
  Panels panels_;
  std::vector<Tile> tiles_;
  std::vector<std::unique_ptr<TileFunction>> functions_;
  std::vector<std::string> names_;
};

}  // namespace

void lower_convolution_tiles(Kernel& kernel, size_t stage, const ConvolutionNest& nest) {
  TiledConvolution(kernel, stage, nest).emit();
}

}  // namespace gradus::lowering
