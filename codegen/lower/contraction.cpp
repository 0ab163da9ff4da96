// Contractions in their plain form: any order of axes, any number of them; the order of the sums is the
// definition's. Tiled forms (dot.cpp, conv.cpp) take what is common.
#include <fmt/format.h>

#include <algorithm>

#include "codegen/lower/columns.h"
#include "ir/kernel/dot_nest.h"
#include "ir/ops/convolution.h"
#include "ir/sum_order.h"

namespace gradus::lowering {

using loop::Expression;
using loop::LoopKind;

namespace {

// The register state of one output chunk: a chain, and the sum of the chains before it.
class Chain {
 public:
  Chain(FunctionBuilder& f, const Columns& columns, ElementType element, bool chunked)
      : f_(f), columns_(columns), element_(element), chunked_(chunked) {
    // -0 is the identity: adding the first chain to it gives the chain itself.
    if (chunked) total_ = f.local("total", element, {columns.width()}, negative_zero());
    if (!chunked) begin();
  }

  void begin() { chain_ = f_.local("chain", element_, {columns_.width()}, zero()); }
  // One more term, where the condition holds (null: everywhere).
  void term(const std::function<std::pair<Expression, Expression>()>& factors,
            const std::function<Expression()>& condition) {
    columns_.each([&](const Expression& lane) {
      const Expression old = f_.load(chain_, {lane});
      const Expression valid = condition();
      const auto [a, b] = factors();
      Expression next = element_ == ElementType::boolean
                            ? loop::make(loop::ScalarOp::logical_or, {old, both(a, b)})
                        : is_float(element_) ? fused(a, b, old)
                                             : old + a * b;
      if (valid) next = choose(valid, next, old);
      f_.store(chain_, {lane}, next);
    });
  }
  void end() {
    columns_.each([&](const Expression& lane) {
      f_.store(total_, {lane}, f_.load(total_, {lane}) + f_.load(chain_, {lane}));
    });
  }
  Expression value(const Expression& lane) const { return f_.load(chunked_ ? total_ : chain_, {lane}); }

 private:
  Expression zero() const {
    return is_float(element_) ? loop::constant(element_, 0) : loop::constant_integer(element_, 0);
  }
  Expression negative_zero() const {
    return is_float(element_) ? loop::constant(element_, -0.0) : loop::constant_integer(element_, 0);
  }

