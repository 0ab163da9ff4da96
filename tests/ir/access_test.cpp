// The access maps of views, held against the formulas of their records written out by hand: evaluator and
// lowering both read the map, so neither checks it.
#include <catch2/catch.hpp>
#include <numeric>

#include "ir/builder.h"
#include "ir/evaluate/evaluate.h"
#include "ir/op.h"
#include "ir/reads.h"
#include "ir/text/parse.h"
#include "tests/ir/sample_inputs.h"

using namespace gradus;

namespace {

using Tuple = std::vector<int64_t>;

struct Case {
  OpId op;
  Shape from;
  Attributes attributes;
  Tuple (*source)(const Tuple& result);  // index of the operand's element, by the formula
};

size_t position(const Tuple& index, const Shape& shape) {
  int64_t flat = 0;
  for (size_t axis = 0; axis < shape.size(); ++axis) flat = flat * shape[axis] + index[axis];
  return static_cast<size_t>(flat);
}

bool advance(Tuple& index, const Shape& shape) {
  for (size_t axis = shape.size(); axis-- > 0;) {
    if (++index[axis] < shape[axis]) return true;
    index[axis] = 0;
  }
  return false;
}

using Numbers = std::vector<int64_t>;

const Case cases[] = {
    {OpId::transpose,
     {2, 3, 4},
     {{"dims", Numbers{2, 0, 1}}},
     [](const Tuple& i) -> Tuple { return {i[1], i[2], i[0]}; }},
    {OpId::broadcast,
     {2, 3},
     {{"shape", Numbers{2, 5, 3}}, {"dims", Numbers{0, 2}}},
     [](const Tuple& i) -> Tuple { return {i[0], i[2]}; }},
    {OpId::broadcast,
     {},
     {{"shape", Numbers{2, 3}}, {"dims", Numbers{}}},
     [](const Tuple&) -> Tuple { return {}; }},
    {OpId::slice,
     {5, 9},
     {{"start", Numbers{1, 2}}, {"limit", Numbers{4, 9}}, {"stride", Numbers{1, 3}}},
     [](const Tuple& i) -> Tuple { return {1 + i[0], 2 + 3 * i[1]}; }},
    {OpId::slice,
     {3, 5},
     {{"start", Numbers{1, 0}}, {"limit", Numbers{2, 5}}, {"stride", Numbers{INT64_MAX, 2}}},
     [](const Tuple& i) -> Tuple { return {1, 2 * i[1]}; }},
    {OpId::reverse,
     {3, 4, 2},
     {{"axes", Numbers{0, 2}}},
     [](const Tuple& i) -> Tuple { return {2 - i[0], i[1], 1 - i[2]}; }},
    {OpId::reshape,
     {3, 4},
     {{"shape", Numbers{2, 6}}},
     [](const Tuple& i) -> Tuple { return {(6 * i[0] + i[1]) / 4, (6 * i[0] + i[1]) % 4}; }},
};

Tuple tuple_at(size_t position, const Shape& shape) {
  Tuple tuple(shape.size());
  for (size_t axis = shape.size(); axis-- > 0;) {
    const auto extent = static_cast<size_t>(shape[axis]);
    tuple[axis] = static_cast<int64_t>(position % extent);
    position /= extent;
  }
  return tuple;
}

// Whether the map allows an element of the result to read that one of the operand.
bool allows(const AccessMap& map, const Tuple& to, const Shape& to_shape, const Tuple& from,
            const Shape& from_shape) {
  if (map.same_position) return position(to, to_shape) == position(from, from_shape);
  for (size_t axis = 0; axis < map.axes.size(); ++axis) {
    const AxisAccess& how = map.axes[axis];
    const int64_t at = how.start + (how.along ? how.step * to[*how.along] : 0);
    if (!how.computed && at != from[axis] * how.divisor) return false;
  }
  return true;
}

// Changes each element of an input in turn, and holds what follows of it against the node's access.
template <class T>
void check_reads(const Graph& graph, const Node& node, size_t operand,
                 std::vector<evaluate::Array<double>> inputs,
                 std::vector<T> evaluate::Array<double>::* list) {
  const auto before = evaluate::evaluate<double>(graph, inputs).results[0];
  const NodeAccess access = node_access(graph, node);
  const size_t input = graph.node(node.operands[operand]).attributes.integer_or("index", 0);
  const Shape from = graph.type(node.operands[operand]).shape, to = node.types[0].shape;
  for (size_t j = 0; j < (inputs[input].*list).size(); ++j) {
    auto changed = inputs;
    T& element = (changed[input].*list)[j];
    element = element == T{0} ? T{1} : T{0};
    const auto after = evaluate::evaluate<double>(graph, changed).results[0];
    for (size_t r = 0; r < static_cast<size_t>(element_count(to)); ++r) {
      const bool same = before.holds_floats() ? before.floats[r] == after.floats[r]
                                              : before.integers[r] == after.integers[r];
      bool allowed = false;  // by any operand that is this value
      for (size_t i = 0; i < node.operands.size(); ++i)
        allowed = allowed || (node.operands[i] == node.operands[operand] &&
                              allows(access.operands[i], tuple_at(r, to), to, tuple_at(j, from), from));
      CHECK((same || allowed));
    }
  }
}

}  // namespace

