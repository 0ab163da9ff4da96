// Graph text: print after parse after print is the identity, and malformed texts are answered with their
// place.
#include "ir/text/parse.h"

#include <catch2/catch.hpp>

#include <limits>

#include "ir/build.h"
#include "ir/op.h"
#include "ir/text/print.h"
#include "ir/verify.h"
#include "tests/ir/samples/samples.h"

namespace gradus {

namespace {

void check_identity(const std::string& text) {
  INFO(text);
  const Graph graph = parse_graph(text);
  CHECK(print(graph) == text);
  CHECK(verify(graph).empty());
}

void check_round_trip(const Graph& graph) {
  const std::string text = print(graph);
  INFO(text);
  const Graph again = parse_graph(text);
  CHECK(print(again) == text);
  REQUIRE(again.size() == graph.size());
}

std::vector<Diagnostic> errors_of(const std::string& text) {
  try {
    parse_graph(text, "t.gir");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::program);
    return error.diagnostics();
  }
  return {};
}

}  // namespace

TEST_CASE("a graph with everything prints as it was written") {
  check_identity(
      R"(graph @mlp_step {options="seed=1", stage=backward} (
    %x: f32[64,784]  @model("digits.gradus":2:1),
    param %w: f32[784,10],
    param %b: f32[10],
    state %"blocks[0].mean": f32[10],
    seed %seed: i64[],
    step %step: i64[],
    var %v: f64[]) {
  %0 = dot %x, %w {contract=[1]x[0]} : f32[64,10]  @dense_1("digits.gradus":4:3)
  %1 = broadcast %b {dims=[1], shape=[64,10]} : f32[64,10]
  %2 = add %0, %1 : f32[64,10]  @blocks[0]/dense_1("digits.gradus":4:3) > @dense("library/layers.gradus":9:3) @("":0:0)
  %3 = mark %2 {id=7} : f32[64,10]
  %20 = mul %3, %2 : f32[64,10]  @rule(tanh, operand 0, of %4) @rule(mul, of %5) @pass(plan-buffers, of %4) @pass(simplify)
  %21 = neg %20 : f32[64,10]  @rule("a":1:2) > @pass("b":3:4) > @"two words"("c":5:6) @pass(simplify) @rule("a":1:2)
  %24 = transpose %20 {dims=[1,0]} : f32[10,64] layout [1,0] tiled [8,1] padded [0,3]
  %30 = kernel (%a = %20, %"b c" = %3) {
    %0 = mul %a, %"b c" : f32[64,10]  @dense_1("digits.gradus":4:3)
    yield %0
  } : f32[64,10]  @"two words"("a \"b\" \\ c.gradus":1:2)
  %31 = sum %30 {axes=[0,1]} : f32[]
  %32 = constant {element=i64, shape=[2], values=[-9223372036854775808,9223372036854775807]} : i64[2]
  return loss = %31, %30, "a b" = %24, updates %w = %w, %"blocks[0].mean" = %b, status %32
}
)");
}

TEST_CASE("results of nodes, several of them, and scans") {
  check_identity(R"(graph @scans (%h: f32[3], %xs: f32[5,3], %w: f32[3]) {
  %7:3 = scan {carries=1, histories=[0], length=5, sequences=1} (%index, %h = %h, %x = %xs, %w = %w) {
    %9 = mul %h, %w : f32[3]
    %4 = add %9, %x : f32[3]
    yield %4, %9
  } : f32[3], f32[5,3], f32[5,3]
  %8 = add %7#1, %7#2 : f32[5,3]
  return %7, %8
}
)");
}

TEST_CASE("doubles and integers keep their bits") {
  const double infinity = std::numeric_limits<double>::infinity();
  GraphBuilder b("numbers");
  for (double value : {0.0, -0.0, 0.1, 1.0, 1e300, 5e-324, -1e-7, 1e22, infinity, -infinity, std::nan("")}) {
    b.add_result(
        "", b.add(OpId::constant, {}, {{"element", ElementType::f64}, {"shape", Shape{}}, {"value", value}}));
  }
  b.add_result("", b.add(OpId::constant, {},
                         {{"element", ElementType::f64},
                          {"shape", Shape{3}},
                          {"values", std::vector<double>{1, -0.0, -infinity}}}));
  const Graph graph = std::move(b).finish();
  check_round_trip(graph);
  CHECK(same_structure(graph, parse_graph(print(graph))));
}

