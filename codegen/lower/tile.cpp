#include "codegen/lower/tile.h"

#include <algorithm>

#include "ir/error.h"
#include "ir/structure.h"

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

TileEpilogue::TileEpilogue(const Kernel& kernel, size_t stage)
    : facts_(kernel.stages.epilogue(stage)),
      source_(kernel.part<TileSchedule>(stage).epilogue),
      nest_(*contraction_nest(kernel.stages, stage)) {
  for (const Value operand : facts_.operands()) buffers_.push_back(kernel.values.placed(operand));
  for (const size_t r : facts_.fused())
    outputs_.push_back({kernel.body.results()[r].value, kernel.results[r]});
  if (facts_.stores_contraction()) outputs_.push_back({contraction(), kernel.home(contraction())});
  for (const TileOutput& output : outputs_)
    if (std::find(buffers_.begin(), buffers_.end(), output.buffer) == buffers_.end())
      buffers_.push_back(output.buffer);
}

TileFunction::TileFunction(Kernel& kernel, const TileEpilogue& epilogue, const std::string& purpose,
                           int64_t a_count, int64_t b_count)
    : f(kernel.helper_name(purpose)),
      values(f, kernel.body),
      kernel_(kernel),
      epilogue_(epilogue),
      computing_(values.computing(epilogue.contraction())) {
  f.set_origins();
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
  axes = make_axes(f.space, node.types[0].shape);
  values.bind(epilogue.contraction(), [this](const Indices&) { return Pulled{current_, f.level(), 1}; });
}

Index TileFunction::linear_position() {
  return f.space.linearize(tuple_of(axes), kernel_.type(epilogue_.contraction()).shape);
}

std::vector<Expression> TileFunction::compute_outputs(const Index& linear) {
  std::vector<Expression> computed;
  for (const TileOutput& output : epilogue_.outputs()) {
    const Computing scope = values.computing(output.value);
    computed.push_back(
        values.at(output.value, f.space.delinearize(linear, kernel_.type(output.value).shape)));
    if (epilogue_.outputs().size() > 1) computed.back() = f.let("y", computed.back());
  }
  return computed;
}

void TileFunction::store_outputs(const Index& linear, const std::vector<Expression>& computed) {
  for (size_t i = 0; i < computed.size(); ++i) {
    const Computing scope = values.computing(epilogue_.outputs()[i].value);
    const auto& buffers = epilogue_.buffers();
    const auto at =
        std::find(buffers.begin(), buffers.end(), epilogue_.outputs()[i].buffer) - buffers.begin();
    f.store(own_[static_cast<size_t>(at)], linear, computed[i]);
  }
}

bool TileFunction::row_delays_next(const RegisterTile& tile) const {
  constexpr size_t most_outputs = 4;  // each waits in an array of the tile's size
  const ElementType element = kernel_.type(epilogue_.contraction()).element;
  const auto updates = [&](int64_t buffer) {
    return f.buffers()[static_cast<size_t>(buffer)].role == loop::BufferRole::update;
  };
  return kernel_.target.has_masks && epilogue_.outputs().size() <= most_outputs && tile.rows() > 1 &&
         tile.columns() % kernel_.lanes(element) != 0 && epilogue_.is_dense(tile.columns()) &&
         std::any_of(own_.begin(), own_.end(), updates);
}