TEST_CASE("access maps of views lead to the elements that their formulas name") {
  for (const Case& c : cases) {
    INFO(name(c.op));
    GraphBuilder builder("view");
    const Value x = builder.input("x", InputKind::data, Type(ElementType::f64, c.from));
    const Value y = builder.add(c.op, {x}, c.attributes);
    const Shape shape = builder.shape(y);
    builder.add_result("", y);
    const Graph graph = std::move(builder).finish();
    std::vector<double> numbers(static_cast<size_t>(element_count(c.from)));
    std::iota(numbers.begin(), numbers.end(), 0.0);
    const auto found =
        evaluate::evaluate<double>(graph, {evaluate::array_of(Type(ElementType::f64, c.from), numbers)});
    Tuple index(shape.size(), 0);
    do {
      const double expected = static_cast<double>(position(c.source(index), c.from));
      CHECK(found.results[0].floats[position(index, shape)] == expected);
    } while (advance(index, shape));
  }
}

TEST_CASE("computed views read nothing that their access does not name") {
  size_t checked = 0;
  for (const Op* op : all_ops()) {
    if (op->traits.access != Access::computed_view) continue;
    for (const testing::Sample& sample : testing::samples_of(op->id).good) {
      const Graph graph = parse_graph(sample.text, "sample");
      const Node& node = graph.node(graph.results()[0].value);
      if (node.op != op) continue;
      INFO(sample.text);
      const auto inputs = test::sample_inputs(graph, sample, 7);
      for (size_t i = 0; i < node.operands.size(); ++i) {
        if (graph.node(node.operands[i]).op->id != OpId::input) continue;
        ++checked;
        if (is_float(graph.type(node.operands[i]).element))
          check_reads(graph, node, i, inputs, &evaluate::Array<double>::floats);
        else
          check_reads(graph, node, i, inputs, &evaluate::Array<double>::integers);
      }
    }
  }
  CHECK(checked > 20);
}

TEST_CASE("an op says where it reads if it is a view, or a computed one") {
  for (const Op* op : all_ops()) {
    INFO(op->name);
    const Access access = op->traits.access;
    CHECK((op->view != nullptr) == (access == Access::view));
    CHECK((op->reads == nullptr || access == Access::computed_view || access == Access::generated));
    CHECK((op->reads != nullptr || access != Access::computed_view));
  }
}

TEST_CASE("axes are merged where every index walks them together") {
  IndexSpace space;
  const std::vector<Axis> axes = make_axes(space, {4, 1, 6, 5});
  const Index dense = space.linearize(tuple_of(axes), {4, 1, 6, 5});
  CHECK(merge_axes(axes, {dense}).size() == 1);
  const Index rows = axes[0].index * 7 + axes[2].index;
  CHECK(merge_axes(axes, {dense, rows}).size() == 3);
  const Index strided = space.dot(tuple_of(axes), {60, 0, 10, 1});
  REQUIRE(merge_axes(axes, {dense, strided}).size() == 2);
  CHECK(merge_axes(axes, {dense, strided})[0].extent == 24);
}

TEST_CASE("reductions and searches say what they fold, no other op does") {
  for (const Op* op : all_ops()) {
    INFO(op->name);
    const Access access = op->traits.access;
    CHECK((op->traits.fold != Fold::none) == (access == Access::reduction || access == Access::search));
  }
}