TEST_CASE("what several places share has the whole call chain of each of them") {
  const Origin::Place inner{"lstm", {"library/recurrent.gradus", 38, 8, 0}};
  const auto chain = [&](uint32_t line) { return Origin::source({{"m", {"m.gradus", line, 3, 0}}, inner}); };
  GraphBuilder b("g");
  const Value x = b.input("x", InputKind::data, Type(ElementType::f32, {2}));
  for (const uint32_t line : {1, 2, 2, 3}) {
    const OriginScope scope(b, {chain(line)});
    build::unary(b, OpId::tanh, x);
  }
  const OriginScope scope(b, {Origin::source({inner})});
  b.add_result("", build::unary(b, OpId::tanh, x));
  const Graph graph = std::move(b).finish();
  CHECK(graph.origins(1) == Origins{chain(1), chain(2), chain(3), Origin::source({inner})});
  CHECK(print_node(graph, 1) ==
        "%1 = tanh %x : f32[2]  @m(\"m.gradus\":1:3) > @lstm(\"library/recurrent.gradus\":38:8) "
        "@m(\"m.gradus\":2:3) > @lstm(\"library/recurrent.gradus\":38:8) "
        "@m(\"m.gradus\":3:3) > @lstm(\"library/recurrent.gradus\":38:8) "
        "@lstm(\"library/recurrent.gradus\":38:8)");
  CHECK(parse_graph(print(graph)).origins(1) == graph.origins(1));
}

TEST_CASE("a builder of a body takes its ids from where the graph around it does") {
  GraphBuilder outer("g");
  const Value x = outer.input("x", InputKind::data, Type(ElementType::f32, {2}));
  GraphBuilder body("body", {.ids = outer.ids()});
  body.add_result("", build::unary(body, OpId::tanh, body.input("a", InputKind::data, outer.type(x))));
  const auto made = std::make_shared<const Graph>(std::move(body).finish());
  const Value call = outer.add(OpId::call, {x}, {}, made);
  CHECK(made->node(0).id == 1);
  CHECK(made->node(1).id == 2);
  CHECK(outer.node(call).id == 3);
  GraphBuilder other("h");  // which takes a body from elsewhere
  const Value called = other.add(OpId::call, {other.input("x", InputKind::data, outer.type(x))}, {}, made);
  CHECK(other.node(build::unary(other, OpId::tanh, called)).id > made->node(1).id);
  CHECK(outer.add(OpId::call, {x}, {}, std::make_shared<const Graph>(*made)) == call);
}

TEST_CASE("the first eight places that share a value are named") {
  GraphBuilder b("g");
  const Value x = b.input("x", InputKind::data, Type(ElementType::f32, {2}));
  for (uint32_t line = 1; line <= 20; ++line) {
    const OriginScope scope(
        b, {Origin::source({{"m", {"m.gradus", line, 1, 0}}, {"f", {"l.gradus", 1, 1, 0}}})});
    build::unary(b, OpId::tanh, x);
  }
  const Graph graph = std::move(b).finish();
  REQUIRE(graph.origins(1).size() == 8);
  CHECK(graph.origins(1).back().chain.size() == 2);
}

TEST_CASE("ids of inputs come back, and the parser merges nothing") {
  GraphBuilder b("g", {.memoize = false});
  const Value x = b.input("12", InputKind::data, Type(ElementType::f32, {2}));
  const Value y = build::unary(b, OpId::tanh, x);
  const Value z = b.input("z", InputKind::data, Type(ElementType::f32, {2}));
  const Value y2 = build::unary(b, OpId::tanh, x);
  b.add_result("", build::add(b, y, build::add(b, y2, z)));
  const Graph graph = std::move(b).finish();
  check_round_trip(graph);
  const Graph again = parse_graph(print(graph));
  CHECK(again.node(again.inputs()[0].value).id == 0);
  CHECK(again.node(again.inputs()[1].value).id == 2);
  CHECK(again.next_id() == graph.next_id());
}

