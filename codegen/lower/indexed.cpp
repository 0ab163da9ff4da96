// Indexed ops that write or check: scatter_add, the first bad index, the status of a step.
#include <algorithm>

#include "codegen/lower/columns.h"

namespace gradus::lowering {

using loop::Expression;
using loop::LoopKind;
using loop::ScalarOp;

namespace {

Expression as_i64(const Expression& e) {
  return e->type == ElementType::i64 ? e : loop::cast(ElementType::i64, e);
}

Expression in_range(const Expression& id, int64_t size) {
  return both(loop::make(ScalarOp::greater_equal, {id, integer(0)}),
              loop::make(ScalarOp::less, {id, integer(size)}));
}

// Result 1: flat position of the first index out of range, or -1.
void lower_first_bad(Kernel& kernel, uint32_t index, Value ids, int64_t rows) {
  FunctionBuilder& f = kernel.f;
  const Shape& shape = kernel.type(ids).shape;
  const int64_t out = kernel.home({index, 1});
  const int64_t count = element_count(shape);
  const int64_t first = f.local("first", ElementType::i64, {1}, integer(-1));
  const Expression at = f.open("i", 0, count);
  const Index position = count == 1 ? Index(0) : f.space.axis(count);
  if (count != 1) f.space.bind({position.terms[0].first}, at, f.level());
  const Expression id = f.let("id", as_i64(kernel.values.at(ids, f.space.delinearize(position, shape))));
  const Expression bad = loop::make(ScalarOp::logical_not, {in_range(id, rows)});
  const Expression none = loop::make(ScalarOp::less, {f.load(first, {integer(0)}), integer(0)});
  f.store(first, {integer(0)}, choose(both(bad, none), at, f.load(first, {integer(0)})));
  f.close();
  f.store(out, Index(0), f.load(first, {integer(0)}));
}

void scatter(Kernel& kernel, size_t stage) {
  const uint32_t index = kernel.node_of(stage);
  FunctionBuilder& f = kernel.f;
  const Node& node = kernel.body.node(index);
  const Shape& shape = node.types[0].shape;
  const Shape& ids = kernel.type(node.operands[1]).shape;
  const Shape& updates = kernel.type(node.operands[0]).shape;
  const auto batch = static_cast<size_t>(node.attributes.integer_or("batch", 0));
  const ElementType element = node.types[0].element;
  const int64_t out = kernel.home({index, 0});
  const int64_t count = element_count(shape);
  if (count == 0) return;
  f.store(out, {f.open("i", 0, count, LoopKind::vectorized)},
          is_float(element) ? loop::constant(element, 0) : loop::constant_integer(element, 0));
  f.close();
  if (element_count(updates) == 0) return;

  const std::vector<Axis> axes = make_axes(f.space, updates);
  size_t opened = 0;
  for (size_t i = 0; i < ids.size(); ++i) {
    if (axes[i].extent == 1) continue;
    const bool parallel = i < batch && opened == 0;
    const int64_t of_one = element_count(updates) / axes[i].extent;
    const Expression variable = f.open(
        "i", 0, axes[i].extent, parallel ? LoopKind::parallel : LoopKind::serial,
        parallel ? iterations_of_task(kernel.part<ScatterSchedule>(stage).grain, of_one, axes[i].extent) : 1);
    f.space.bind({axes[i].symbol()}, variable, f.level());
    ++opened;
  }
  const Indices from = tuple_of(axes);
  const auto id_rank = static_cast<std::ptrdiff_t>(ids.size());
  const Expression id =
      f.let("id", as_i64(kernel.values.at(node.operands[1], Indices(from.begin(), from.begin() + id_rank))));
  f.open_if(in_range(id, shape[batch]));
  Indices to(from.begin(), from.begin() + static_cast<std::ptrdiff_t>(batch));
  to.push_back(f.space.computed(id, {0, shape[batch] - 1}, f.level()));
  to.insert(to.end(), from.begin() + id_rank, from.end());
  const Index where = f.space.linearize(to, shape);
  const auto point = [&] {
    f.store(out, where,
            loop::make(ScalarOp::add, {f.load(out, where), kernel.values.at(node.operands[0], from)}));
  };
  const std::vector<Axis> rest(axes.begin() + id_rank, axes.end());
  Reads reads = kernel.reads();
  reads.use(where);
  reads.follow(node.operands[0], from);
  const auto merged = merge_axes(rest, reads.used());
  for (size_t i = 0; i < merged.size(); ++i) {
    const LoopKind kind = i + 1 == merged.size() ? LoopKind::vectorized : LoopKind::serial;
    const Expression variable = f.open("j", 0, merged[i].extent, kind);
    f.space.bind(merged[i].symbols, variable, f.level());
  }
  point();
  for (size_t i = 0; i < merged.size(); ++i) f.close();
  f.close();
  for (size_t i = 0; i < opened; ++i) f.close();
}

}  // namespace

void lower_scatter_add(Kernel& kernel, size_t stage) {
  const uint32_t index = kernel.node_of(stage);
  const Node& node = kernel.body.node(index);
  scatter(kernel, stage);
  if (node.types.size() > 1)
    lower_first_bad(kernel, index, node.operands[1], node.attributes.integer("size"));
}

void check_gather(Kernel& kernel, size_t stage) {
  const uint32_t index = kernel.node_of(stage);
  const Node& node = kernel.body.node(index);
  const auto batch = static_cast<size_t>(node.attributes.integer_or("batch", 0));
  lower_first_bad(kernel, index, node.operands[1], kernel.type(node.operands[0]).shape[batch]);
}

void check_one_hot(Kernel& kernel, size_t stage) {
  const uint32_t index = kernel.node_of(stage);
  const Node& node = kernel.body.node(index);
  lower_first_bad(kernel, index, node.operands[0], node.attributes.integer("depth"));
}

// The lowest failing check and its element; (-1, -1) if none fails.
void lower_status(Kernel& kernel, size_t stage) {
  const uint32_t index = kernel.node_of(stage);
  FunctionBuilder& f = kernel.f;
  const Node& node = kernel.body.node(index);
  const int64_t out = kernel.home({index, 0});
  const std::vector<int64_t>& checks = node.attributes.integers("checks");
  Expression check = integer(-1), element = integer(-1);
  std::vector<size_t> order(checks.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return checks[a] > checks[b]; });
  // From the highest check to the lowest, so that the lowest has the last word; of equal numbers the first.
  for (size_t i = 0; i < order.size();) {
    size_t end = i;
    while (end < order.size() && checks[order[end]] == checks[order[i]]) ++end;
    for (size_t j = end; j-- > i;) {
      const Expression bad = f.let("bad", kernel.values.at(node.operands[order[j]], {}));
      const Expression fails = loop::make(ScalarOp::greater_equal, {bad, integer(0)});
      check = f.let("check", choose(fails, integer(checks[order[j]]), check));
      element = f.let("element", choose(fails, bad, element));
    }
    i = end;
  }
  f.store(out, Index(0), check);
  f.store(out, Index(1), element);
}

}  // namespace gradus::lowering
