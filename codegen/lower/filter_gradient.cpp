// Filter gradient by register tiles: rows of the tile are taps (window row, window column, input channel),
// the vectors lie along the output channels, the chain runs over the output's pixels. Blocks of output rows
// that fit the cache are the outer loop; chains wait in memory meanwhile, and are added to the result chunk
// by chunk.
#include <fmt/format.h>

#include <algorithm>

#include "codegen/lower/tile.h"

namespace gradus::lowering {

using loop::Expression;
using loop::LoopKind;
using loop::ScalarOp;

namespace {

// `count` in parts of at most `most`, as even as possible: (first, length).
std::vector<std::pair<int64_t, int64_t>> parts(int64_t count, int64_t most) {
  std::vector<std::pair<int64_t, int64_t>> result;
  const int64_t number = divide_up(count, most);
  int64_t first = 0;
  for (int64_t i = 0; i < number; ++i) {
    const int64_t length = count / number + (i < count % number ? 1 : 0);
    result.emplace_back(first, length);
    first += length;
  }
  return result;
}

class TiledFilterGradient {
 public:
  TiledFilterGradient(Kernel& kernel, size_t stage, const FilterNest& nest)
      : kernel_(kernel),
        f_(kernel.f),
        schedule_(kernel.part<TileSchedule>(stage)),
        nest_(nest),
        element_(kernel.type({kernel.node_of(stage), 0}).element),
        input_(kernel.values.placed(nest.input)),
        gradient_(kernel.values.placed(nest.gradient)),
        result_(kernel.home({kernel.node_of(stage), 0})),
        chain_(kernel.work(stage)),
        columns_(std::min(nest.outputs, schedule_.columns())),
        tile_channels_(parts(nest.channels, schedule_.tile[2])),
        tile_columns_(parts(nest.window[1], schedule_.tile[1])) {}

  void emit() {
    // Groups of window rows are shared out to threads: each runs over all chunks by itself.
    const auto groups = parts(nest_.window[0], schedule_.tile[0]);
    const int64_t length = groups.front().second;
    const int64_t points = nest_.rows * nest_.output[1] * nest_.elements();
    int64_t even = 0;
    for (const auto& group : groups) even += group.second == length;
    const auto task = [&](int64_t count) {
      return iterations_of_task(schedule_.grain, points / static_cast<int64_t>(groups.size()), count);
    };
    const Index g = f_.open_axis("group", even, LoopKind::parallel, task(even));
    over_chunks(g * length, length);
    f_.close();
    if (const auto rest = static_cast<int64_t>(groups.size()) - even; rest > 0) {
      const Index h = f_.open_axis("group", rest, LoopKind::parallel, task(rest));
      over_chunks(h * (length - 1) + Index(even * length), length - 1);
      f_.close();
    }
  }

 private:
  // All of the sum for `length` window rows from `first` on.
  void over_chunks(const Index& first, int64_t length) {
    const int64_t row = nest_.window[1] * nest_.channels * nest_.outputs;
    const auto each = [&](const std::function<void(const Index&)>& body) {
      const Index i = f_.open_axis("i", length * row, LoopKind::vectorized);
      body(first * row + i);
      f_.close();
    };
    const auto chunk = [&](const Index& begin, int64_t rows, bool is_first) {
      each([&](const Index& at) { f_.store(chain_, at, loop::constant(element_, 0)); });
      const int64_t blocks = rows / schedule_.block;
      if (blocks > 0) {
        const Index b = f_.open_axis("block", blocks);
        tiles(first, length, begin + b * schedule_.block, schedule_.block);
        f_.close();
      }
      if (rows % schedule_.block > 0)
        tiles(first, length, begin + Index(blocks * schedule_.block), rows % schedule_.block);
      each([&](const Index& at) {
        const Expression sum = f_.load(chain_, at);
        f_.store(result_, at, is_first ? sum : f_.load(result_, at) + sum);
      });
    };
    const int64_t whole = nest_.rows / nest_.chunk_rows;
    chunk(Index(0), nest_.chunk_rows, true);
    if (whole > 1) {
      const Index c = f_.open_axis("chunk", whole - 1);
      chunk((c + Index(1)) * nest_.chunk_rows, nest_.chunk_rows, false);
      f_.close();
    }
    if (nest_.rows % nest_.chunk_rows > 0)
      chunk(Index(whole * nest_.chunk_rows), nest_.rows % nest_.chunk_rows, false);
  }