  FunctionBuilder& f_;
  const Columns& columns_;
  ElementType element_;
  bool chunked_;
  int64_t chain_ = 0;
  int64_t total_ = 0;
};

// Runs the terms of one output chunk through a chain.
using Terms = std::function<void(Chain&)>;

struct Output {
  Value value;
  std::vector<Axis> axes;
  Index position;  // in row-major order
};

// `used`: the indices of the factors of any term.
void contract(Kernel& kernel, size_t stage, const Output& output, std::vector<Index> used, bool chunked,
              int64_t terms, const Terms& run) {
  const auto& schedule = kernel.part<OutputsSchedule>(stage);
  FunctionBuilder& f = kernel.f;
  const int64_t out = kernel.home(output.value);
  const ElementType element = kernel.type(output.value).element;
  const auto tile = [&](const Columns& columns) {
    Chain chain(f, columns, element, chunked);
    run(chain);
    columns.each([&](const Expression& lane) { f.store(out, output.position, chain.value(lane)); });
  };
  used.push_back(output.position);
  const auto merged = merge_axes(output.axes, used);
  const size_t opened = open_outer(kernel, merged, schedule.grain, terms);
  const int64_t width = std::min(innermost(merged).extent, schedule.columns);
  Columns::chunks(f, innermost(merged), width, LoopKind::serial, 1, tile);
  for (size_t i = 0; i < opened; ++i) f.close();
}

void plain_dot(Kernel& kernel, size_t stage) {
  const uint32_t index = kernel.node_of(stage);
  const Node& node = kernel.body.node(index);
  FunctionBuilder& f = kernel.f;
  const std::vector<Axis> axes = make_axes(f.space, node.types[0].shape);
  const Shape terms = dot_terms(kernel.body, node);
  const int64_t count = element_count(terms);
  const auto factors = [&](const Index& k) {
    return dot_tuples(kernel.body, node, tuple_of(axes), f.space.delinearize(k, terms));
  };
  const auto step = [&](Chain& chain, const Index& k) {
    const auto [l, r] = factors(k);
    chain.term(
        [&, &l = l, &r = r] {
          return std::pair(kernel.values.at(node.operands[0], l), kernel.values.at(node.operands[1], r));
        },
        [] { return Expression(); });
  };
  Reads reads = kernel.reads();
  const auto [l, r] = factors(f.space.axis(count));
  reads.follow(node.operands[0], l);
  reads.follow(node.operands[1], r);
  const auto run_terms = [&](Chain& chain, const Index& first, int64_t length) {
    if (length == 0) return;
    step(chain, first + f.open_axis("k", length));
    f.close();
  };
  const int64_t chunks = (count + sum_order::chain_terms - 1) / sum_order::chain_terms;
  const Output output{{index, 0}, axes, f.space.linearize(tuple_of(axes), node.types[0].shape)};
  contract(kernel, stage, output, reads.used(), chunks > 1, count, [&](Chain& chain) {
    if (chunks <= 1) return run_terms(chain, Index(0), count);
    const int64_t whole = count / sum_order::chain_terms;
    const Index c = f.open_axis("chunk", whole);
    chain.begin();
    run_terms(chain, c * sum_order::chain_terms, sum_order::chain_terms);
    chain.end();
    f.close();
    if (count % sum_order::chain_terms == 0) return;
    chain.begin();
    run_terms(chain, Index(whole * sum_order::chain_terms), count % sum_order::chain_terms);
    chain.end();
  });
}

// The axes of a convolution's result, with those of the channels cut into group and channel within it, so
// that either can be walked by lanes.
class ResultAxes {
 public:
  ResultAxes(FunctionBuilder& f, const Shape& shape, size_t feature, int64_t groups) : feature_(feature) {
    split = shape;
    split[feature] = groups;
    split.insert(split.begin() + static_cast<std::ptrdiff_t>(feature) + 1, shape[feature] / groups);
    axes = make_axes(f.space, split);
  }
  const Index& operator[](size_t axis) const { return axes[axis < feature_ ? axis : axis + 1].index; }
  const Index& group() const { return axes[feature_].index; }
  // The feature axis counts within its group; this one does not.
  Index feature() const { return group() * split[feature_ + 1] + (*this)[feature_]; }
  Index linear(FunctionBuilder& f) const { return f.space.linearize(tuple_of(axes), split); }

  Shape split;
  std::vector<Axis> axes;

