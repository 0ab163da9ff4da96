// Reductions in the order that DESIGN fixes: with the last axis among the reduced ones, 64 partial results
// per block of 4,096 logical indices, folded by halves; otherwise an ascending chain per output in blocks of
// 256; blocks are added by twos.
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "codegen/lower/columns.h"
#include "codegen/lower/row.h"
#include "ir/error.h"
#include "ir/kernel/reduction_nest.h"
#include "ir/sum_order.h"

namespace gradus::lowering {

using loop::Expression;
using loop::LoopKind;
using loop::ScalarOp;

namespace {

class Reduction {
 public:
  // Of a node that no stage stores the result is none.
  Reduction(Kernel& kernel, uint32_t index)
      : kernel_(kernel),
        f_(kernel.f),
        node_(kernel.body.node(index)),
        operand_(node_.operands[0]),
        element_(node_.types[0].element),
        nest_(kernel.body, node_) {}

  void lower(size_t stage) {
    schedule_ = kernel_.part<ReductionSchedule>(stage);
    out_ = kernel_.home({kernel_.node_of(stage), 0});
    work_ = kernel_.work(stage);
    if (nest_.outputs == 0) return;
    if (nest_.length == 0) return lower_empty();
    if (nest_.includes_last)
      lower_rows();
    else
      lower_columns();
  }

  // The row at `outer` alone, its blocks in a small array.
  Expression in_row(const std::vector<Axis>& outer, const std::function<void(const Indices&)>& first) {
    first_ = first;
    if (nest_.blocks == 1) {
      Expression total;
      row_of(outer, Index(0), nest_.length, [&](const Expression& value) { total = value; });
      return total;
    }
    const int64_t sums = f_.local("blocks", element_, {nest_.blocks});
    const int64_t whole = nest_.length / sum_order::row_block;
    const Index block = f_.open_axis("block", whole);
    row_of(outer, block * sum_order::row_block, sum_order::row_block,
           [&](const Expression& value) { f_.store(sums, block, value); });
    f_.close();
    if (nest_.length % sum_order::row_block > 0)
      row_of(outer, Index(whole * sum_order::row_block), nest_.length % sum_order::row_block,
             [&](const Expression& value) { f_.store(sums, Index(whole), value); });
    for (int64_t n = nest_.blocks; n > 1; n = (n + 1) / 2) {
      for (int64_t i = 0; i < n / 2; ++i)
        f_.store(sums, Index(i), combine(f_.load(sums, Index(2 * i)), f_.load(sums, Index(2 * i + 1))));
      if (n % 2 == 1) f_.store(sums, Index(n / 2), f_.load(sums, Index(n - 1)));
    }
    return f_.load(sums, Index(0));
  }

 private:
  Expression identity() const {
    const bool floating = is_float(element_);
    const auto number = [&](double v) { return loop::constant(element_, v); };
    const auto whole = [&](int64_t v) { return loop::constant_integer(element_, v); };
    switch (node_.op->traits.fold) {
      case Fold::sum:
        return floating ? number(-0.0) : whole(0);
      case Fold::product:
        return floating ? number(1) : whole(1);
      case Fold::any:
        return whole(0);
      case Fold::all:
        return whole(is_integer(element_) ? -1 : 1);
      case Fold::maximum:
        return floating ? number(-std::numeric_limits<double>::infinity()) : whole(extremes().first);
      case Fold::minimum:
        return floating ? number(std::numeric_limits<double>::infinity()) : whole(extremes().second);
      case Fold::none:
        break;
    }
    fail_internal(fmt::format("lowering: '{}' folds nothing", node_.op->name));
  }

  // The least and the largest integer.
  std::pair<int64_t, int64_t> extremes() const {
    switch (element_) {
      case ElementType::i64:
        return {std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max()};
      case ElementType::i32:
        return {std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max()};
      case ElementType::i8:
        return {-128, 127};
      case ElementType::u8:
        return {0, 255};
      default:
        return {0, 1};
    }
  }

