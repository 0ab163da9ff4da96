// Windows: sums and extremes over windows of an array, and the two adjoints of extremes.
#include <algorithm>
#include <limits>

#include "codegen/lower/columns.h"

namespace gradus::lowering {

using loop::Expression;
using loop::LoopKind;
using loop::ScalarOp;

Expression is_better(bool maximum, const Expression& x, const Expression& best) {
  if (!is_float(x->type)) return loop::make(maximum ? ScalarOp::greater : ScalarOp::less, {x, best});
  const Expression worse = loop::make(maximum ? ScalarOp::less_equal : ScalarOp::greater_equal, {x, best});
  return both(loop::make(ScalarOp::logical_not, {worse}), loop::make(ScalarOp::equal, {best, best}));
}

namespace {

struct Geometry {
  Shape input, output;
  std::vector<int64_t> window, stride, low, high;

  Geometry(Kernel& kernel, const Node& node) : input(kernel.type(node.operands[0]).shape) {
    window = node.attributes.integers("window");
    stride = node.attributes.integers("stride");
    low = node.attributes.integers("low");
    high = node.attributes.integers("high");
    for (size_t i = 0; i < input.size(); ++i)
      output.push_back((input[i] + low[i] + high[i] - window[i]) / stride[i] + 1);
  }
  bool is_free(size_t axis) const {
    return window[axis] == 1 && stride[axis] == 1 && low[axis] == 0 && high[axis] == 0;
  }
};

// A loop over the taps of a window.
class WindowTaps {
 public:
  WindowTaps(FunctionBuilder& f, const Geometry& geometry, const OutputsSchedule& schedule)
      : f_(f), geometry_(geometry) {
    const LoopKind kind = schedule.unroll ? LoopKind::unrolled : LoopKind::serial;
    for (int64_t extent : geometry.window) {
      if (extent == 1) {
        taps.push_back(Index(0));
        continue;
      }
      taps.push_back(f.open_axis("tap", extent, kind));
      ++opened_;
    }
  }
  void close() {
    for (; opened_ > 0; --opened_) f_.close();
  }

  // The element under the tap, kept inside the array, and whether it was (null: always).
  std::pair<Indices, Expression> element(Values& values, const Indices& position) const {
    Indices inside;
    Expression valid;
    for (size_t i = 0; i < taps.size(); ++i) {
      const Index at = position[i] * geometry_.stride[i] + taps[i] - Index(geometry_.low[i]);
      valid = both(valid, values.within(at, 0, geometry_.input[i]));
      inside.push_back(values.clamped(at, 0, geometry_.input[i]));
    }
    return {inside, valid};
  }
  Expression number(FunctionBuilder& f) const {
    return f.space.expression(f.space.linearize(taps, geometry_.window));
  }

  Indices taps;

 private:
  FunctionBuilder& f_;
  const Geometry& geometry_;
  int opened_ = 0;
};

Expression zero(ElementType element) {
  return is_float(element) ? loop::constant(element, 0) : loop::constant_integer(element, 0);
}

// The extreme of one window: its value, which tap it is, and (select_and_gather) the other array's element
// there.
class Champion {
 public:
  Champion(Kernel& kernel, const Node& node, const Columns& columns, Value other = {})
      : kernel_(kernel),
        f_(kernel.f),
        node_(node),
        columns_(columns),
        other_(other),
        maximum_(node.attributes.text("kind") == "max") {
    const ElementType element = kernel.type(node.operands[0]).element;
    const Shape shape{columns.width()};
    best_ = f_.local("best", element, shape, zero(element));
    tap_ = f_.local("which", ElementType::i64, shape, integer(-1));
    if (other)
      other_element_ =
          f_.local("chosen", kernel.type(other).element, shape, zero(kernel.type(other).element));
  }

  void look(const WindowTaps& taps, const Indices& position) {
    columns_.each([&](const Expression& lane) {
      const auto [at, valid] = taps.element(kernel_.values, position);
      const Expression x = f_.let("x", kernel_.values.at(node_.operands[0], at));
      const Expression old = f_.load(best_, {lane});
      const Expression none = loop::make(ScalarOp::less, {f_.load(tap_, {lane}), integer(0)});
      const Expression better = loop::make(ScalarOp::logical_or, {none, is_better(maximum_, x, old)});
      const Expression take = f_.let("take", both(valid, better));
      if (other_)
        f_.store(other_element_, {lane},
                 choose(take, kernel_.values.at(other_, at), f_.load(other_element_, {lane})));
      f_.store(best_, {lane}, choose(take, x, old));
      f_.store(tap_, {lane}, choose(take, taps.number(f_), f_.load(tap_, {lane})));
    });
  }
  Expression value(const Expression& lane) const { return f_.load(best_, {lane}); }
  Expression tap(const Expression& lane) const { return f_.load(tap_, {lane}); }
  Expression chosen(const Expression& lane) const { return f_.load(other_element_, {lane}); }

