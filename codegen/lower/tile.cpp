#include "codegen/lower/tile.h"

#include <algorithm>

#include "ir/error.h"

namespace gradus::lowering {

using loop::Expression;
using loop::LoopKind;

RegisterTile::RegisterTile(FunctionBuilder& f, ElementType element, int64_t rows, int64_t columns,
                           bool chunked)
    : f_(f), element_(element), rows_(rows), columns_(columns), chunked_(chunked) {
  // -0 is the identity of addition: the first chain is taken as it is.
  if (chunked_) total_ = f_.local("total", element_, {rows_, columns_}, loop::constant(element_, -0.0));
}

void RegisterTile::begin() {
  chain_ = f_.local("chain", element_, {rows_, columns_}, loop::constant(element_, 0));
}

void RegisterTile::end() {
  if (!chunked_) return;
  const Expression r = f_.open("r", 0, rows_, LoopKind::unrolled);
  const Expression v = f_.open("v", 0, columns_, LoopKind::vectorized);
  f_.store(total_, {r, v}, f_.load(total_, {r, v}) + f_.load(chain_, {r, v}));
  f_.close();
  f_.close();
}

void RegisterTile::multiply(int64_t first, int64_t last, const Factor& a, const Factor& b) {
  if (first >= last) return;
  load_columns(b);
  multiply_rows(first, last, a);
}

void RegisterTile::load_columns(const Factor& b) {
  factors_ = f_.local("b", element_, {columns_});
  const Expression lane = f_.open("v", 0, columns_, LoopKind::vectorized);
  f_.store(factors_, {lane}, b(lane));
  f_.close();
}

void RegisterTile::multiply_rows(int64_t first, int64_t last, const Factor& a) {
  if (first >= last) return;
  const Expression r = f_.open("r", first, last, LoopKind::unrolled);
  const Expression left = f_.let("a", a(r));
  const Expression v = f_.open("v", 0, columns_, LoopKind::vectorized);
  f_.store(chain_, {r, v}, fused(left, f_.load(factors_, {v}), f_.load(chain_, {r, v})));
  f_.close();
  f_.close();
}

void RegisterTile::load_chain(int64_t buffer, const Position& at) {
  chain_ = f_.local("chain", element_, {rows_, columns_});
  const Expression r = f_.open("r", 0, rows_, LoopKind::unrolled);
  const Expression v = f_.open("v", 0, columns_, LoopKind::vectorized);
  f_.store(chain_, {r, v}, f_.load(buffer, {at(r, v)}));
  f_.close();
  f_.close();
}

void RegisterTile::store_chain(int64_t buffer, const Position& at) {
  const Expression r = f_.open("r", 0, rows_, LoopKind::unrolled);
  const Expression v = f_.open("v", 0, columns_, LoopKind::vectorized);
  f_.store(buffer, {at(r, v)}, f_.load(chain_, {r, v}));
  f_.close();
  f_.close();
}

Expression RegisterTile::value(const Expression& row, const Expression& lane) const {
  return f_.load(chunked_ ? total_ : chain_, {row, lane});
}

Epilogue::Epilogue(Kernel& kernel, Value contraction) : kernel_(kernel), contraction_(contraction) {
  for (size_t r = 0; r < kernel.results.size(); ++r)
    if (fuses(kernel.body.results()[r].value)) fused_.push_back(r);
  // Everything else that depends on the contraction reads its raw values.
  std::vector<bool> outside(kernel.body.size(), false);
  for (size_t r = 0; r < kernel.results.size(); ++r)
    if (std::find(fused_.begin(), fused_.end(), r) == fused_.end())
      reach(kernel.body.results()[r].value, outside);
  for (uint32_t i = contraction.node + 1; i < kernel.body.size(); ++i)
    if (!is_pullable(*kernel.body.node(i).op)) reach({i, 0}, outside);
  std::vector<bool> inside(kernel.body.size(), false);
  for (size_t r : fused_) {
    const Value value = kernel.body.results()[r].value;
    outputs_.push_back({value, kernel.results[r]});
    reach(value, inside);
  }
  if (outside[contraction.node] || fused_.empty()) outputs_.push_back({contraction, -1});
  int expensive = 0;
  for (uint32_t i = 0; i < kernel.body.size(); ++i) {
    if (!inside[i] || i == contraction.node) continue;
    if (kernel.values.is_placed({i, 0})) buffers_.push_back(kernel.values.placed({i, 0}));
    if (kernel.body.node(i).op->family == OpFamily::elementwise) ++expensive;
  }
  heavy_ = expensive > 2;
}

// Nodes below a value, down to the contraction and to what lies in memory.
void Epilogue::reach(Value value, std::vector<bool>& seen) const {
  if (seen[value.node]) return;
  seen[value.node] = true;
  if (value == contraction_ || kernel_.values.is_placed(value)) return;
  for (Value operand : kernel_.body.node(value).operands) reach(operand, seen);
}

bool Epilogue::fuses(Value result) const {
  if (element_count(kernel_.type(result).shape) != element_count(kernel_.type(contraction_).shape))
    return false;
  std::vector<bool> seen(kernel_.body.size(), false);
  reach(result, seen);
  if (!seen[contraction_.node]) return false;
  for (uint32_t i = 0; i < kernel_.body.size(); ++i)
    if (seen[i] && i != contraction_.node && !kernel_.values.is_placed({i, 0}) &&
        !is_pullable(*kernel_.body.node(i).op))
      return false;
  // The result at a position must need the contraction at that position only.
  FunctionBuilder f("trial");
  Values values(f, kernel_.body);
  for (uint32_t i = 0; i < kernel_.body.size(); ++i)
    if (kernel_.values.is_placed({i, 0}))
      values.place({i, 0}, f.buffer({"x", loop::BufferRole::read, kernel_.type({i, 0}).element, {1}, {}, 0}));
  const std::vector<Axis> axes = make_axes(f, kernel_.type(contraction_).shape);
  for (const Axis& axis : axes)
    if (axis.extent != 1) f.space.bind({axis.symbol()}, f.let("i", integer(0)), 0);
  bool same = true;
  const ElementType element = kernel_.type(contraction_).element;
  values.bind(contraction_, [&](const Indices& tuple) {
    same = same && tuple == tuple_of(axes);
    return Pulled{loop::constant_integer(element, 0), 0, 0};
  });
  const Index linear = f.space.linearize(tuple_of(axes), kernel_.type(contraction_).shape);
  values.pull(result, f.space.delinearize(linear, kernel_.type(result).shape));
  return same;
}

void Epilogue::prepare() {
  for (size_t r : fused_) kernel_.done.push_back(r);
  for (TileOutput& output : outputs_) {
    if (output.buffer < 0) output.buffer = kernel_.home(contraction_);
    if (std::find(buffers_.begin(), buffers_.end(), output.buffer) == buffers_.end())
      buffers_.push_back(output.buffer);
  }
}

void Epilogue::trial(const std::vector<Axis>& axes, Values& values) const {
  const ElementType element = kernel_.type(contraction_).element;
  values.bind(contraction_, [&](const Indices&) { return Pulled{loop::constant_integer(element, 0), 0, 0}; });
  FunctionBuilder& f = values.function();
  const Index linear = f.space.linearize(tuple_of(axes), kernel_.type(contraction_).shape);
  f.space.expression(linear);
  for (const TileOutput& output : outputs_)
    values.pull(output.value, f.space.delinearize(linear, kernel_.type(output.value).shape));
  values.unbind(contraction_);
}

TileFunction::TileFunction(Kernel& kernel, const Epilogue& epilogue, const std::string& role, int64_t a_count,
                           int64_t b_count)
    : f(kernel.helper_name(role)), values(f, kernel.body), kernel_(kernel), epilogue_(epilogue) {
  const Node& node = kernel.body.node(epilogue.contraction());
  a = f.parameter("a", loop::BufferRole::read, node.types[0].element, a_count);
  b = f.parameter("b", loop::BufferRole::read, node.types[0].element, b_count);
  for (int64_t buffer : epilogue.buffers()) {
    const loop::Buffer& outer = kernel.f.buffers()[static_cast<size_t>(buffer)];
    own_.push_back(f.parameter(outer.name, outer.role, outer.element, outer.shape[0]));
    for (uint32_t i = 0; i < kernel.body.size(); ++i)
      if (i != epilogue.contraction().node && kernel.values.is_placed({i, 0}) &&
          kernel.values.placed({i, 0}) == buffer)
        values.place({i, 0}, own_.back());
  }
  axes = make_axes(f, node.types[0].shape);
  values.bind(epilogue.contraction(), [this](const Indices&) { return Pulled{current_, f.level(), 1}; });
}

void TileFunction::store_point(const Bind& bind, const Expression& row, const Expression& lane) {
  bind(row, lane);
  const Index linear = f.space.linearize(tuple_of(axes), kernel_.type(epilogue_.contraction()).shape);
  std::vector<Expression> computed;
  for (const TileOutput& output : epilogue_.outputs()) {
    computed.push_back(
        values.at(output.value, f.space.delinearize(linear, kernel_.type(output.value).shape)));
    if (epilogue_.outputs().size() > 1) computed.back() = f.let("y", computed.back());
  }
  for (size_t i = 0; i < computed.size(); ++i) {
    const auto& buffers = epilogue_.buffers();
    const auto at =
        std::find(buffers.begin(), buffers.end(), epilogue_.outputs()[i].buffer) - buffers.begin();
    f.store(own_[static_cast<size_t>(at)], linear, computed[i]);
  }
}

void TileFunction::store(const RegisterTile& tile, const Bind& bind) {
  const int64_t rows = tile.rows(), columns = tile.columns();
  if (!epilogue_.is_heavy()) {
    const Expression r = f.open("r", 0, rows, LoopKind::unrolled);
    const Expression v = f.open("v", 0, columns, LoopKind::vectorized);
    current_ = tile.value(r, v);
    store_point(bind, r, v);
    f.close();
    f.close();
    return;
  }
  // A long epilogue runs over the tile in memory, row by row: in registers it would crowd out the
  // accumulators.
  const ElementType element = kernel_.type(epilogue_.contraction()).element;
  const int64_t memory = f.local("tile", element, {rows, columns});
  const Expression r = f.open("r", 0, rows, LoopKind::unrolled);
  const Expression v = f.open("v", 0, columns, LoopKind::vectorized);
  f.store(memory, {r, v}, tile.value(r, v));
  f.close();
  f.close();
  const Expression row = f.open("r", 0, rows);
  const Expression lane = f.open("v", 0, columns, LoopKind::vectorized);
  current_ = f.load(memory, {row, lane});
  store_point(bind, row, lane);
  f.close();
  f.close();
}

std::string TileFunction::finish() {
  loop::Function function = std::move(f).finish();
  std::string name = function.name;
  kernel_.lowered.functions.push_back(std::move(function));
  return name;
}

void TileFunction::add_views(std::vector<loop::View>& views) const {
  for (int64_t buffer : epilogue_.buffers()) views.push_back({buffer, {integer(0)}});
}

}  // namespace gradus::lowering