TEST_CASE("every sample of every op prints, parses and prints") {
  for (const Op* op : all_ops())
    for (const testing::Sample& sample : testing::samples_of(op->id).good) {
      INFO(op->name << ": " << sample.text);
      Graph graph;
      REQUIRE_NOTHROW(graph = parse_graph(sample.text, std::string(op->name)));
      check_round_trip(graph);
      for (const Diagnostic& diagnostic : verify(graph)) FAIL_CHECK(diagnostic.message);
    }
}

TEST_CASE("every bad sample of every op is refused with its message") {
  for (const Op* op : all_ops())
    for (const testing::BadSample& sample : testing::samples_of(op->id).bad) {
      INFO(op->name << ": " << sample.text);
      std::string all;
      for (const Diagnostic& diagnostic : errors_of(sample.text)) all += diagnostic.message + "\n";
      CHECK_THAT(all, Catch::Contains(sample.message));
    }
}

TEST_CASE("a deep graph is read in near-linear time") {
  std::string text = "graph @deep (%x: f32[4]) {\n  %0 = tanh %x : f32[4]\n";
  for (int i = 1; i < 20000; ++i)
    text += "  %" + std::to_string(i) + " = tanh %" + std::to_string(i - 1) + " : f32[4]\n";
  text += "  return %19999\n}\n";
  check_identity(text);
}

