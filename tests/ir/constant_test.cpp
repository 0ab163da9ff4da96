// Constants have one form, whoever makes them; what is known about them is exact.
#include <catch2/catch.hpp>
#include <cmath>

#include "ir/build.h"
#include "ir/evaluate/evaluate.h"
#include "ir/op.h"
#include "ir/text/parse.h"
#include "ir/text/print.h"
#include "passes/pass.h"

using namespace gradus;

namespace {

Value constant(GraphBuilder& b, ElementType element, Shape shape, std::string name, AttributeValue value) {
  return b.add(OpId::constant, {},
               {{"element", element}, {"shape", std::move(shape)}, {std::move(name), std::move(value)}});
}

const AttributeValue& value_of(const GraphBuilder& b, Value value) {
  return *b.node(value).attributes.find("value");
}

// The constant that the only result of a graph text becomes.
AttributeValue folded(const std::string& type, const std::string& lines) {
  PassContext context;
  const Graph graph = simplify(parse_graph("graph @g () {" + lines + "  return %9 }"), context);
  const Node& node = graph.node(graph.results()[0].value);
  INFO(print(graph));
  REQUIRE(node.op->id == OpId::constant);
  CHECK(to_string(node.types[0]) == type);
  return *node.attributes.find("value");
}

}  // namespace

TEST_CASE("a constant is rounded to its element type when it is made") {
  GraphBuilder b;
  const Value rounded = constant(b, ElementType::f32, {2}, "value", 0.1);
  CHECK(std::get<double>(value_of(b, rounded)) == static_cast<double>(0.1f));
  CHECK(constant(b, ElementType::f32, {2}, "value", static_cast<double>(0.1f)) == rounded);
  CHECK(constant(b, ElementType::f32, {2}, "values", std::vector<double>{0.1, 0.1}) == rounded);
  CHECK(build::constant(b, Type(ElementType::f32, {2}), 0.1) == rounded);
  CHECK(constant(b, ElementType::f64, {2}, "value", 0.1) != rounded);
  CHECK(std::get<double>(value_of(b, constant(b, ElementType::bf16, {}, "value", 1.01))) == 1.0078125);
  CHECK(std::get<double>(value_of(b, constant(b, ElementType::f16, {}, "value", 65519.0))) == 65504);
  CHECK(std::isinf(std::get<double>(value_of(b, constant(b, ElementType::f16, {}, "value", 65520.0)))));
  CHECK(constant(b, ElementType::f64, {}, "value", int64_t{3}) ==
        constant(b, ElementType::f64, {}, "value", 3.0));
  CHECK(constant(b, ElementType::f64, {}, "value", std::nan("")) ==
        constant(b, ElementType::f64, {}, "value", -std::nan("")));
  CHECK(constant(b, ElementType::f64, {}, "value", -0.0) != constant(b, ElementType::f64, {}, "value", 0.0));
  CHECK(build::constant(b, Type(ElementType::u8), -1) == build::constant(b, Type(ElementType::u8), 255));
}

TEST_CASE("a constant of a text is the node that folding makes") {
  PassContext context;
  const Graph graph = simplify(parse_graph(R"(graph @g () {
  %0 = constant {element=f32, shape=[], value=0.1} : f32[]
  %1 = constant {element=f64, shape=[], value=0.1} : f64[]
  %2 = cast %1 {to=f32} : f32[]
  return %0, %2
})"),
                               context);
  CHECK(graph.results()[0].value == graph.results()[1].value);
}

TEST_CASE("folding has the meaning of the ops, in their types") {
  CHECK(std::get<double>(folded("f64[]", R"(%0 = constant {element=f64, shape=[], value=300.0} : f64[]
    %1 = cast %0 {to=i8} : i8[]
    %9 = cast %1 {to=f64} : f64[])")) == 127);
  CHECK(std::get<int64_t>(folded("u8[]", R"(%0 = constant {element=u8, shape=[], value=3} : u8[]
    %1 = constant {element=u8, shape=[], value=200} : u8[]
    %9 = pow %0, %1 : u8[])")) == 161);
  CHECK(std::get<int64_t>(
            folded("i64[]", R"(%0 = constant {element=i64, shape=[], value=9007199254740992} : i64[]
    %1 = constant {element=i64, shape=[], value=1} : i64[]
    %9 = add %0, %1 : i64[])")) == 9007199254740993);
  CHECK(std::get<int64_t>(
            folded("bool[]", R"(%0 = constant {element=i64, shape=[], value=9007199254740992} : i64[]
    %1 = constant {element=i64, shape=[], value=9007199254740993} : i64[]
    %9 = less %0, %1 : bool[])")) == 1);
  CHECK(std::get<double>(
            folded("f32[]", R"(%0 = constant {element=i64, shape=[], value=36028799166447617} : i64[]
    %9 = cast %0 {to=f32} : f32[])")) == 36028801313931264);
  CHECK(std::get<int64_t>(folded("i32[]", R"(%0 = constant {element=i32, shape=[], value=-2147483648} : i32[]
    %1 = constant {element=i32, shape=[], value=-1} : i32[]
    %9 = div %0, %1 : i32[])")) == -2147483648);
}

TEST_CASE("a sum of equal integers wraps as their sum does") {
  PassContext context;
  const Graph graph = simplify(parse_graph(R"(graph @g (%x: i8[]) {
  %0 = broadcast %x {shape=[300], dims=[]} : i8[300]
  %9 = sum %0 {axes=[0]} : i8[]
  return %9
})"),
                               context);
  CHECK(graph.node(graph.results()[0].value).op->id == OpId::mul);
  CHECK(evaluate::evaluate<double>(graph, {evaluate::array_of(Type(ElementType::i8), {3})})
            .results[0]
            .integers[0] == -124);
}
