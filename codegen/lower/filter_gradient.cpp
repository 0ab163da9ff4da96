// Filter gradient by register tiles: rows of the tile are taps (window row, window column, input channel),
// the vectors lie along the output channels, the chain runs over the output's pixels. Blocks of output rows
// that fit the cache are the outer loop; chains wait in memory meanwhile, and are added to the result chunk
// by chunk.
#include <fmt/format.h>

#include <algorithm>

#include "codegen/lower/tile.h"
#include "ir/ops/convolution.h"
#include "ir/sum_order.h"

namespace gradus::lowering {

using loop::Expression;
using loop::LoopKind;
using loop::ScalarOp;

namespace {

int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

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

class TiledFilterGradient : public TiledContraction {
 public:
  TiledFilterGradient(Kernel& kernel, uint32_t index)
      : kernel_(kernel),
        f_(kernel.f),
        value_{index, 0},
        node_(kernel.body.node(index)),
        conv_(ops::convolution_of(kernel.body, node_)),
        element_(node_.types[0].element) {}

  bool plan() {
    if (element_ != ElementType::f32 && element_ != ElementType::f64) return false;
    if (conv_.kind != ops::ConvolutionKind::filter_gradient || conv_.spatial() > 2 || conv_.groups > 1)
      return false;
    const bool rows = conv_.spatial() == 2;
    const std::string data = rows ? "b01f" : "b0f";
    if (node_.attributes.text("input") != data || node_.attributes.text("output") != data ||
        node_.attributes.text("filter") != (rows ? "01io" : "0io"))
      return false;
    input_ = dense_buffer(kernel_, node_.operands[0]);
    gradient_ = dense_buffer(kernel_, node_.operands[1]);
    if (input_ < 0 || gradient_ < 0) return false;
    read_geometry();
    if (rows_ * output_[1] == 0 || element_count(node_.types[0].shape) == 0) return false;
    choose_tiles();
    result_ = kernel_.home(value_);
    chain_ = kernel_.scratch("chain", element_, element_count(node_.types[0].shape));
    return true;
  }

  void emit() override {
    // Groups of window rows are shared out to threads: each runs over all chunks by itself.
    const double nanoseconds =
        2.0 * static_cast<double>(rows_ * output_[1] * element_count(node_.types[0].shape)) / 100;
    const auto groups = parts(window_[0], window_rows_);
    const int64_t length = groups.front().second;
    int64_t even = 0;
    for (const auto& group : groups) even += group.second == length;
    const int64_t share = grain(nanoseconds / static_cast<double>(groups.size()), even, kernel_.options);
    const Index g = f_.open_axis("group", even, LoopKind::parallel, share);
    over_chunks(g * length, length);
    f_.close();
    if (const auto rest = static_cast<int64_t>(groups.size()) - even; rest > 0) {
      const Index h = f_.open_axis("group", rest, LoopKind::parallel, share);
      over_chunks(h * (length - 1) + Index(even * length), length - 1);
      f_.close();
    }
  }

 private:
  void read_geometry() {
    const Shape& x = kernel_.type(node_.operands[0]).shape;
    const Shape& dy = kernel_.type(node_.operands[1]).shape;
    channels_ = x.back();
    outputs_ = dy.back();
    for (size_t i = 0; i < 2; ++i) {
      if (i == 0 && conv_.spatial() == 1) continue;
      const size_t axis = conv_.spatial() == 1 ? 0 : i;
      window_[i] = conv_.filter[axis];
      extent_[i] = x[axis + 1];
      output_[i] = dy[axis + 1];
      stride_[i] = conv_.stride[axis];
      low_[i] = conv_.low[axis];
      dilation_[i] = conv_.dilation[axis];
    }
    rows_ = dy[0] * output_[0];
    const bool chunked = rows_ * output_[1] > sum_order::chain_terms;
    chunk_rows_ = chunked ? sum_order::chain_rows(rows_, output_[1]) : rows_;
  }

  void choose_tiles() {
    const int64_t lanes = kernel_.lanes(element_);
    const int64_t needed = divide_up(outputs_, lanes);
    const int64_t vectors = needed <= 4 && needed != 3 ? std::min<int64_t>(needed, 2)
                            : needed % 3 == 0          ? 3
                                                       : 2;
    columns_ = std::min(outputs_, vectors * lanes);
    const int64_t registers = kernel_.target.vector_registers;
    const int64_t most = std::max<int64_t>(1, (registers - 2 - vectors) / vectors);
    tile_channels_ = parts(channels_, most);
    const int64_t deep = tile_channels_.front().second;
    tile_columns_ = parts(window_[1], std::max<int64_t>(1, tile_channels_.size() == 1 ? most / deep : 1));
    const int64_t wide = tile_columns_.front().second * deep;
    const bool whole = tile_channels_.size() == 1 && tile_columns_.size() == 1;
    window_rows_ = std::clamp<int64_t>(whole ? most / wide : 1, 1, window_[0]);
    const int64_t row_bytes =
        size_in_bytes(element_) *
        (extent_[1] * channels_ * std::min<int64_t>(window_rows_, 2) + output_[1] * outputs_);
    block_rows_ = std::max(divide_up(128, output_[1]), kernel_.target.level1_bytes * 3 / 4 / row_bytes);
    block_rows_ = std::min(block_rows_, chunk_rows_);
  }