TEST_CASE("malformed texts") {
  struct Case {
    const char* text;
    uint32_t line, column;
    const char* message;
    const char* hint = "";
  };
  // In the body of `graph @g (%x: f32[2], %y: f32[3])`, whose first line is line 2.
  const Case in_graph[] = {
      {"  %1 = addd %x, %x : f32[2]\n return %1", 2, 8, "there is no op 'addd'", "did you mean 'add'?"},
      {"  %1 = add %x, %z : f32[2]\n return %1", 2, 16, "'%z' is not defined"},
      {"  %1 = add %x, %7 : f32[2]\n return %1", 2, 16, "'%7' is not defined"},
      {"  %1 = add %x, %2 : f32[2]\n %2 = neg %x : f32[2]\n return %1", 2, 16, "'%2' is not defined",
       "further down"},
      {"  %1 = neg %x : f32[2]\n  %1 = neg %x : f32[2]\n return %1", 3, 3, "defined twice"},
      {"  %1 = neg %x : f32[3]\n return %1", 2, 8, "the result is given as f32[3], but it is f32[2]"},
      {"  %1 = add %x, %y : f32[2]\n return %1", 2, 8, "add"},
      {"  %1 = add %x : f32[2]\n return %1", 2, 8, "found 1 operand, expected 2"},
      {"  %1 = neg %x {axis=1} : f32[2]\n return %1", 2, 8, "neg has no attribute 'axis'"},
      {"  %1 = sum %x {axis=[0]} : f32[]\n return %1", 2, 8, "sum has no attribute 'axis'",
       "did you mean 'axes'?"},
      {"  %1 = sum %x {axes=0} : f32[]\n return %1", 2, 8,
       "the attribute 'axes' is an integer, expected a list", "axes=["},
      {"  %1 = sum %x {axes=[0], axes=[0]} : f32[]\n return %1", 2, 26, "given twice"},
      {"  %1 = sum %x {axes=[0} : f32[]\n return %1", 2, 23, "found '}', expected ',' or ']'"},
      {"  %1 = sum %x {axes=[0] : f32[]\n return %1", 2, 25, "found ':', expected ',' or '}'"},
      {"  %1 = sum %x {axes=[99999999999999999999]} : f32[]\n return %1", 2, 22, "does not fit into 64 bits"},
      {"  %1 = constant {element=f32, shape=[], value=1e999} : f32[]\n return %1", 2, 47,
       "does not fit into a double"},
      {"  %1 = constant {element=f3, shape=[], value=1.0} : f32[]\n return %1", 2, 8,
       "expected an element type"},
      {"  %1 = neg %x : f32[-2]\n return %1", 2, 20, "negative extent"},
      {"  %1 = neg %x : f32[1000000000,1000000000,10]\n return %1", 2, 17, "too large", "2^48"},
      {"  %1 = neg %x : q32[2]\n return %1", 2, 17, "found 'q32', expected an element type"},
      {"  %1 = neg %x\n return %1", 3, 2, "expected ':' and the type of the result"},
      {"  %1 = neg %x : f32[2] layout [0,1]\n return %1", 2, 31, "another rank"},
      {"  %1:2 = neg %x : f32[2]\n return %1", 2, 3, "is said to have 2 results"},
      {"  %1 = neg %x : f32[2], f32[2]\n return %1", 2, 3, "2 types are given"},
      {"  %1 = neg %x#1 : f32[2]\n return %1", 2, 15, "there is no result 1"},
      {"  %name = neg %x : f32[2]\n return %name", 2, 3, "expected a number such as %3"},
      {"  %99999999999 = neg %x : f32[2]\n return %x", 2, 3, "too large"},
      {"  %2147483648 = neg %x : f32[2]\n return %x", 2, 3, "too large"},
      {"  %1 = input : f32[2]\n return %1", 2, 8, "an input is no node"},
      {"  neg %x : f32[2]\n return %x", 2, 3, "found 'neg', expected a node"},
      {"  %1 = neg %x : f32[2] @dense\n return %1", 3, 2, "expected '(' and the place"},
      {"  %1 = neg %x : f32[2] @dense(3:4)\n return %1", 2, 31, "expected a quoted file name"},
      {"  %1 = neg %x : f32[2] @dense(\"f:4:3)\n return %1", 2, 31, "without its end"},
      {"  %1 = neg %x : f32[2] @dense(\"f\":4:3) > return %1", 2, 42,
       "found 'return', expected a place such as"},
      {"  %1 = neg %x : f32[2] @dense(\"f\":4:3) > @rule(tanh)\n return %1", 2, 48,
       "expected a quoted file name"},
      {"  %1 = neg %x : f32[2] @rule(tanh) > @dense(\"f\":4:3)\n return %1", 2, 36, "found '>', expected"},
      {"  %1 = neg %x : f32[2] @rule(tanh, of 4)\n return %1", 2, 39, "expected a value such as %4"},
      {"  %1 = neg %x : f32[2] $\n return %1", 2, 24, "the character '$'"},
      {"  %1 = neg %x : f32[2]\n return %1, updates %q = %1", 3, 21, "is no input"},
      {"  %1 = neg %x : f32[2]\n return %1, updates %y = %1", 3, 26, "the update of '%y' is f32[2]"},
      {"  return %x, updates %y = %y, %y = %y", 2, 31, "updated twice"},
      {"  return a = %x, a = %y", 2, 18, "two results are named 'a'"},
      {"  return %x, status %y", 2, 21, "expected i64[2]"},
      {"  return %x,", 3, 1, "expected a value"},
      {"  return %x %y", 2, 13, "expected '}'"},
      {"  %1 = neg %x : f32[2]\n", 4, 1, "expected a node such as"},
      {"  %1 = call (%a = %x) { %2 = neg %x : f32[2]  yield %2 } : f32[2]\n return %1", 2, 34,
       "'%x' is not defined", "a body sees nothing but its own"},
      {"  %1 = call (%a = %x) { return %a } : f32[2]\n return %1", 2, 25, "expected 'yield'"},
      {"  %1 = call (%a) { yield %a } : f32[2]\n return %1", 2, 14, "has no operand"},
      {"  %1 = call (%a = %x, %a = %y) { yield %a } : f32[2]\n return %1", 2, 23, "two inputs are named %a"},
      {"  %1 = neg (%a = %x) { yield %a } : f32[2]\n return %1", 2, 8, "neg has no body"},
      {"  %1 = call %x : f32[2]\n return %1", 2, 8, "needs a body"},
  };
  for (const Case& c : in_graph) {
    const std::string text = std::string("graph @g (%x: f32[2], %y: f32[3]) {\n") + c.text + "\n}\n";
    INFO(text);
    const std::vector<Diagnostic> errors = errors_of(text);
    std::string all;
    for (const Diagnostic& error : errors) all += render(error);
    INFO(all);
    REQUIRE(errors.size() >= 1);
    CHECK_THAT(errors[0].message, Catch::Contains(c.message));
    CHECK_THAT(errors[0].hint, Catch::Contains(c.hint));
    CHECK(errors[0].span.file == "t.gir");
    CHECK(errors[0].span.line == c.line);
    CHECK(errors[0].span.column == c.column);
    CHECK(errors.size() == 1);
  }
  const Case whole[] = {
      {"", 1, 1, "found end of text, expected 'graph"},
      {"grph @g () { return }", 1, 1, "found 'grph'"},
      {"graph g () { return }", 1, 7, "the graph's name"},
      {"graph @g { return }", 1, 19, "'=' and the value of 'return'"},
      {"graph @g () { return } x", 1, 24, "the end of the text"},
      {"graph @g () { return", 1, 21, "found end of text"},
      {"graph @g (%1: f32[]) { return }", 1, 11, "the name of an input"},
      {"graph @g (%x f32[]) { return }", 1, 14, "expected ':'"},
      {"graph @g (%x: f32[2,%x]) { return }", 1, 21, "expected an integer"},
      {"graph @g (%x: f32[], %x: f32[]) { return }", 1, 22, "two inputs are named %x"},
      {"graph @g (%\"x: f32[]) { return }", 1, 11, "without its end"},
  };
  for (const Case& c : whole) {
    INFO(c.text);
    const std::vector<Diagnostic> errors = errors_of(c.text);
    REQUIRE(!errors.empty());
    CHECK_THAT(errors[0].message, Catch::Contains(c.message));
    CHECK(errors[0].span.line == c.line);
    CHECK(errors[0].span.column == c.column);
  }
}