 private:
  Kernel& kernel_;
  FunctionBuilder& f_;
  const Node& node_;
  const Columns& columns_;
  Value other_;
  bool maximum_;
  int64_t best_ = 0, tap_ = 0, other_element_ = 0;
};

// The indices of the elements under any tap and of the result.
std::vector<Index> used(Kernel& kernel, const Node& node, const Geometry& geometry, const Indices& position) {
  IndexSpace& space = kernel.f.space;
  Reads reads = kernel.reads();
  reads.use(space.linearize(position, node.types[0].shape));
  Indices at;
  for (size_t i = 0; i < position.size(); ++i) {
    const Index tap = space.axis(geometry.window[i]);
    at.push_back(
        reads.guarded(position[i] * geometry.stride[i] + tap - Index(geometry.low[i]), 0, geometry.input[i]));
  }
  for (const Value operand : node.operands) reads.follow(operand, at);
  return reads.used();
}

void lower_result(Kernel& kernel, size_t stage, bool gathers) {
  const uint32_t index = kernel.node_of(stage);
  const auto& schedule = kernel.part<OutputsSchedule>(stage);
  FunctionBuilder& f = kernel.f;
  const Node& node = kernel.body.node(index);
  const Geometry geometry(kernel, node);
  const ElementType element = node.types[0].element;
  const int64_t out = kernel.home({index, 0});
  const std::vector<Axis> axes = make_axes(f.space, node.types[0].shape);
  const Indices position = tuple_of(axes);
  const Index linear = f.space.linearize(position, node.types[0].shape);
  const auto extremes = [&](const Columns& columns) {
    Champion champion(kernel, node, columns, gathers ? node.operands[1] : Value{});
    WindowTaps taps(f, geometry, schedule);
    champion.look(taps, position);
    taps.close();
    columns.each([&](const Expression& lane) {
      f.store(out, linear, gathers ? champion.chosen(lane) : champion.value(lane));
    });
  };
  const auto sums = [&](const Columns& columns) {
    const int64_t sum = f.local("sum", element, {columns.width()}, zero(element));
    WindowTaps taps(f, geometry, schedule);
    columns.each([&](const Expression& lane) {
      const auto [at, valid] = taps.element(kernel.values, position);
      const Expression old = f.load(sum, {lane});
      const Expression next = loop::make(ScalarOp::add, {old, kernel.values.at(node.operands[0], at)});
      f.store(sum, {lane}, valid ? choose(valid, next, old) : next);
    });
    taps.close();
    columns.each([&](const Expression& lane) { f.store(out, linear, f.load(sum, {lane})); });
  };
  const std::function<void(const Columns&)> tile =
      node.attributes.text("kind") == "sum" ? std::function<void(const Columns&)>(sums) : extremes;
  const auto merged = merge_axes(axes, used(kernel, node, geometry, position));
  const size_t opened = open_outer(kernel, merged, schedule.grain, element_count(geometry.window));
  Columns::chunks(f, innermost(merged), std::min(innermost(merged).extent, schedule.columns),
                  LoopKind::serial, 1, tile);
  for (size_t i = 0; i < opened; ++i) f.close();
}

}  // namespace

// Windows one after the other, lanes along an axis that the windows leave alone.
void lower_select_and_scatter(Kernel& kernel, size_t stage) {
  const uint32_t index = kernel.node_of(stage);
  const auto& schedule = kernel.part<OutputsSchedule>(stage);
  FunctionBuilder& f = kernel.f;
  const Node& node = kernel.body.node(index);
  const Geometry geometry(kernel, node);
  const ElementType element = node.types[0].element;
  const int64_t out = kernel.home({index, 0});
  const int64_t count = element_count(geometry.input);
  const size_t rank = geometry.input.size();
  f.store(out, {f.open("i", 0, count, LoopKind::vectorized)}, zero(element));
  f.close();
  const std::vector<Axis> axes = make_axes(f.space, geometry.output);
  const Indices position = tuple_of(axes);
  const auto tile = [&](const Columns& columns) {
    Champion champion(kernel, node, columns);
    WindowTaps look(f, geometry, schedule);
    champion.look(look, position);
    look.close();
    WindowTaps taps(f, geometry, schedule);
    columns.each([&](const Expression& lane) {
      const auto [at, valid] = taps.element(kernel.values, position);
      const Index where = f.space.linearize(at, geometry.input);
      const Expression old = f.load(out, where);
      const Expression mine = both(valid, loop::make(ScalarOp::equal, {champion.tap(lane), taps.number(f)}));
      const Expression sum = loop::make(ScalarOp::add, {old, kernel.values.at(node.operands[1], position)});
      f.store(out, where, choose(mine, sum, old));
    });
    taps.close();
  };
  const bool lanes_free = rank > 0 && geometry.is_free(rank - 1) && geometry.output[rank - 1] > 1;
  const size_t loops = lanes_free ? rank - 1 : rank;
  size_t opened = 0;
  for (size_t i = 0; i < loops; ++i) {
    if (axes[i].extent == 1) continue;
    const bool parallel = opened == 0 && geometry.is_free(i);
    const Expression variable =
        f.open("i", 0, axes[i].extent, parallel ? LoopKind::parallel : LoopKind::serial,
               parallel ? iterations_of_task(schedule.grain, count / axes[i].extent, axes[i].extent) : 1);
    f.space.bind({axes[i].symbol()}, variable, f.level());
    ++opened;
  }
  if (lanes_free) {
    const MergedAxis last{{axes[rank - 1].symbol()}, axes[rank - 1].extent};
    Columns::chunks(f, last, std::min(last.extent, schedule.columns), LoopKind::serial, 1, tile);
  } else {
    tile(Columns(f, {}, integer(0), 1));
  }
  for (size_t i = 0; i < opened; ++i) f.close();
}

void lower_reduce_window(Kernel& kernel, size_t stage) { lower_result(kernel, stage, false); }

void lower_select_and_gather(Kernel& kernel, size_t stage) { lower_result(kernel, stage, true); }

}  // namespace gradus::lowering