  Expression combine(const Expression& a, const Expression& b) const {
    const bool boolean = element_ == ElementType::boolean;
    switch (node_.op->traits.fold) {
      case Fold::sum:
        return loop::make(ScalarOp::add, {a, b});
      case Fold::product:
        return loop::make(ScalarOp::multiply, {a, b});
      case Fold::maximum:
        return boolean ? loop::make(ScalarOp::logical_or, {a, b}) : maximum(a, b);
      case Fold::minimum:
        return boolean ? loop::make(ScalarOp::logical_and, {a, b}) : minimum(a, b);
      case Fold::any:
        return loop::make(ScalarOp::logical_or, {a, b});
      case Fold::all:
        return loop::make(ScalarOp::logical_and, {a, b});
      case Fold::none:
        break;
    }
    fail_internal(fmt::format("lowering: '{}' folds nothing", node_.op->name));
  }

  // The operand's tuple from those of the outer axes and the logical index of the reduced ones.
  Indices tuple(const std::vector<Axis>& outer, const Index& logical) {
    const Indices inner = f_.space.delinearize(logical, nest_.reduced);
    Indices result;
    size_t k = 0, r = 0;
    for (size_t i = 0; i < nest_.is_reduced.size(); ++i)
      result.push_back(nest_.is_reduced[i] ? inner[r++] : outer[k++].index);
    return result;
  }

  // The indices of the operand's elements and of the result.
  std::vector<Index> used(const std::vector<Axis>& outer, const Index& output) {
    Reads reads = kernel_.reads();
    reads.use(output);
    reads.follow(operand_, tuple(outer, f_.space.axis(nest_.length)));
    return reads.used();
  }

  void lower_empty() {
    const Index o = f_.open_axis("o", nest_.outputs, LoopKind::vectorized);
    f_.store(out_, o, identity());
    f_.close();
  }

  // One block of a row: 64 partial results, folded by halves into the first.
  void row_of(const std::vector<Axis>& outer, const Index& first, int64_t length,
              const std::function<void(const Expression&)>& result) {
    const int64_t width = std::min(length, sum_order::partials);
    const int64_t p = f_.local("partial", element_, {width}, identity());
    const auto accumulate = [&](const Index& begin, int64_t lanes) {
      const Index lane = f_.open_axis("l", lanes, LoopKind::vectorized);
      const Expression at = f_.space.expression(lane);
      const Indices element = tuple(outer, begin + lane);
      if (first_) first_(element);
      const Expression x = kernel_.values.at(operand_, element);
      f_.store(p, {at}, combine(f_.load(p, {at}), x));
      f_.close();
    };
    if (const int64_t groups = length / sum_order::partials; groups == 1) {
      accumulate(first, sum_order::partials);
    } else if (groups > 1) {
      const Index group = f_.open_axis("g", groups);
      accumulate(first + group * sum_order::partials, sum_order::partials);
      f_.close();
    }
    if (const int64_t rest = length % sum_order::partials; rest > 0)
      accumulate(first + Index(length - rest), rest);
    int64_t valid = width;
    for (int64_t half = sum_order::partials / 2; half > 0; half /= 2) {
      if (valid <= half) continue;
      const Expression l = f_.open("l", 0, valid - half, LoopKind::vectorized);
      f_.store(p, {l}, combine(f_.load(p, {l}), f_.load(p, {l + integer(half)})));
      f_.close();
      valid = half;
    }
    result(f_.load(p, {integer(0)}));
  }

