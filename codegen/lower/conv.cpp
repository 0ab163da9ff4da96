// Forward convolution and input gradient by register tiles: rows of the tile are neighbouring output columns,
// the vectors lie along the output channels. Both are one list of taps per axis; the input gradient of a
// strided convolution is one such problem per phase of the output column and row. Taps in the padding are
// left out: those of rows by the bounds of a loop, those of columns because each tile at a border is a
// function of its own.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "codegen/lower/tile.h"
#include "ir/ops/convolution.h"
#include "ir/sum_order.h"

namespace gradus::lowering {

using loop::Expression;
using loop::LoopKind;

namespace {

int64_t floor_divide(int64_t a, int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }

// One axis, one phase: output phase + period * q reads source q * stride + first + j * step at tap j.
struct Taps {
  int64_t phase = 0, period = 1, outputs = 0;
  int64_t count = 0;
  int64_t weight_first = 0, weight_step = 1;  // window index of tap j
  int64_t stride = 1, first = 0, step = 1;
  int64_t source = 0;  // extent

  // The outputs q at which tap j lies inside the source.
  std::pair<int64_t, int64_t> valid(int64_t j) const {
    const int64_t at = first + j * step;
    return {std::max<int64_t>(0, -floor_divide(at, stride)),
            std::min(outputs, floor_divide(source - 1 - at, stride) + 1)};
  }
};

std::vector<Taps> forward_taps(int64_t outputs, int64_t source, int64_t window, int64_t stride, int64_t low,
                               int64_t dilation) {
  return {{0, 1, outputs, window, 0, 1, stride, -low, dilation, source}};
}

std::vector<Taps> gradient_taps(int64_t outputs, int64_t source, int64_t window, int64_t stride, int64_t low,
                                int64_t dilation) {
  const int64_t apart = stride / std::gcd(stride, dilation);
  std::vector<Taps> phases;
  for (int64_t phase = 0; phase < std::min(stride, outputs); ++phase) {
    Taps taps{
        phase, stride, (outputs - phase + stride - 1) / stride, 0, 0, -apart, 1, 0, apart * dilation / stride,
        source};
    for (int64_t k = window - 1; k >= 0; --k) {
      const int64_t distance = phase + low - k * dilation;
      if (floor_divide(distance, stride) * stride != distance) continue;
      if (taps.count++ == 0) {
        taps.weight_first = k;
        taps.first = floor_divide(distance, stride);
      }
    }
    phases.push_back(taps);
  }
  return phases;
}

class TiledConvolution : public TiledContraction {
 public:
  TiledConvolution(Kernel& kernel, uint32_t index)
      : kernel_(kernel),
        f_(kernel.f),
        node_(kernel.body.node(index)),
        conv_(ops::convolution_of(kernel.body, node_)),
        epilogue_(kernel, {index, 0}),
        element_(node_.types[0].element) {}

  bool plan() {
    if (element_ != ElementType::f32 && element_ != ElementType::f64) return false;
    if (conv_.kind == ops::ConvolutionKind::filter_gradient || conv_.spatial() > 2 || conv_.groups > 1)
      return false;
    if (element_count(node_.types[0].shape) == 0) return false;
    const bool rows = conv_.spatial() == 2;
    const std::string data = rows ? "b01f" : "b0f";
    if (node_.attributes.text("input") != data || node_.attributes.text("output") != data ||
        node_.attributes.text("filter") != (rows ? "01io" : "0io"))
      return false;
    source_ = dense_buffer(kernel_, node_.operands[0]);
    filter_ = dense_buffer(kernel_, node_.operands[1]);
    if (source_ < 0 || filter_ < 0) return false;
    read_geometry();
    if (channels_ == 0) return false;
    schedule_ = choose_tile(widest(), outputs_, element_, kernel_.target, kernel_.options);
    // The taps of a row are unrolled: a long window takes a lower tile.
    const int64_t vectors = (schedule_.columns + kernel_.lanes(element_) - 1) / kernel_.lanes(element_);
    most_rows_ = schedule_.rows;
    while (most_rows_ > 2 && most_rows_ * vectors * window_[1] > 256) most_rows_ = (most_rows_ + 1) / 2;
    epilogue_.prepare();
    const bool forward = conv_.kind == ops::ConvolutionKind::forward;
    packed_ = !forward || schedule_.panels > 1;
    if (packed_) {
      panel_elements_ = window_[0] * channels_ * window_[1] * schedule_.columns;
      panels_ = kernel_.scratch("weights", element_, schedule_.panels * panel_elements_);
    }
    // Strides of the weights: window row, channel, window column.
    if (packed_)
      weight_steps_ = {channels_ * window_[1] * schedule_.columns, window_[1] * schedule_.columns,
                       schedule_.columns};
    else
      weight_steps_ = {window_[1] * channels_ * outputs_, outputs_, channels_ * outputs_};
    return true;
  }