 private:
  size_t feature_;
};

// Forward and input gradient: (outer window axes, channel, last window axis).
void plain_window_convolution(Kernel& kernel, size_t stage, const ops::Convolution& conv) {
  const uint32_t index = kernel.node_of(stage);
  FunctionBuilder& f = kernel.f;
  const Node& node = kernel.body.node(index);
  const bool forward = conv.kind == ops::ConvolutionKind::forward;
  const size_t rank = conv.spatial();
  const ops::DataAxes& to = forward ? conv.output_axes : conv.input_axes;
  const ops::DataAxes& from_axes = forward ? conv.input_axes : conv.output_axes;
  const ResultAxes axes(f, node.types[0].shape, to.feature, conv.groups);
  const Shape& source = kernel.type(node.operands[0]).shape;
  const int64_t channels = source[from_axes.feature] / conv.groups;  // that one result sees
  const Shape& window = conv.filter;
  const int64_t last = window[rank - 1];
  const bool chunked = element_count(window) * channels > sum_order::chain_terms;
  const int64_t per_chunk = chunked ? sum_order::chain_channels(channels, last) : channels;

  std::vector<Index> taps(rank);
  // Of one term: where its factors lie, before what lies outside is left out.
  struct Factors {
    Indices from, weight;
    std::vector<int64_t> extents;  // per spatial axis, 0 <= position < extent
  };
  const auto factors = [&](const Index& channel) {
    Factors found{Indices(source.size()), Indices(rank + 2), {}};
    found.from[from_axes.batch] = axes[to.batch];
    found.from[from_axes.feature] = axes.group() * channels + channel;
    found.weight[conv.filter_axes.input] = forward ? channel : axes[to.feature];
    found.weight[conv.filter_axes.output] = forward ? axes.feature() : found.from[from_axes.feature];
    for (size_t i = 0; i < rank; ++i) {
      const Index tap = forward ? taps[i] : Index(window[i] - 1) - taps[i];
      const Index& at = axes[to.spatial[i]];
      const int64_t extent = source[from_axes.spatial[i]];
      found.weight[conv.filter_axes.spatial[i]] = tap;
      found.from[from_axes.spatial[i]] =
          forward ? at * conv.stride[i] + tap * conv.dilation[i] - Index(conv.low[i])
                  : at + Index(conv.low[i]) - tap * conv.dilation[i];
      found.extents.push_back(forward ? extent : (extent - 1) * conv.stride[i] + 1);
    }
    return found;
  };
  const auto term = [&](Chain& chain, const Index& channel) {
    const Factors at = factors(channel);
    chain.term(
        [&] {
          Indices safe = at.from;
          for (size_t i = 0; i < rank; ++i) {
            Index& position = safe[from_axes.spatial[i]];
            position = kernel.values.clamped(position, 0, at.extents[i]);
            if (!forward) position = f.space.quotient(position, conv.stride[i]);
          }
          return std::pair(kernel.values.at(node.operands[0], safe),
                           kernel.values.at(node.operands[1], at.weight));
        },
        [&] {
          Expression valid;
          for (size_t i = 0; i < rank; ++i)
            valid = both(valid, kernel.values.within(at.from[from_axes.spatial[i]], 0, at.extents[i]));
          for (size_t i = 0; i < rank; ++i) {
            if (forward || conv.stride[i] == 1) continue;
            const Index rest = f.space.remainder(at.from[from_axes.spatial[i]], conv.stride[i]);
            valid = both(valid, loop::make(loop::ScalarOp::equal, {f.space.expression(rest), integer(0)}));
          }
          return valid;
        });
  };
  const auto used = [&] {
    Reads reads = kernel.reads();
    for (size_t i = 0; i < rank; ++i) taps[i] = f.space.axis(window[i]);
    Factors at = factors(f.space.axis(channels));
    for (size_t i = 0; i < rank; ++i) {
      Index& position = at.from[from_axes.spatial[i]];
      if (!forward) reads.use(f.space.remainder(position, conv.stride[i]));
      position = reads.guarded(position, 0, at.extents[i]);
      if (!forward) position = f.space.quotient(position, conv.stride[i]);
    }
    reads.follow(node.operands[0], at.from);
    reads.follow(node.operands[1], at.weight);
    return reads.used();
  };
  const auto run_channels = [&](Chain& chain, const Index& first, int64_t count) {
    if (chunked) chain.begin();
    const Index channel = f.open_axis("channel", count);
    taps[rank - 1] = f.open_axis("kw", last);
    term(chain, first + channel);
    f.close();
    f.close();
    if (chunked) chain.end();
  };
  contract(kernel, stage, {{index, 0}, axes.axes, axes.linear(f)}, used(), chunked,
           element_count(window) * channels, [&](Chain& chain) {
             for (size_t i = 0; i + 1 < rank; ++i) taps[i] = f.open_axis("kh", window[i]);
             const int64_t whole = channels / per_chunk;
             const Index block = f.open_axis("block", whole);
             run_channels(chain, block * per_chunk, per_chunk);
             f.close();
             if (channels % per_chunk > 0)
               run_channels(chain, Index(whole * per_chunk), channels % per_chunk);
             for (size_t i = 0; i + 1 < rank; ++i) f.close();
           });
}

// Filter gradient: the rows of the output in memory order.
void plain_filter_gradient(Kernel& kernel, size_t stage, const ops::Convolution& conv) {
  const uint32_t index = kernel.node_of(stage);
  FunctionBuilder& f = kernel.f;
  const Node& node = kernel.body.node(index);
  const size_t rank = conv.spatial();
  const ResultAxes axes(f, node.types[0].shape, conv.filter_axes.output, conv.groups);
  const Shape& x = kernel.type(node.operands[0]).shape;
  const Shape& dy = kernel.type(node.operands[1]).shape;
  Shape outer{dy[conv.output_axes.batch]};
  for (size_t i = 0; i + 1 < rank; ++i) outer.push_back(dy[conv.output_axes.spatial[i]]);
  const int64_t rows = element_count(outer);
  const int64_t width = dy[conv.output_axes.spatial[rank - 1]];
  const bool chunked = rows * width > sum_order::chain_terms;
  const int64_t per_chunk = chunked ? sum_order::chain_rows(rows, width) : rows;

  const auto factors = [&](const Index& output_row, const Index& column) {
    const Indices row = f.space.delinearize(output_row, outer);
    Indices from(x.size()), gradient(dy.size());
    from[conv.input_axes.batch] = gradient[conv.output_axes.batch] = row[0];
    from[conv.input_axes.feature] =
        axes.group() * node.types[0].shape[conv.filter_axes.input] + axes[conv.filter_axes.input];
    gradient[conv.output_axes.feature] = axes.feature();
    for (size_t i = 0; i < rank; ++i) {
      const Index at = i + 1 < rank ? row[i + 1] : column;
      gradient[conv.output_axes.spatial[i]] = at;
      from[conv.input_axes.spatial[i]] =
          at * conv.stride[i] + axes[conv.filter_axes.spatial[i]] * conv.dilation[i] - Index(conv.low[i]);
    }
    return std::pair(from, gradient);
  };
  const auto used = [&] {
    Reads reads = kernel.reads();
    auto [from, gradient] = factors(f.space.axis(rows), f.space.axis(width));
    for (const size_t axis : conv.input_axes.spatial) from[axis] = reads.guarded(from[axis], 0, x[axis]);
    reads.follow(node.operands[0], from);
    reads.follow(node.operands[1], gradient);
    return reads.used();
  };
  const auto run_rows = [&](Chain& chain, const Index& first, int64_t count) {
    if (chunked) chain.begin();
    const Index row = first + f.open_axis("row", count);
    const auto [from, gradient] = factors(row, f.open_axis("ow", width));
    chain.term(
        [&, &from = from, &gradient = gradient] {
          Indices safe = from;
          for (size_t axis : conv.input_axes.spatial)
            safe[axis] = kernel.values.clamped(from[axis], 0, x[axis]);
          return std::pair(kernel.values.at(node.operands[0], safe),
                           kernel.values.at(node.operands[1], gradient));
        },
        [&, &from = from] {
          Expression valid;
          for (size_t axis : conv.input_axes.spatial)
            valid = both(valid, kernel.values.within(from[axis], 0, x[axis]));
          return valid;
        });
    f.close();
    f.close();
    if (chunked) chain.end();
  };
  contract(kernel, stage, {{index, 0}, axes.axes, axes.linear(f)}, used(), chunked, rows * width,
           [&](Chain& chain) {
             const int64_t whole = rows / per_chunk;
             const Index block = f.open_axis("block", whole);
             run_rows(chain, block * per_chunk, per_chunk);
             f.close();
             if (rows % per_chunk > 0) run_rows(chain, Index(whole * per_chunk), rows % per_chunk);
           });
}

}  // namespace

size_t open_outer(Kernel& kernel, const std::vector<MergedAxis>& merged, int64_t grain,
                  int64_t points_per_output) {
  FunctionBuilder& f = kernel.f;
  int64_t total = points_per_output;
  for (const MergedAxis& axis : merged) total *= axis.extent;
  size_t opened = 0;
  for (; opened + 1 < merged.size(); ++opened) {
    const MergedAxis& axis = merged[opened];
    const bool first = opened == 0;
    const Expression variable =
        f.open("i", 0, axis.extent, first ? LoopKind::parallel : LoopKind::serial,
               first ? iterations_of_task(grain, total / axis.extent, axis.extent) : 1);
    f.space.bind(axis.symbols, variable, f.level());
  }
  return opened;
}

void lower_dot(Kernel& kernel, size_t stage) { plain_dot(kernel, stage); }

void lower_conv(Kernel& kernel, size_t stage) {
  const ops::Convolution conv = ops::convolution_of(kernel.body, kernel.body.node(kernel.node_of(stage)));
  if (conv.kind == ops::ConvolutionKind::filter_gradient) return plain_filter_gradient(kernel, stage, conv);
  plain_window_convolution(kernel, stage, conv);
}

}  // namespace gradus::lowering