  void lower_rows() {
    const std::vector<Axis> outer = make_axes(f_.space, nest_.outer);
    const Index output = f_.space.linearize(tuple_of(outer), nest_.outer);
    const auto row = [&] {
      if (nest_.blocks == 1) {
        row_of(outer, Index(0), nest_.length,
               [&](const Expression& value) { f_.store(out_, output, value); });
        return;
      }
      const int64_t whole = nest_.length / sum_order::row_block;
      // Only a lone row has its blocks shared out.
      const int64_t share = iterations_of_task(schedule_.grain, sum_order::row_block, whole);
      const Index block =
          f_.open_axis("block", whole, nest_.outputs == 1 ? LoopKind::parallel : LoopKind::serial, share);
      row_of(outer, block * sum_order::row_block, sum_order::row_block,
             [&](const Expression& value) { f_.store(work_, output * nest_.blocks + block, value); });
      f_.close();
      if (nest_.length % sum_order::row_block > 0)
        row_of(
            outer, Index(whole * sum_order::row_block), nest_.length % sum_order::row_block,
            [&](const Expression& value) { f_.store(work_, output * nest_.blocks + Index(whole), value); });
    };
    std::vector<MergedAxis> merged = merge_axes(outer, used(outer, output));
    merged.emplace_back();  // all axes are outer loops
    const size_t opened = open_outer(kernel_, merged, schedule_.grain, nest_.length);
    row();
    for (size_t i = 0; i < opened; ++i) f_.close();
    if (nest_.blocks > 1) add_row_blocks();
  }

  // By twos, level by level; block b of output o lies at o * blocks + b.
  void add_row_blocks() {
    const Index o = f_.open_axis("o", nest_.outputs);
    const auto at = [&](const Index& b) { return o * nest_.blocks + b; };
    for (int64_t n = nest_.blocks; n > 1; n = (n + 1) / 2) {
      const Index i = f_.open_axis("i", n / 2);
      f_.store(work_, at(i), combine(f_.load(work_, at(i * 2)), f_.load(work_, at(i * 2 + Index(1)))));
      f_.close();
      if (n % 2 == 1) f_.store(work_, at(Index(n / 2)), f_.load(work_, at(Index(n - 1))));
    }
    f_.store(out_, o, f_.load(work_, at(Index(0))));
    f_.close();
  }

  void lower_columns() {
    const std::vector<Axis> outer = make_axes(f_.space, nest_.outer);
    const Index output = f_.space.linearize(tuple_of(outer), nest_.outer);
    const auto chain = [&](const Columns& columns, const std::vector<Index>& firsts, int64_t length,
                           const std::function<void(size_t, const Expression&)>& result) {
      const auto count = static_cast<int64_t>(firsts.size());
      const int64_t acc = f_.local("chain", element_, {count, columns.width()}, identity());
      const Index j = f_.open_axis("j", length);
      for (int64_t u = 0; u < count; ++u)
        columns.each([&](const Expression& lane) {
          const Expression x = kernel_.values.at(operand_, tuple(outer, firsts[static_cast<size_t>(u)] + j));
          f_.store(acc, {integer(u), lane}, combine(f_.load(acc, {integer(u), lane}), x));
        });
      f_.close();
      for (int64_t u = 0; u < count; ++u)
        columns.each([&](const Expression& lane) {
          result(static_cast<size_t>(u), f_.load(acc, {integer(u), lane}));
        });
    };
    const auto single = [&](const Columns& columns, const Index& block, int64_t length) {
      chain(columns, {block * sum_order::chain_block}, length, [&](size_t, const Expression& value) {
        if (nest_.blocks == 1)
          f_.store(out_, output, value);
        else
          f_.store(work_, block * nest_.outputs + output, value);
      });
    };
    const auto merged = merge_axes(outer, used(outer, output));
    const int64_t extent = innermost(merged).extent;
    const int64_t width = std::min(extent, schedule_.columns);
    if (nest_.blocks == 1) {
      const size_t opened = open_outer(kernel_, merged, schedule_.grain, nest_.length);
      const int64_t share = iterations_of_task(schedule_.grain, nest_.length * width, extent / width);
      Columns::chunks(f_, innermost(merged), width, opened == 0 ? LoopKind::parallel : LoopKind::serial,
                      share, [&](const Columns& columns) { single(columns, Index(0), nest_.length); });
      for (size_t i = 0; i < opened; ++i) f_.close();
      return;
    }
    // Several blocks at a time hide the latency of a chain.
    const int64_t whole = nest_.length / sum_order::chain_block;
    const int64_t together = schedule_.together;
    const auto over_outputs = [&](const std::function<void(const Columns&)>& body) {
      size_t opened = 0;
      for (; opened + 1 < merged.size(); ++opened) {
        const Expression variable = f_.open("i", 0, merged[opened].extent);
        f_.space.bind(merged[opened].symbols, variable, f_.level());
      }
      Columns::chunks(f_, innermost(merged), width, LoopKind::serial, 1, body);
      for (size_t i = 0; i < opened; ++i) f_.close();
    };
    const int64_t points = sum_order::chain_block * nest_.outputs * together;
    const Index groups = f_.open_axis("blocks", whole / together, LoopKind::parallel,
                                      iterations_of_task(schedule_.grain, points, whole / together));
    over_outputs([&](const Columns& columns) {
      std::vector<Index> blocks, firsts;
      for (int64_t u = 0; u < together; ++u) {
        blocks.push_back(groups * together + Index(u));
        firsts.push_back(blocks.back() * sum_order::chain_block);
      }
      chain(columns, firsts, sum_order::chain_block, [&](size_t u, const Expression& value) {
        f_.store(work_, blocks[u] * nest_.outputs + output, value);
      });
    });
    f_.close();
    const int64_t done = whole / together * together;
    for (int64_t b = done; b < nest_.blocks; ++b)
      over_outputs([&](const Columns& columns) {
        single(columns, Index(b),
               std::min(sum_order::chain_block, nest_.length - b * sum_order::chain_block));
      });
    add_column_blocks();
  }