  void emit() override {
    make_functions();
    if (packed_) pack();
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

  void read_geometry() {
    const bool forward = conv_.kind == ops::ConvolutionKind::forward;
    const Shape& source = kernel_.type(node_.operands[0]).shape;
    const Shape& result = node_.types[0].shape;
    const Shape& filter = kernel_.type(node_.operands[1]).shape;
    const size_t spatial = conv_.spatial();
    batch_ = result[0];
    channels_ = source.back();
    outputs_ = result.back();
    filter_in_ = filter[spatial];
    filter_out_ = filter[spatial + 1];
    for (size_t i = 0; i < 2; ++i) {
      if (i == 0 && spatial == 1) {
        taps_[0] = forward_taps(1, 1, 1, 1, 0, 1);
        continue;
      }
      const size_t axis = spatial == 1 ? 0 : i;
      window_[i] = conv_.filter[axis];
      extent_[i] = source[axis + 1];
      taps_[i] =
          (forward ? forward_taps : gradient_taps)(result[axis + 1], source[axis + 1], window_[i],
                                                   conv_.stride[axis], conv_.low[axis], conv_.dilation[axis]);
    }
    chunked_ = window_[0] * window_[1] * channels_ > sum_order::chain_terms;
    block_ = chunked_ ? sum_order::chain_channels(channels_, window_[1]) : channels_;
  }

  int64_t widest() const {
    int64_t most = 1;
    for (const Taps& taps : taps_[1]) most = std::max(most, taps.outputs);
    return most;
  }
  int64_t last_width() const { return outputs_ - (schedule_.panels - 1) * schedule_.columns; }
  std::vector<int64_t> widths() const {
    if (last_width() == schedule_.columns) return {schedule_.columns};
    if (schedule_.panels == 1) return {last_width()};
    return {schedule_.columns, last_width()};
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
    for (size_t phase = 0; phase < taps_[1].size(); ++phase) {
      const Taps& taps = taps_[1][phase];
      const int64_t tiles = (taps.outputs + most_rows_ - 1) / most_rows_;
      const int64_t height = (taps.outputs + tiles - 1) / tiles;
      const int64_t full = taps.outputs - (height - 1) * tiles;
      int64_t q = 0;
      for (int64_t i = 0; i < tiles; ++i) {
        const int64_t rows = i < full ? height : height - 1;
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
    const int64_t weights = packed_ ? panel_elements_ : filter_count();
    auto tile = std::make_unique<TileFunction>(kernel_, epilogue_,
                                               fmt::format("tile{}_{}x{}", functions_.size(), rows, columns),
                                               source_count(), weights);
    FunctionBuilder& t = tile->f;
    const Expression n = t.scalar_parameter("n"), row = t.scalar_parameter("row");
    const Expression column = t.scalar_parameter("column"), channel = t.scalar_parameter("channel");
    const Expression source = t.scalar_parameter("source"), weight = t.scalar_parameter("weight");
    const Expression first = t.scalar_parameter("first"), last = t.scalar_parameter("last");
    RegisterTile registers(t, element_, rows, columns, chunked_);
    const Taps& down = taps_[0][0];  // all phases have the same steps
    const auto channel_block = [&](const Expression& at, const Expression& weight_at, const Expression& begin,
                                   int64_t count) {
      if (chunked_) registers.begin();
      const Expression c = t.open("c", 0, count);
      const Expression channel_at = begin ? begin + c : c;
      for (int64_t j = 0; j < taps.count; ++j) {
        const auto [low, high] = reach[static_cast<size_t>(j)];
        const int64_t k = taps.weight_first + j * taps.weight_step;
        registers.multiply(
            low, high,
            [&](const Expression& r) {
              return t.load(tile->a, {at + channel_at + r * integer(taps.stride * channels_) +
                                      integer(j * taps.step * channels_)});
            },
            [&](const Expression& v) {
              return t.load(tile->b, {weight_at + channel_at * integer(weight_steps_[1]) +
                                      integer(k * weight_steps_[2]) + v});
            });
      }
      t.close();
      if (chunked_) registers.end();
    };
    if (!chunked_) registers.begin();
    const Expression j = t.open("kh", first, last);
    const Expression at = t.let("at", source + j * integer(down.step * extent_[1] * channels_));
    const Expression weight_at =
        t.let("weight_at", weight + j * integer(down.weight_step * weight_steps_[0]));
    if (!chunked_) {
      channel_block(at, weight_at, nullptr, channels_);
    } else {
      const Expression block = t.open("block", 0, channels_ / block_);
      channel_block(at, weight_at, block * integer(block_), block_);
      t.close();
      if (channels_ % block_ > 0)
        channel_block(at, weight_at, integer(channels_ / block_ * block_), channels_ % block_);
    }
    t.close();
    tile->store(
        registers,
        [&](const Expression& r, const Expression& v) {
          const auto bind = [&](size_t axis, const Expression& value) {
            if (tile->axes[axis].extent != 1) t.space.bind({tile->axes[axis].symbol()}, value, t.level());
          };
          bind(0, n);
          if (conv_.spatial() == 2) bind(1, row);
          bind(tile->axes.size() - 2, column + r * integer(taps.period));
          bind(tile->axes.size() - 1, channel + v);
        },
        schedule_.panels == 1 && taps.period == 1);
    return tile;
  }

  int64_t source_count() const { return element_count(kernel_.type(node_.operands[0]).shape); }
  int64_t filter_count() const { return element_count(kernel_.type(node_.operands[1]).shape); }

  // [panel][window row][channel][window column][columns]
  void pack() {
    const bool forward = conv_.kind == ops::ConvolutionKind::forward;
    const auto panel = [&](const Index& p, int64_t width) {
      const Index kh = f_.open_axis("kh", window_[0]);
      const Index c = f_.open_axis("c", channels_);
      const Index kw = f_.open_axis("kw", window_[1]);
      const Index v = f_.open_axis("v", width, LoopKind::vectorized);
      const Index output = p * schedule_.columns + v;
      const Index in = forward ? c : output, out = forward ? output : c;
      const Index from = ((kh * window_[1] + kw) * filter_in_ + in) * filter_out_ + out;
      const Index to =
          p * panel_elements_ + kh * weight_steps_[0] + c * weight_steps_[1] + kw * weight_steps_[2] + v;
      f_.store(panels_, to, f_.load(filter_, from));
      for (int i = 0; i < 4; ++i) f_.close();
    };
    const bool even = last_width() == schedule_.columns;
    const int64_t whole = even ? schedule_.panels : schedule_.panels - 1;
    if (whole > 0) {
      const double cost = 0.5 * static_cast<double>(panel_elements_);
      panel(f_.open_axis("panel", whole, LoopKind::parallel, grain(cost, whole, kernel_.options)),
            schedule_.columns);
      f_.close();
    }
    if (!even) panel(Index(whole), last_width());
  }

  void run() {
    double flops = 2.0 * static_cast<double>(batch_ * outputs_ * channels_ * window_[0] * window_[1]);
    for (const auto& axis : taps_) {
      int64_t positions = 0;
      for (const Taps& taps : axis) positions += taps.outputs;
      flops *= static_cast<double>(positions);
    }
    const double nanoseconds = flops / 100 + 20;
    const int64_t bytes = filter_count() * size_in_bytes(element_);
    // Weights beyond half the cache are streamed once: their panels are the outermost loop.
    const bool panels_outside =
        schedule_.panels > 1 && (2 * bytes > kernel_.target.level2_bytes || batch_ == 1);
    if (panels_outside)
      over_panels(nanoseconds, true, [&](const Index& p, size_t width) {
        const Index n = f_.open_axis("n", batch_);
        image(n, p, width);
        f_.close();
      });
    else {
      const Index n = f_.open_axis("n", batch_, LoopKind::parallel,
                                   grain(nanoseconds / static_cast<double>(batch_), batch_, kernel_.options));
      over_panels(nanoseconds, false, [&](const Index& p, size_t width) { image(n, p, width); });
      f_.close();
    }
  }

  void over_panels(double nanoseconds, bool parallel, const std::function<void(const Index&, size_t)>& body) {
    const bool even = last_width() == schedule_.columns;
    const int64_t whole = even ? schedule_.panels : schedule_.panels - 1;
    if (whole > 0) {
      const int64_t share =
          grain(nanoseconds / static_cast<double>(schedule_.panels), whole, kernel_.options);
      const Index p = f_.open_axis("panel", whole, parallel ? LoopKind::parallel : LoopKind::serial,
                                   parallel ? share : 1);
      body(p, 0);
      f_.close();
    }
    if (!even) body(Index(whole), widths().size() - 1);
  }

  void image(const Index& n, const Index& panel, size_t width) {
    for (const Taps& down : taps_[0]) {
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
        const Taps& across = taps_[1][tile.phase];
        const Index i = f_.open_axis("tile", tile.count);
        const Index column = i * tile.rows + Index(tile.first);
        const size_t which = tile.functions[width];
        loop::Call call;
        call.function = names_[which];
        call.buffers.push_back({source_, {integer(0)}});
        call.buffers.push_back({packed_ ? panels_ : filter_,
                                {f_.space.expression(packed_ ? panel * panel_elements_ : Index(0))}});
        functions_[which]->add_views(call.buffers);
        const Index source =
            ((n * extent_[0] + base) * extent_[1] + column * across.stride + Index(across.first)) * channels_;
        const Index weight =
            Index(down.weight_first * weight_steps_[0]) + (packed_ ? Index(0) : panel * schedule_.columns);
        for (const Index& scalar : {n, row, column * across.period + Index(across.phase),
                                    panel * schedule_.columns, source, weight})
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
  const Node& node_;
  ops::Convolution conv_;
  TileEpilogue epilogue_;
  ElementType element_;
  int64_t source_ = 0, filter_ = 0;  // buffers
  int64_t batch_ = 0, channels_ = 0, outputs_ = 0, filter_in_ = 0, filter_out_ = 0;
  int64_t window_[2] = {1, 1};
  int64_t extent_[2] = {1, 1};
  std::vector<Taps> taps_[2];  // phases of rows and of columns
  bool chunked_ = false;
  int64_t block_ = 0;  // channels of a chunk
  TileSchedule schedule_;
  int64_t most_rows_ = 1;
  bool packed_ = false;
  int64_t panel_elements_ = 0, panels_ = -1;
  std::vector<int64_t> weight_steps_;
  std::vector<Tile> tiles_;
  std::vector<std::unique_ptr<TileFunction>> functions_;
  std::vector<std::string> names_;
};

}  // namespace

int64_t dense_buffer(Kernel& kernel, Value operand) {
  const Shape& shape = kernel.type(operand).shape;
  const std::vector<Axis> axes = make_axes(kernel.f.space, shape);
  const auto element = kernel.viewed(operand, tuple_of(axes));
  if (!element || element->index != kernel.f.space.linearize(tuple_of(axes), shape)) return -1;
  return element->buffer;
}

std::unique_ptr<TiledContraction> plan_tiled_conv(Kernel& kernel, uint32_t node) {
  auto convolution = std::make_unique<TiledConvolution>(kernel, node);
  if (!convolution->plan()) return nullptr;
  return convolution;
}

}  // namespace gradus::lowering
