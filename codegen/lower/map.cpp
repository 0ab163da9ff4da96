// Map kernels: every element of the results is computed from the inputs alone, in one loop nest whose axes
// are merged as far as the accesses allow, so that dense data is walked by one long vector loop.
#include <algorithm>

#include "codegen/lower/kernel.h"
#include "ir/structure.h"

namespace gradus::lowering {

using loop::LoopKind;

namespace {

// The shape with each axis that is stored in tiles cut into tiles and elements, where they are whole.
Shape tiled_shape(const Type& type) {
  Shape shape;
  for (size_t axis = 0; axis < type.shape.size(); ++axis) {
    const int64_t tile = type.layout.tiling.empty() ? 1 : type.layout.tiling[axis];
    if (tile > 1 && type.shape[axis] % tile == 0) {
      shape.push_back(type.shape[axis] / tile);
      shape.push_back(tile);
    } else {
      shape.push_back(type.shape[axis]);
    }
  }
  return shape;
}

// Shapes that a kernel's values take while they are still the result's elements in memory order.
void dense_shapes(const Graph& body, Value value, std::vector<bool>& seen, std::vector<Shape>& shapes) {
  if (seen[value.node]) return;
  seen[value.node] = true;
  const Node& node = body.node(value);
  if (!keeps_position(body, node)) return;
  for (Value operand : node.operands) {
    if (body.type(operand).shape != node.types[0].shape) {
      if (!node.op->view) continue;
      shapes.push_back(body.type(operand).shape);
    }
    if (!body.type(operand).layout.is_default()) shapes.push_back(tiled_shape(body.type(operand)));
    dense_shapes(body, operand, seen, shapes);
  }
}

// The coarsest common refinement of shapes with the same number of elements, as far as one exists.
Shape refine(const std::vector<Shape>& shapes, int64_t count) {
  std::vector<int64_t> strides{1, count};
  for (const Shape& shape : shapes) {
    std::vector<int64_t> extended = strides;
    for (int64_t stride : row_major_strides(shape)) extended.push_back(stride);
    std::sort(extended.begin(), extended.end());
    extended.erase(std::unique(extended.begin(), extended.end()), extended.end());
    bool chain = true;
    for (size_t i = 1; i < extended.size(); ++i) chain = chain && extended[i] % extended[i - 1] == 0;
    if (chain) strides = std::move(extended);
  }
  Shape fine;
  for (size_t i = strides.size(); i-- > 1;) fine.push_back(strides[i] / strides[i - 1]);
  return fine;
}

// Computes `point` everywhere in the axes.
void walk(Kernel& kernel, const std::vector<MergedAxis>& merged, const MapSchedule& schedule,
          const std::function<void()>& point) {
  FunctionBuilder& f = kernel.f;
  if (merged.empty()) return point();
  if (merged.size() == 1) {
    const int64_t count = merged[0].extent;
    const int64_t chunk = schedule.chunk;
    const int64_t whole = count > 2 * chunk ? count / chunk : 0;
    if (whole > 0) {
      const loop::Expression outer =
          f.open("c", 0, whole, LoopKind::parallel, iterations_of_task(schedule.grain, chunk, whole));
      const loop::Expression lane = f.open("i", 0, chunk, LoopKind::vectorized);
      f.space.bind(merged[0].symbols, outer * integer(chunk) + lane, f.level());
      point();
      f.close();
      f.close();
    }
    if (const int64_t rest = count - whole * chunk; rest > 0) {
      const loop::Expression lane = f.open("i", 0, rest, LoopKind::vectorized);
      f.space.bind(merged[0].symbols, lane + integer(whole * chunk), f.level());
      point();
      f.close();
    }
    return;
  }
  int64_t count = 1;
  for (const MergedAxis& axis : merged) count *= axis.extent;
  for (size_t i = 0; i < merged.size(); ++i) {
    const bool last = i + 1 == merged.size();
    const int64_t extent = merged[i].extent;
    const LoopKind kind = last ? LoopKind::vectorized : i == 0 ? LoopKind::parallel : LoopKind::serial;
    const loop::Expression variable =
        f.open("i", 0, extent, kind, i == 0 ? iterations_of_task(schedule.grain, count / extent, extent) : 1);
    f.space.bind(merged[i].symbols, variable, f.level());
  }
  point();
  for (size_t i = 0; i < merged.size(); ++i) f.close();
}

// A part of a value: along an axis whole tiles of its layout, or the elements behind them.
struct Part {
  int64_t begin = 0;
  int64_t tiles = 1, extent = 1;  // of each tile
};

std::vector<Part> parts_along(const Type& type, size_t axis) {
  const int64_t extent = type.shape[axis];
  const int64_t tile = type.layout.tiling.empty() ? 1 : std::min(extent, type.layout.tiling[axis]);
  std::vector<Part> parts;
  if (extent / tile > 0) parts.push_back({0, extent / tile, tile});
  if (const int64_t rest = extent % tile; rest > 0) parts.push_back({extent - rest, 1, rest});
  return parts;
}

// A result that does not lie row-major, in the order of its memory, so that what is stored in turn lies side
// by side: whole tiles and what is left along each axis by loops of their own, in which no index is divided.
void lower_laid_out(Kernel& kernel, size_t r, const MapSchedule& schedule) {
  FunctionBuilder& f = kernel.f;
  const Value value = kernel.body.results()[r].value;
  const Computing scope = kernel.values.computing(value);
  const Type& type = kernel.type(value);
  const size_t rank = type.shape.size();
  std::vector<Part> box(rank);
  const auto each = [&] {
    std::vector<Axis> axes;
    Indices tuple(rank);
    for (const bool inside : {false, true})
      for (size_t k = 0; k < rank; ++k) {
        const size_t axis = type.layout.order.empty() ? k : static_cast<size_t>(type.layout.order[k]);
        const Axis added = make_axes(f.space, {inside ? box[axis].extent : box[axis].tiles}).front();
        axes.push_back(added);
        tuple[axis] =
            tuple[axis] + (inside ? added.index + Index(box[axis].begin) : added.index * box[axis].extent);
      }
    const Index stored = f.space.position(tuple, type);
    Reads reads = kernel.reads();
    reads.use(stored);
    reads.follow(value, tuple);
    walk(kernel, merge_axes(axes, reads.used()), schedule,
         [&] { f.store(kernel.results[r], stored, kernel.values.at(value, tuple)); });
  };
  const std::function<void(size_t)> along = [&](size_t axis) {
    if (axis == rank) return each();
    for (const Part& part : parts_along(type, axis)) {
      box[axis] = part;
      along(axis + 1);
    }
  };
  along(0);
}

// Axes whose elements in row-major order are those of every one of the results, as fine as makes reads of
// dense data cheap.
Shape fine_shape(const Kernel& kernel, const std::vector<Value>& results) {
  std::vector<Shape> shapes;
  std::vector<bool> seen(kernel.body.size(), false);
  for (const Value value : results) {
    shapes.push_back(kernel.type(value).shape);
    dense_shapes(kernel.body, value, seen, shapes);
  }
  return refine(shapes, element_count(shapes[0]));
}

// The same elements, with all columns of a row on one axis.
Shape with_columns(Shape fine, int64_t columns) {
  for (int64_t rest = columns; rest > 1; fine.pop_back()) rest /= fine.back();
  fine.push_back(columns);
  return fine;
}

// Elements of row-major results whose index along the last axis of `shape` is in [begin, begin + extent).
void lower_columns(Kernel& kernel, const std::vector<std::pair<size_t, Value>>& results, const Shape& shape,
                   int64_t begin, int64_t extent, const MapSchedule& schedule) {
  FunctionBuilder& f = kernel.f;
  Shape part = shape;
  if (!part.empty()) part.back() = extent;
  const std::vector<Axis> axes = make_axes(f.space, part);
  Indices tuple = tuple_of(axes);
  if (!tuple.empty()) tuple.back() = tuple.back() + Index(begin);
  const Index linear = f.space.linearize(tuple, shape);
  const auto indices = [&](Value value) { return f.space.delinearize(linear, kernel.type(value).shape); };
  const auto point = [&] {
    std::vector<loop::Expression> computed;
    for (const auto& [r, value] : results) {
      const Computing scope = kernel.values.computing(value);
      computed.push_back(kernel.values.at(value, indices(value)));
      // A result may take the memory of an operand that another result still reads.
      if (results.size() > 1) computed.back() = f.let("y", computed.back());
    }
    for (size_t i = 0; i < results.size(); ++i) {
      const Computing scope = kernel.values.computing(results[i].second);
      f.store(kernel.results[results[i].first], linear, computed[i]);
    }
  };
  Reads reads = kernel.reads();
  reads.use(linear);
  for (const auto& [r, value] : results) reads.follow(value, indices(value));
  walk(kernel, merge_axes(axes, reads.used()), schedule, point);
}

}  // namespace

void lower_map(Kernel& kernel, const std::vector<size_t>& results, const MapSchedule& schedule) {
  if (element_count(kernel.type(kernel.body.results()[results[0]].value).shape) == 0) return;
  std::vector<std::pair<size_t, Value>> row_major;
  std::vector<Value> values;
  for (const size_t r : results) {
    values.push_back(kernel.body.results()[r].value);
    row_major.emplace_back(r, values.back());
  }
  if (!kernel.type(values[0]).layout.is_default()) return lower_laid_out(kernel, results[0], schedule);
  Shape shape = fine_shape(kernel, values);
  if (!schedule.cut.empty()) shape = with_columns(std::move(shape), kernel.type(values[0]).shape.back());
  const int64_t columns = shape.empty() ? 1 : shape.back();
  int64_t begin = 0;
  for (const int64_t cut : schedule.cut) {
    lower_columns(kernel, row_major, shape, begin, cut - begin, schedule);
    begin = cut;
  }
  lower_columns(kernel, row_major, shape, begin, columns - begin, schedule);
}

void lower_concat(Kernel& kernel, size_t stage) {
  const uint32_t joined = kernel.node_of(stage);
  const auto& schedule = kernel.part<MapSchedule>(stage);
  const Node& node = kernel.body.node(joined);
  const auto axis = static_cast<size_t>(node.attributes.integer("axis"));
  const int64_t buffer = kernel.home({joined, 0});
  int64_t begin = 0;
  for (Value part : node.operands) {
    const Shape& shape = kernel.type(part).shape;
    const std::vector<Axis> axes = make_axes(kernel.f.space, shape);
    const Indices from = tuple_of(axes);
    Indices to = from;
    to[axis] = to[axis] + Index(begin);
    const Index stored = kernel.f.space.linearize(to, node.types[0].shape);
    Reads reads = kernel.reads();
    reads.use(stored);
    reads.follow(part, from);
    const auto point = [&] { kernel.f.store(buffer, stored, kernel.values.at(part, from)); };
    if (element_count(shape) > 0) walk(kernel, merge_axes(axes, reads.used()), schedule, point);
    begin += shape[axis];
  }
}

}  // namespace gradus::lowering