  void add_column_blocks() {
    for (int64_t n = nest_.blocks; n > 1; n = (n + 1) / 2) {
      const Index i = f_.open_axis("i", n / 2);
      const Index o = f_.open_axis("o", nest_.outputs, LoopKind::vectorized);
      const auto at = [&](const Index& b) { return b * nest_.outputs + o; };
      const Expression sum = combine(f_.load(work_, at(i * 2)), f_.load(work_, at(i * 2 + Index(1))));
      f_.store(n == 2 ? out_ : work_, n == 2 ? o : at(i), sum);
      f_.close();
      f_.close();
      if (n % 2 == 0) continue;
      const Index rest = f_.open_axis("o", nest_.outputs, LoopKind::vectorized);
      f_.store(work_, Index(n / 2 * nest_.outputs) + rest,
               f_.load(work_, Index((n - 1) * nest_.outputs) + rest));
      f_.close();
    }
  }

  Kernel& kernel_;
  FunctionBuilder& f_;
  const Node& node_;
  Value operand_;
  ElementType element_;
  ReductionNest nest_;
  ReductionSchedule schedule_;
  int64_t out_ = -1;
  int64_t work_ = -1;
  std::function<void(const Indices&)> first_;  // called at each element of a row
};

}  // namespace

void lower_reduction(Kernel& kernel, size_t stage) { Reduction(kernel, kernel.node_of(stage)).lower(stage); }

Expression reduce_row(Kernel& kernel, uint32_t index, const std::vector<Axis>& outer,
                      const std::function<void(const Indices&)>& first) {
  return Reduction(kernel, index).in_row(outer, first);
}

// Ascending along the axis, outputs in lanes.
void lower_arg_reduction(Kernel& kernel, size_t stage) {
  const uint32_t index = kernel.node_of(stage);
  const auto& schedule = kernel.part<OutputsSchedule>(stage);
  FunctionBuilder& f = kernel.f;
  const Node& node = kernel.body.node(index);
  const Value operand = node.operands[0];
  const Type& type = kernel.type(operand);
  const auto axis = static_cast<size_t>(node.attributes.integer("axis"));
  const int64_t out = kernel.home({index, 0});
  const ElementType result = node.types[0].element;
  const std::vector<Axis> kept = make_axes(f.space, node.types[0].shape);
  const Index output = f.space.linearize(tuple_of(kept), node.types[0].shape);
  const auto tuple = [&](const Index& at) {
    Indices indices = tuple_of(kept);
    indices.insert(indices.begin() + static_cast<std::ptrdiff_t>(axis), at);
    return indices;
  };
  const auto tile = [&](const Columns& columns) {
    const int64_t best = f.local("best", type.element, {columns.width()});
    const int64_t where = f.local("where", result, {columns.width()}, loop::constant_integer(result, 0));
    columns.each(
        [&](const Expression& lane) { f.store(best, {lane}, kernel.values.at(operand, tuple(Index(0)))); });
    if (type.shape[axis] > 1) {
      const Index k = f.open_axis("k", type.shape[axis] - 1);
      columns.each([&](const Expression& lane) {
        const Expression x = f.let("x", kernel.values.at(operand, tuple(k + Index(1))));
        const Expression old = f.load(best, {lane});
        const Expression better = f.let("better", is_better(node.op->traits.fold == Fold::maximum, x, old));
        f.store(where, {lane},
                choose(better, loop::cast(result, f.space.expression(k + Index(1))), f.load(where, {lane})));
        f.store(best, {lane}, choose(better, x, old));
      });
      f.close();
    }
    columns.each([&](const Expression& lane) { f.store(out, output, f.load(where, {lane})); });
  };
  if (element_count(node.types[0].shape) == 0) return;
  Reads reads = kernel.reads();
  reads.use(output);
  reads.follow(operand, tuple(f.space.axis(type.shape[axis])));
  const auto merged = merge_axes(kept, reads.used());
  const size_t opened = open_outer(kernel, merged, schedule.grain, type.shape[axis]);
  Columns::chunks(f, innermost(merged), std::min(innermost(merged).extent, schedule.columns),
                  LoopKind::serial, 1, tile);
  for (size_t i = 0; i < opened; ++i) f.close();
}

void lower_cumsum(Kernel& kernel, size_t stage) {
  const uint32_t index = kernel.node_of(stage);
  const auto& schedule = kernel.part<OutputsSchedule>(stage);
  FunctionBuilder& f = kernel.f;
  const Node& node = kernel.body.node(index);
  const Type& type = node.types[0];
  const auto axis = static_cast<size_t>(node.attributes.integer("axis"));
  const int64_t out = kernel.home({index, 0});
  if (element_count(type.shape) == 0) return;
  Shape outer = type.shape;
  outer.erase(outer.begin() + static_cast<std::ptrdiff_t>(axis));
  const std::vector<Axis> kept = make_axes(f.space, outer);
  const auto tuple = [&](const Index& at) {
    Indices indices = tuple_of(kept);
    indices.insert(indices.begin() + static_cast<std::ptrdiff_t>(axis), at);
    return indices;
  };
  const auto tile = [&](const Columns& columns) {
    const Expression zero =
        is_float(type.element) ? loop::constant(type.element, -0.0) : loop::constant_integer(type.element, 0);
    const int64_t sum = f.local("sum", type.element, {columns.width()}, zero);
    const Index k = f.open_axis("k", type.shape[axis]);
    columns.each([&](const Expression& lane) {
      const Expression next = f.let(
          "next",
          loop::make(ScalarOp::add, {f.load(sum, {lane}), kernel.values.at(node.operands[0], tuple(k))}));
      f.store(sum, {lane}, next);
      f.store(out, f.space.linearize(tuple(k), type.shape), next);
    });
    f.close();
  };
  Reads reads = kernel.reads();
  const Indices any = tuple(f.space.axis(type.shape[axis]));
  reads.use(f.space.linearize(any, type.shape));
  reads.follow(node.operands[0], any);
  const auto merged = merge_axes(kept, reads.used());
  const size_t opened = open_outer(kernel, merged, schedule.grain, type.shape[axis]);
  Columns::chunks(f, innermost(merged), std::min(innermost(merged).extent, schedule.columns),
                  LoopKind::serial, 1, tile);
  for (size_t i = 0; i < opened; ++i) f.close();
}

}  // namespace gradus::lowering
