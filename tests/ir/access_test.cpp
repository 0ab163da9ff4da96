// The access maps of views, held against the formulas of their records written out by hand: evaluator and
// lowering both read the map, so neither checks it.
#include <catch2/catch.hpp>
#include <numeric>

#include "ir/builder.h"
#include "ir/evaluate/evaluate.h"
#include "ir/op.h"

using namespace gradus;

namespace {

using Index = std::vector<int64_t>;

struct Case {
  OpId op;
  Shape from;
  Attributes attributes;
  Index (*source)(const Index& result);  // index of the operand's element, by the formula
};

size_t position(const Index& index, const Shape& shape) {
  int64_t flat = 0;
  for (size_t axis = 0; axis < shape.size(); ++axis) flat = flat * shape[axis] + index[axis];
  return static_cast<size_t>(flat);
}

bool advance(Index& index, const Shape& shape) {
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
     [](const Index& i) -> Index { return {i[1], i[2], i[0]}; }},
    {OpId::broadcast,
     {2, 3},
     {{"shape", Numbers{2, 5, 3}}, {"dims", Numbers{0, 2}}},
     [](const Index& i) -> Index { return {i[0], i[2]}; }},
    {OpId::broadcast,
     {},
     {{"shape", Numbers{2, 3}}, {"dims", Numbers{}}},
     [](const Index&) -> Index { return {}; }},
    {OpId::slice,
     {5, 9},
     {{"start", Numbers{1, 2}}, {"limit", Numbers{4, 9}}, {"stride", Numbers{1, 3}}},
     [](const Index& i) -> Index { return {1 + i[0], 2 + 3 * i[1]}; }},
    {OpId::slice,
     {3, 5},
     {{"start", Numbers{1, 0}}, {"limit", Numbers{2, 5}}, {"stride", Numbers{INT64_MAX, 2}}},
     [](const Index& i) -> Index { return {1, 2 * i[1]}; }},
    {OpId::reverse,
     {3, 4, 2},
     {{"axes", Numbers{0, 2}}},
     [](const Index& i) -> Index { return {2 - i[0], i[1], 1 - i[2]}; }},
    {OpId::reshape,
     {3, 4},
     {{"shape", Numbers{2, 6}}},
     [](const Index& i) -> Index { return {(6 * i[0] + i[1]) / 4, (6 * i[0] + i[1]) % 4}; }},
};

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
    Index index(shape.size(), 0);
    do {
      const double expected = static_cast<double>(position(c.source(index), c.from));
      CHECK(found.results[0].floats[position(index, shape)] == expected);
    } while (advance(index, shape));
  }
}

TEST_CASE("an op has an access map if and only if it is a view") {
  for (const Op* op : all_ops()) {
    INFO(op->name);
    CHECK((op->view != nullptr) == (op->traits.access == Access::view));
  }
}

TEST_CASE("reductions and searches say what they fold, no other op does") {
  for (const Op* op : all_ops()) {
    INFO(op->name);
    const Access access = op->traits.access;
    CHECK((op->traits.fold != Fold::none) == (access == Access::reduction || access == Access::search));
  }
}