  // All of the sum for `length` window rows from `first` on.
  void over_chunks(const Index& first, int64_t length) {
    const int64_t row = window_[1] * channels_ * outputs_;
    const auto each = [&](const std::function<void(const Index&)>& body) {
      const Index i = f_.open_axis("i", length * row, LoopKind::vectorized);
      body(first * row + i);
      f_.close();
    };
    const auto chunk = [&](const Index& begin, int64_t rows, bool is_first) {
      each([&](const Index& at) { f_.store(chain_, at, loop::constant(element_, 0)); });
      const int64_t blocks = rows / block_rows_;
      if (blocks > 0) {
        const Index b = f_.open_axis("block", blocks);
        tiles(first, length, begin + b * block_rows_, block_rows_);
        f_.close();
      }
      if (rows % block_rows_ > 0)
        tiles(first, length, begin + Index(blocks * block_rows_), rows % block_rows_);
      each([&](const Index& at) {
        const Expression sum = f_.load(chain_, at);
        f_.store(result_, at, is_first ? sum : f_.load(result_, at) + sum);
      });
    };
    const int64_t whole = rows_ / chunk_rows_;
    chunk(Index(0), chunk_rows_, true);
    if (whole > 1) {
      const Index c = f_.open_axis("chunk", whole - 1);
      chunk((c + Index(1)) * chunk_rows_, chunk_rows_, false);
      f_.close();
    }
    if (rows_ % chunk_rows_ > 0) chunk(Index(whole * chunk_rows_), rows_ % chunk_rows_, false);
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
        const int64_t panels = outputs_ / columns_;
        const Index p = f_.open_axis("panel", panels);
        call(length, kw, width, depth, columns_,
             {begin, begin + Index(rows), window_row, channel_at, p * columns_});
        f_.close();
        if (outputs_ % columns_ > 0)
          call(length, kw, width, depth, outputs_ % columns_,
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
    const auto count = [&](Value v) { return element_count(kernel_.type(v).shape); };
    const int64_t x = t.parameter("x", loop::BufferRole::read, element_, count(node_.operands[0]));
    const int64_t dy = t.parameter("dy", loop::BufferRole::read, element_, count(node_.operands[1]));
    const int64_t chain = t.parameter("chain", loop::BufferRole::update, element_, count(value_));
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
      return ((h * integer(window_[1]) + w) * integer(channels_) + c) * integer(outputs_) + output + v;
    };
    registers.load_chain(chain, position);
    const Expression row = t.open("row", begin, end);
    const Expression n = t.let("n", row / integer(output_[0]));
    const Expression oh = t.let("oh", row - n * integer(output_[0]));
    const Expression top =
        t.let("top", oh * integer(stride_[0]) + window_row * integer(dilation_[0]) - integer(low_[0]));
    const Expression at =
        t.let("at", (n * integer(extent_[0]) + top) * integer(extent_[1] * channels_) + channel);
    const Expression dy_at = t.let("dy_at", row * integer(output_[1] * outputs_) + output);
    const auto inside = [&](int64_t first, int64_t last) {
      return both(loop::make(ScalarOp::greater_equal, {top + integer(first * dilation_[0]), integer(0)}),
                  loop::make(ScalarOp::less, {top + integer(last * dilation_[0]), integer(extent_[0])}));
    };
    const auto pixels = [&](int64_t first, int64_t last) {
      row_of_pixels(t, registers, {first, last, kw, width, depth}, x, dy, at, dy_at);
    };
    const int64_t reach = (output_[0] - 1) * stride_[0] + (window_[0] - 1) * dilation_[0] - low_[0];
    if (low_[0] <= 0 && reach < extent_[0]) {
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
      const int64_t column = ow * stride_[1] + k * dilation_[1] - low_[1];
      return column >= 0 && column < extent_[1];
    };
    const auto taps = [&](int64_t ow) {
      std::vector<int64_t> inside;
      for (int64_t k = rows.kw; k < rows.kw + rows.width; ++k)
        if (reached(ow, k)) inside.push_back(k);
      return inside;
    };
    for (int64_t ow = 0; ow < output_[1];) {
      const std::vector<int64_t> inside = taps(ow);
      int64_t end = ow + 1;
      while (end < output_[1] && taps(end) == inside) ++end;
      if (!inside.empty()) {
        const Expression column = t.open("ow", ow, end);
        registers.load_columns(
            [&](const Expression& v) { return t.load(dy, {dy_at + column * integer(outputs_) + v}); });
        for (int64_t h = rows.first; h < rows.last; ++h)
          for (int64_t k : inside) {
            const int64_t first = (h * rows.width + k - rows.kw) * rows.depth;
            const int64_t offset =
                (h * dilation_[0] * extent_[1] + k * dilation_[1] - low_[1]) * channels_ - first;
            registers.multiply_rows(first, first + rows.depth, [&](const Expression& r) {
              return t.load(x, {at + column * integer(stride_[1] * channels_) + r + integer(offset)});
            });
          }
        t.close();
      }
      ow = end;
    }
  }

  Kernel& kernel_;
  FunctionBuilder& f_;
  Value value_;
  const Node& node_;
  ops::Convolution conv_;
  ElementType element_;
  int64_t input_ = 0, gradient_ = 0, result_ = 0, chain_ = 0;  // buffers
  int64_t channels_ = 0, outputs_ = 0;
  int64_t window_[2] = {1, 1}, extent_[2] = {1, 1}, output_[2] = {1, 1};
  int64_t stride_[2] = {1, 1}, low_[2] = {0, 0}, dilation_[2] = {1, 1};
  int64_t rows_ = 0, chunk_rows_ = 0, block_rows_ = 0;
  int64_t columns_ = 0, window_rows_ = 1;
  std::vector<std::pair<int64_t, int64_t>> tile_channels_, tile_columns_;
  std::map<std::vector<int64_t>, std::string> names_;
};

}  // namespace

std::unique_ptr<TiledContraction> plan_tiled_filter_gradient(Kernel& kernel, uint32_t node) {
  auto gradient = std::make_unique<TiledFilterGradient>(kernel, node);
  if (!gradient->plan()) return nullptr;
  return gradient;
}

}  // namespace gradus::lowering
