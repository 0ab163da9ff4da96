#include "tests/support/large_graph.h"

#include <fmt/format.h>

#include <functional>
#include <map>

#include "ir/build.h"
#include "ir/error.h"

namespace gradus::testing {

namespace {

const Type square(ElementType::f32, {8, 8});

using Builder = void (*)(GraphBuilder&, size_t);

void chain(GraphBuilder& b, size_t nodes) {
  Value x = b.input("x", InputKind::data, square);
  constexpr std::array<OpId, 3> ops = {OpId::tanh, OpId::neg, OpId::abs};
  for (size_t i = 0; i < nodes; ++i) x = build::unary(b, ops[i % ops.size()], x);
  b.add_result("y", x);
}

void lattice(GraphBuilder& b, size_t nodes) {
  Value x = b.input("x", InputKind::data, square);
  Value y = b.input("y", InputKind::data, square);
  for (size_t i = 0; i < nodes; ++i) {
    const Value next = build::binary(b, i % 2 ? OpId::sub : OpId::maximum, x, y);
    x = std::exchange(y, next);
  }
  b.add_result("y", y);
}

// New values of parameters by gradient descent with momentum.
void momentum(GraphBuilder& b, Value loss, const std::vector<Value>& parameters, uint32_t first_state) {
  const Value gradients = build::gradient(b, loss, parameters);
  for (uint32_t i = 0; i < parameters.size(); ++i) {
    const Value velocity = b.graph().inputs()[first_state + i].value;
    const Value next =
        build::sub(b, build::mul(b, velocity, 0.9), build::mul(b, Value{gradients.node, i}, 0.01));
    b.add_update(first_state + i, next);
    b.add_update(i, build::add(b, parameters[i], next));
  }
  b.add_result("loss", loss);
}

void shared(GraphBuilder& b, size_t nodes) {
  const Value w = b.input("w", InputKind::parameter, square);
  b.input("w.velocity", InputKind::state, square);
  Value x = b.input("x", InputKind::data, square);
  for (size_t i = 0; i < nodes / 9; ++i) x = build::unary(b, OpId::tanh, build::dot(b, x, w, {{1}, {0}}));
  momentum(b, build::sum_all(b, x), {w}, 1);
}

void network(GraphBuilder& b, size_t nodes) {
  const size_t layers = nodes / 27;
  const Type bias(ElementType::f32, {8});
  std::vector<Value> parameters;
  for (size_t i = 0; i < layers; ++i) {
    parameters.push_back(b.input(fmt::format("w{}", i), InputKind::parameter, square));
    parameters.push_back(b.input(fmt::format("b{}", i), InputKind::parameter, bias));
  }
  for (Value parameter : parameters)
    b.input(b.graph().inputs()[parameter.node].name + ".velocity", InputKind::state, b.type(parameter));
  Value x = b.input("x", InputKind::data, square);
  for (size_t i = 0; i < layers; ++i) {
    const Value product = build::dot(b, x, parameters[2 * i], {{1}, {0}});
    x = build::unary(b, OpId::tanh,
                     build::add(b, product, build::broadcast(b, parameters[2 * i + 1], {8, 8}, {1})));
  }
  momentum(b, build::sum_all(b, build::mul(b, x, x)), parameters, static_cast<uint32_t>(parameters.size()));
}

void many(GraphBuilder& b, size_t nodes) {
  const size_t count = nodes / 28;
  std::vector<Value> parameters;
  for (size_t i = 0; i < count; ++i)
    parameters.push_back(b.input(fmt::format("w{}", i), InputKind::parameter, square));
  const auto states = static_cast<uint32_t>(count);
  for (size_t i = 0; i < 2 * count; ++i) b.input(fmt::format("s{}", i), InputKind::state, square);
  Value loss;
  for (Value parameter : parameters) {
    const Value term = build::sum_all(b, build::unary(b, OpId::exp, parameter));
    loss = loss ? build::add(b, loss, term) : term;
  }
  const Value gradients = build::gradient(b, loss, parameters);
  for (uint32_t i = 0; i < count; ++i) {
    const Value gradient{gradients.node, i};
    const uint32_t first = states + 2 * i, second = first + 1;
    const Value mean =
        build::add(b, build::mul(b, b.graph().inputs()[first].value, 0.9), build::mul(b, gradient, 0.1));
    const Value variance = build::add(b, build::mul(b, b.graph().inputs()[second].value, 0.999),
                                      build::mul(b, build::mul(b, gradient, gradient), 0.001));
    const Value divisor = build::add(b, build::unary(b, OpId::sqrt, variance), 1e-8);
    b.add_update(first, mean);
    b.add_update(second, variance);
    b.add_update(i, build::sub(b, parameters[i], build::mul(b, build::div(b, mean, divisor), 0.001)));
  }
  b.add_result("loss", loss);
}

void parts(GraphBuilder& b, size_t nodes) {
  const auto count = static_cast<int64_t>(nodes / 2);
  const Value x = b.input("x", InputKind::data, Type(ElementType::f32, {count, 4}));
  std::vector<Value> pieces;
  for (int64_t i = 0; i < count; ++i)
    pieces.push_back(build::unary(b, OpId::exp, build::slice(b, x, {i, 0}, {i + 1, 4}, {1, 1})));
  b.add_result("y", build::concat(b, pieces, 0));
}

void views(GraphBuilder& b, size_t nodes) {
  Value x = b.input("x", InputKind::data, square);
  Value total = x;
  for (size_t i = 0; i < nodes / 3; ++i) {
    x = i % 2 ? build::reverse(b, x, {0}) : build::transpose(b, x, {1, 0});
    total = build::add(b, total, build::unary(b, OpId::abs, x));
  }
  b.add_result("y", total);
}

// Branches within branches: the adjoint of each lies behind the conditions of all before it.
void branches(GraphBuilder& b, size_t nodes) {
  const Value input = b.input("x", InputKind::data, square);
  const Value z = b.input("z", InputKind::data, square);
  Value x = input;
  for (size_t i = 0; i < nodes / 8; ++i)
    x = build::select(b, build::binary(b, OpId::greater, x, z), build::unary(b, OpId::sin, x), z);
  b.add_result("slope", build::gradient(b, build::sum_all(b, x), {input}));
}

// A scan whose steps multiply what follows from an element alone by what no step changes: two long chains.
void moved(GraphBuilder& b, size_t nodes) {
  const Type row(ElementType::f32, {1, 8});
  const auto chained = [&](GraphBuilder& body, Value value) {
    for (size_t i = 0; i < nodes / 2; ++i)
      value = build::unary(body, i % 2 == 0 ? OpId::sin : OpId::cos, value);
    return value;
  };
  GraphBuilder body("body");
  body.input("i", InputKind::data, Type(ElementType::i64));
  const Value carry = body.input("c", InputKind::data, row);
  const Value element = body.input("e", InputKind::data, row);
  const Value weight = body.input("w", InputKind::data, square);
  const Value product = build::dot(body, chained(body, element), chained(body, weight), {{1}, {0}});
  body.add_result("c", build::add(body, carry, product));
  const std::vector<Value> operands = {b.input("h", InputKind::data, row),
                                       b.input("x", InputKind::data, Type(ElementType::f32, {3, 1, 8})),
                                       b.input("m", InputKind::parameter, square)};
  b.add_result("y", b.add(OpId::scan, operands,
                          {{"carries", int64_t{1}},
                           {"sequences", int64_t{1}},
                           {"length", int64_t{3}},
                           {"histories", std::vector<int64_t>{}}},
                          std::make_shared<const Graph>(std::move(body).finish())));
}

// A kernel of an early value and of the last of a chain of products.
void late(GraphBuilder& b, size_t nodes) {
  const Value x = b.input("x", InputKind::data, square), w = b.input("w", InputKind::parameter, square);
  const Value early = build::unary(b, OpId::exp, x);
  Value last = x;
  for (size_t i = 0; i < nodes; ++i) last = build::dot(b, last, w, {{1}, {0}});
  b.add_result("y", build::add(b, early, last));
}

}  // namespace

Graph large_graph(std::string_view kind, size_t nodes) {
  static const std::map<std::string_view, Builder> builders = {
      {"chain", chain}, {"lattice", lattice}, {"shared", shared},     {"network", network}, {"many", many},
      {"parts", parts}, {"views", views},     {"branches", branches}, {"moved", moved},     {"late", late}};
  GraphBuilder builder((std::string(kind)));
  builders.at(kind)(builder, nodes);
  return std::move(builder).finish();
}

}  // namespace gradus::testing