TEST_CASE("all errors of a text are found in one run, and errors that follow from others are not shown") {
  const auto errors = errors_of(R"(graph @g (%x: f32[2]) {
  %1 = addd %x, %x : f32[2]
  %2 = mul %1, %x : f32[2]
  %3 = neg %x : f32[3]
  %4 = neg %3 : f32[2]
  %5 = call (%a = %x) {
    %0 = neg %b : f32[2]
    %1 = sin %a {axis=0} : f32[2]
    yield %0, %1
  } : f32[2], f32[2]
  return %2, %4, %9
}
)");
  std::vector<uint32_t> lines;
  for (const Diagnostic& error : errors) lines.push_back(error.span.line);
  CHECK(lines == std::vector<uint32_t>{2, 4, 7, 8, 6, 11});
}

TEST_CASE("bodies nested without end are refused") {
  std::string text = "graph @g (%x: f32[2]) { ";
  for (int i = 0; i < 100000; ++i) text += "%0 = call (%x = %x) { ";
  const auto errors = errors_of(text);
  REQUIRE(!errors.empty());
  CHECK_THAT(errors[0].message, Catch::Contains("nested more than"));
}

TEST_CASE("thousands of errors end early, and cut or damaged texts never crash") {
  std::string many = "graph @g () {\n";
  for (int i = 0; i < 5000; ++i) many += "  %0 = nothing : f32\n";
  CHECK(errors_of(many).size() == 50);

  const std::string text = R"(graph @g {a=1} (%x: f32[2], param %w: f32[2]) {
  %5 = call (%a = %x, %b = %w) {
    %1 = mul %a, %b : f32[2]  @rule(tanh, operand 0, of %4)
    yield %1
  } : f32[2]  @dense_1("f.gradus":4:3)
  return y = %5, updates %w = %x
}
)";
  REQUIRE(errors_of(text).empty());
  for (size_t cut = 0; cut + 1 < text.size(); ++cut) CHECK(!errors_of(text.substr(0, cut)).empty());
  const std::string characters = "%@{}()[]:,=#\"x0;-. \n";
  for (size_t i = 0; i < text.size(); ++i)
    for (char c : characters) {
      std::string damaged = text;
      damaged[i] = c;
      errors_of(damaged);
    }
}

}  // namespace gradus