void TileFunction::store(const RegisterTile& tile, const Bind& bind) {
  const int64_t rows = tile.rows(), columns = tile.columns();
  if (epilogue_.source() == EpilogueSource::run && rows > 1) return store_as_run(tile, bind);
  const int64_t memory = epilogue_.source() == EpilogueSource::registers ? -1 : put_in_memory(tile);
  using Body = std::function<void(const Expression& row, const Expression& lane)>;
  const auto at_each = [&](const Body& body) {
    const Expression r = f.open("r", 0, rows, memory < 0 ? LoopKind::unrolled : LoopKind::serial);
    const Expression v = f.open("v", 0, columns, LoopKind::vectorized);
    bind(r, v);
    body(r, v);
    f.close();
    f.close();
  };
  const auto compute = [&](const Expression& r, const Expression& v) {
    current_ = memory < 0 ? tile.value(r, v) : f.load(memory, {r, v});
    return compute_outputs(linear_position());
  };
  if (!row_delays_next(tile))
    return at_each([&](const Expression& r, const Expression& v) {
      const std::vector<Expression> computed = compute(r, v);
      store_outputs(linear_position(), computed);
    });
  std::vector<int64_t> arrays;
  for (const TileOutput& output : epilogue_.outputs())
    arrays.push_back(f.local("y", kernel_.type(output.value).element, {rows, columns}));
  at_each([&](const Expression& r, const Expression& v) {
    const std::vector<Expression> computed = compute(r, v);
    for (size_t i = 0; i < arrays.size(); ++i) f.store(arrays[i], {r, v}, computed[i]);
  });
  at_each([&](const Expression& r, const Expression& v) {
    std::vector<Expression> computed;
    for (const int64_t array : arrays) computed.push_back(f.load(array, {r, v}));
    store_outputs(linear_position(), computed);
  });
}

int64_t TileFunction::put_in_memory(const RegisterTile& tile) {
  const int64_t memory =
      f.local("tile", kernel_.type(epilogue_.contraction()).element, {tile.rows(), tile.columns()});
  const Expression r = f.open("r", 0, tile.rows(), LoopKind::unrolled);
  const Expression v = f.open("v", 0, tile.columns(), LoopKind::vectorized);
  f.store(memory, {r, v}, tile.value(r, v));
  f.close();
  f.close();
  return memory;
}

// Up to the pivot row by row, the rest over the tile as one run of elements.
void TileFunction::store_as_run(const RegisterTile& tile, const Bind& bind) {
  const Value pivot = epilogue_.facts().pivot();
  const ElementType element = kernel_.type(pivot).element;
  const int64_t rows = tile.rows(), columns = tile.columns(), count = rows * columns;
  const int64_t lanes = kernel_.lanes(element);
  const int64_t memory = f.local("tile", element, {count});
  const Expression r = f.open("r", 0, rows, LoopKind::unrolled);
  const Expression v = f.open("v", 0, columns, LoopKind::vectorized);
  current_ = tile.value(r, v);
  bind(r, v);
  const Index linear = linear_position();
  f.store(memory, {r * integer(columns) + v},
          values.at(pivot, f.space.delinearize(linear, kernel_.type(pivot).shape)));
  f.close();
  f.close();
  bind(integer(0), integer(0));
  const Expression base = f.let("base", f.space.expression(linear_position()));
  const Index position = f.space.axis(element_count(kernel_.type(epilogue_.contraction()).shape));
  Expression at;
  values.bind(pivot, [&](const Indices&) { return Pulled{f.load(memory, {at}), f.level(), 1}; });
  const auto run = [&](const Expression& first, int64_t length) {
    const Expression lane = f.open("v", 0, length, LoopKind::vectorized);
    at = first + lane;
    f.space.bind({position.terms[0].first}, base + at, f.level());
    store_outputs(position, compute_outputs(position));
    f.close();
  };
  const Expression group = f.open("g", 0, count / lanes);
  run(group * integer(lanes), lanes);
  f.close();
  if (count % lanes > 0) run(integer(count / lanes * lanes), count % lanes);
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

void lower_tiles(Kernel& kernel, size_t stage) {
  const std::vector<Axis> axes =
      make_axes(kernel.f.space, kernel.body.node(kernel.node_of(stage)).types[0].shape);
  const auto nest = contraction_nest(kernel.stages, stage, axes, kernel.f.space);
  if (const auto* dot = std::get_if<DotNest>(&nest.value()))
    return lower_dot_tiles(kernel, stage, *dot, axes);
  if (const auto* conv = std::get_if<ConvolutionNest>(&*nest))
    return lower_convolution_tiles(kernel, stage, *conv);
  lower_filter_tiles(kernel, stage, std::get<FilterNest>(*nest));
}

}  // namespace gradus::lowering