  void tiles(const Index& window_row, int64_t length, const Index& begin, int64_t rows) {
    for (const auto& [kw, width] : tile_columns_) {
      // Neighbouring groups of channels of the same depth share a function and a loop.
      for (size_t i = 0; i < tile_channels_.size();) {
        const auto [channel, depth] = tile_channels_[i];
        size_t end = i;
        while (end < tile_channels_.size() && tile_channels_[end].second == depth) ++end;
        const Index c = f_.open_axis("c", static_cast<int64_t>(end - i));
        const Index channel_at = c * depth + Index(channel);
        const int64_t panels = nest_.outputs / columns_;
        const Index p = f_.open_axis("panel", panels);
        call(length, kw, width, depth, columns_,
             {begin, begin + Index(rows), window_row, channel_at, p * columns_});
        f_.close();
        if (nest_.outputs % columns_ > 0)
          call(length, kw, width, depth, nest_.outputs % columns_,
               {begin, begin + Index(rows), window_row, channel_at, Index(panels * columns_)});
        f_.close();
        i = end;
      }
    }
  }

  void call(int64_t length, int64_t kw, int64_t width, int64_t depth, int64_t columns,
            const Indices& scalars) {
    std::string& name = names_[{length, kw, width, depth, columns}];
    if (name.empty()) name = tile_function(length, kw, width, depth, columns);
    loop::Call call;
    call.function = name;
    for (int64_t buffer : {input_, gradient_, chain_}) call.buffers.push_back({buffer, {integer(0)}});
    for (const Index& scalar : scalars) call.scalars.push_back(f_.space.expression(scalar));
    f_.add({std::move(call)});
  }

  std::string tile_function(int64_t length, int64_t kw, int64_t width, int64_t depth, int64_t columns) {
    FunctionBuilder t(
        kernel_.helper_name(fmt::format("tile{}_{}x{}", names_.size(), length * width * depth, columns)));
    const Computing scope(t, f_.computing());
    t.set_origins();
    const auto count = [&](Value v) { return element_count(kernel_.type(v).shape); };
    const int64_t x = t.parameter("x", loop::BufferRole::read, element_, count(nest_.input));
    const int64_t dy = t.parameter("dy", loop::BufferRole::read, element_, count(nest_.gradient));
    const int64_t chain = t.parameter("chain", loop::BufferRole::update, element_, nest_.elements());
    const Expression begin = t.scalar_parameter("begin"), end = t.scalar_parameter("end");
    const Expression window_row = t.scalar_parameter("kh"), channel = t.scalar_parameter("c");
    const Expression output = t.scalar_parameter("output");
    RegisterTile registers(t, element_, length * width * depth, columns, false);
    const auto position = [&](const Expression& r, const Expression& v) {
      const int64_t across = width * depth;
      const auto divide = [&](const Expression& e, int64_t by) {
        return by == 1 ? e : loop::make(ScalarOp::divide, {e, integer(by)});
      };
      const auto modulo = [&](const Expression& e, int64_t by) {
        return by == 1 ? integer(0) : loop::make(ScalarOp::remainder, {e, integer(by)});
      };
      const Expression h = window_row + divide(r, across);
      const Expression w = integer(kw) + divide(modulo(r, across), depth);
      const Expression c = channel + modulo(r, depth);
      return ((h * integer(nest_.window[1]) + w) * integer(nest_.channels) + c) * integer(nest_.outputs) +
             output + v;
    };
    registers.load_chain(chain, position);
    const Expression row = t.open("row", begin, end);
    const Expression n = t.let("n", row / integer(nest_.output[0]));
    const Expression oh = t.let("oh", row - n * integer(nest_.output[0]));
    const Expression top = t.let("top", oh * integer(nest_.stride[0]) +
                                            window_row * integer(nest_.dilation[0]) - integer(nest_.low[0]));
    const Expression at = t.let(
        "at", (n * integer(nest_.extent[0]) + top) * integer(nest_.extent[1] * nest_.channels) + channel);
    const Expression dy_at = t.let("dy_at", row * integer(nest_.output[1] * nest_.outputs) + output);
    const auto inside = [&](int64_t first, int64_t last) {
      return both(
          loop::make(ScalarOp::greater_equal, {top + integer(first * nest_.dilation[0]), integer(0)}),
          loop::make(ScalarOp::less, {top + integer(last * nest_.dilation[0]), integer(nest_.extent[0])}));
    };
    const auto pixels = [&](int64_t first, int64_t last) {
      row_of_pixels(t, registers, {first, last, kw, width, depth}, x, dy, at, dy_at);
    };
    const int64_t reach =
        (nest_.output[0] - 1) * nest_.stride[0] + (nest_.window[0] - 1) * nest_.dilation[0] - nest_.low[0];
    if (nest_.low[0] <= 0 && reach < nest_.extent[0]) {
      pixels(0, length);
    } else {
      t.open_if(inside(0, length - 1));
      pixels(0, length);
      if (length > 1) {
        t.open_else();
        for (int64_t h = 0; h < length; ++h) {
          t.open_if(inside(h, h));
          pixels(h, h + 1);
          t.close();
        }
      }
      t.close();
    }
    t.close();
    registers.store_chain(chain, position);
    loop::Function function = std::move(t).finish();
    std::string name = function.name;
    kernel_.lowered.functions.push_back(std::move(function));
    return name;
  }

  struct Rows {
    int64_t first, last;  // window rows, relative
    int64_t kw, width, depth;
  };

  // One row of output pixels. The columns at which the same taps are inside the image form one loop.
  void row_of_pixels(FunctionBuilder& t, RegisterTile& registers, const Rows& rows, int64_t x, int64_t dy,
                     const Expression& at, const Expression& dy_at) {
    const auto reached = [&](int64_t ow, int64_t k) {
      const int64_t column = ow * nest_.stride[1] + k * nest_.dilation[1] - nest_.low[1];
      return column >= 0 && column < nest_.extent[1];
    };
    const auto taps = [&](int64_t ow) {
      std::vector<int64_t> inside;
      for (int64_t k = rows.kw; k < rows.kw + rows.width; ++k)
        if (reached(ow, k)) inside.push_back(k);
      return inside;
    };
    for (int64_t ow = 0; ow < nest_.output[1];) {
      const std::vector<int64_t> inside = taps(ow);
      int64_t end = ow + 1;
      while (end < nest_.output[1] && taps(end) == inside) ++end;
      if (!inside.empty()) {
        const Expression column = t.open("ow", ow, end);
        registers.load_columns(
            [&](const Expression& v) { return t.load(dy, {dy_at + column * integer(nest_.outputs) + v}); });
        for (int64_t h = rows.first; h < rows.last; ++h)
          for (int64_t k : inside) {
            const int64_t first = (h * rows.width + k - rows.kw) * rows.depth;
            const int64_t offset =
                (h * nest_.dilation[0] * nest_.extent[1] + k * nest_.dilation[1] - nest_.low[1]) *
                    nest_.channels -
                first;
            registers.multiply_rows(first, first + rows.depth, [&](const Expression& r) {
              return t.load(x,
                            {at + column * integer(nest_.stride[1] * nest_.channels) + r + integer(offset)});
            });
          }
        t.close();
      }
      ow = end;
    }
  }

  Kernel& kernel_;
  FunctionBuilder& f_;
  const TileSchedule& schedule_;
  const FilterNest& nest_;
  ElementType element_;
  int64_t input_, gradient_, result_, chain_;  // buffers
  int64_t columns_;
  std::vector<std::pair<int64_t, int64_t>> tile_channels_, tile_columns_;
  std::map<std::vector<int64_t>, std::string> names_;
};

}  // namespace

void lower_filter_tiles(Kernel& kernel, size_t stage, const FilterNest& nest) {
  TiledFilterGradient(kernel, stage, nest).emit();
}

}  // namespace gradus::lowering
