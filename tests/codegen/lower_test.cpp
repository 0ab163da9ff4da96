// Lowering against the evaluator: maps, reductions, plain contractions, windows, indexed ops, programs.
#include "ir/text/parse.h"
#include "tests/codegen/lower_harness.h"

namespace gradus {
namespace {

using namespace testing;

Value input(GraphBuilder& b, const Type& type, InputKind kind = InputKind::data) {
  return b.input("x" + std::to_string(b.graph().inputs().size()), kind, type);
}

void check_results(GraphBuilder&& b, const std::vector<Value>& results) {
  for (size_t i = 0; i < results.size(); ++i) b.add_result("y" + std::to_string(i), results[i]);
  check(std::move(b).finish());
}

// A body of several nodes as one kernel.
Graph as_kernel(const Graph& body) {
  GraphBuilder b("kernel");
  std::vector<Value> operands;
  for (const Input& i : body.inputs())
    operands.push_back(b.input(i.name, InputKind::data, body.type(i.value)));
  const Value kernel = b.add(OpId::kernel, operands, {}, std::make_shared<const Graph>(body));
  for (uint32_t r = 0; r < body.results().size(); ++r)
    b.add_result("y" + std::to_string(r), {kernel.node, r});
  return std::move(b).finish();
}

TEST_CASE("elementwise chains, shared values, tails") {
  for (int64_t n : {1, 3, 16, 70, 5000}) {
    GraphBuilder b;
    const Value x = input(b, Type(ElementType::f32, {n})), y = input(b, Type(ElementType::f32, {n}));
    const Value s = build::add(b, build::mul(b, x, y), x);
    b.add_result("", build::mul(b, s, s));
    b.add_result("", build::sub(b, s, y));
    check(as_kernel(std::move(b).finish()));
  }
}

TEST_CASE("shape ops inside a map") {
  GraphBuilder b;
  const Value x = input(b, Type(ElementType::f32, {3, 4, 5})), v = input(b, Type(ElementType::f32, {5}));
  const Value w = build::add(b, x, build::broadcast(b, v, {3, 4, 5}, {2}));
  const Value t = build::transpose(b, w, {2, 0, 1});
  b.add_result("", build::reshape(b, w, {12, 5}));
  b.add_result("", t);
  b.add_result("", build::reshape(b, t, {60}));
  b.add_result("", build::reshape(b, build::reverse(b, w, {0, 2}), {6, 10}));
  b.add_result("", build::slice(b, x, {0, 1, 0}, {3, 4, 5}, {2, 1, 3}));
  b.add_result("", build::pad(b, x, 1.5, {1, -1, 0}, {0, 2, 1}, {0, 1, 2}));
  b.add_result("", build::concat(b, {x, w, x}, 1));
  b.add_result("", build::iota(b, Type(ElementType::i32, {4, 6}), 1));
  check(as_kernel(std::move(b).finish()));
}

TEST_CASE("many parts are joined one by one, not chosen from") {
  for (size_t axis : {0, 1, 2}) {
    GraphBuilder b;
    std::vector<Value> parts;
    for (int64_t i = 0; i < 40; ++i) {
      Shape shape{3, 2, 4};
      shape[axis] = i % 4;  // some without elements
      const Value x = input(b, Type(ElementType::f32, shape));
      parts.push_back(i % 3 == 0 ? build::mul(b, x, x) : x);
    }
    const Value joined = build::concat(b, parts, static_cast<int64_t>(axis));
    b.add_result("", joined);
    b.add_result("", build::mul(b, joined, joined));
    const Graph graph = as_kernel(std::move(b).finish());
    CHECK(loop::print(lower(graph, target_named("x86-64-v3"))).find("select") == std::string::npos);
    check(graph);
  }
}

TEST_CASE("reductions over every axis pattern") {
  for (OpId op : {OpId::sum, OpId::prod, OpId::max, OpId::min})
    for (ElementType element : {ElementType::f32, ElementType::f64})
      for (const Shape& shape :
           {Shape{1}, Shape{70}, Shape{9000}, Shape{5, 7}, Shape{600, 5}, Shape{3, 65, 4}, Shape{2, 3, 64},
            Shape{300, 2, 9}, Shape{5000, 33}, Shape{40, 9, 13}})
        for (int mask = 1; mask < (1 << shape.size()); ++mask) {
          if (op == OpId::prod && element_count(shape) > 2000) continue;
          std::vector<int64_t> axes;
          for (size_t i = 0; i < shape.size(); ++i)
            if (mask >> i & 1) axes.push_back(static_cast<int64_t>(i));
          INFO(name(op) << " " << to_string(shape) << " axes " << to_string(axes));
          GraphBuilder b;
          const Value x = input(b, Type(element, shape));
          const Value y = build::mul(b, build::reduce(b, op, build::mul(b, x, x), axes), 0.5);
          b.add_result("y", y);
          const Graph graph = as_kernel(std::move(b).finish());
          check(graph, random_inputs(graph, 0.9, 1.1));
        }
}

TEST_CASE("arg reductions and cumulative sums") {
  for (OpId op : {OpId::argmax, OpId::argmin, OpId::cumsum})
    for (int64_t axis : {0, 1, 2}) {
      GraphBuilder b;
      const Value x = input(b, Type(ElementType::f32, {5, 20, 7}));
      check_results(std::move(b), {b.add(op, {x}, {{"axis", axis}})});
    }
}

TEST_CASE("plain products of any order of axes") {
  struct Case {
    Shape a, b;
    AxisPairs contract, batch;
  };
  for (const Case& c :
       {Case{{3, 4}, {4, 5}, {{1}, {0}}, {}}, Case{{4, 3}, {5, 4}, {{0}, {1}}, {}},
        Case{{2, 3, 4}, {2, 4, 5}, {{2}, {1}}, {{0}, {0}}},
        Case{{3, 2, 4, 6}, {4, 7, 3, 6}, {{3, 2}, {3, 0}}, {{0}, {2}}}, Case{{70}, {70}, {{0}, {0}}, {}},
        Case{{5, 5000}, {5000, 3}, {{1}, {0}}, {}}, Case{{2, 3}, {4}, {{}, {}}, {}}})
    for (ElementType element : {ElementType::f32, ElementType::f64}) {
      GraphBuilder b;
      const Value x = input(b, Type(element, c.a)), y = input(b, Type(element, c.b));
      check_results(std::move(b), {build::dot(b, x, y, c.contract, c.batch)});
    }
}

TEST_CASE("products with large powers of two between rows") {
  for (ElementType element : {ElementType::f32, ElementType::f64}) {
    GraphBuilder b;
    const Value x = input(b, Type(element, {2, 70, 512})), y = input(b, Type(element, {2, 512, 300}));
    check_results(std::move(b), {build::dot(b, x, y, {{2}, {1}}, {{0}, {0}})});
  }
}

struct ConvolutionCase {
  std::string input, filter, output;
  Shape x, w;
  std::vector<int64_t> stride, low, high, dilation;
};

std::vector<ConvolutionCase> convolution_cases() {
  return {{"b01f", "01io", "b01f", {2, 7, 8, 3}, {3, 3, 3, 5}, {1, 1}, {1, 1}, {1, 1}, {1, 1}},
          {"b01f", "01io", "b01f", {2, 9, 8, 3}, {3, 2, 3, 20}, {2, 3}, {1, 0}, {0, 2}, {1, 2}},
          {"bf01", "oi01", "bf01", {2, 3, 6, 7}, {4, 3, 3, 3}, {1, 2}, {0, 1}, {1, 1}, {2, 1}},
          {"b0f", "0io", "b0f", {3, 19, 4}, {5, 4, 6}, {2}, {2}, {1}, {1}},
          {"b01f", "01io", "b01f", {1, 5, 5, 300}, {3, 3, 300, 7}, {1, 1}, {1, 1}, {1, 1}, {1, 1}},
          {"b01f", "01io", "b01f", {5, 28, 27, 2}, {5, 5, 2, 6}, {1, 1}, {2, 0}, {2, 0}, {1, 1}}};
}

TEST_CASE("convolutions and their gradients") {
  for (const ConvolutionCase& c : convolution_cases())
    for (ElementType element : {ElementType::f32, ElementType::f64}) {
      INFO(to_string(c.x) << " * " << to_string(c.w) << " " << c.input);
      const auto attributes = [&](const char* kind) {
        return Attributes{
            {"kind", std::string(kind)}, {"input", c.input}, {"filter", c.filter}, {"output", c.output},
            {"stride", c.stride},        {"low", c.low},     {"high", c.high},     {"dilation", c.dilation}};
      };
      const auto spatial = [&](const Shape& shape, const std::string& letters) {
        std::vector<int64_t> sizes;
        for (char digit = '0'; letters.find(digit) != std::string::npos; ++digit)
          sizes.push_back(shape[letters.find(digit)]);
        return sizes;
      };
      GraphBuilder b;
      const Value x = input(b, Type(element, c.x)), w = input(b, Type(element, c.w));
      const Value y = b.add(OpId::conv, {x, w}, attributes("forward"));
      const Value dy = input(b, b.type(y));
      Attributes to_input = attributes("input_gradient"), to_filter = attributes("filter_gradient");
      to_input.set("size", spatial(c.x, c.input));
      to_filter.set("size", spatial(c.w, c.filter));
      const Value dx = b.add(OpId::conv, {dy, w}, to_input), dw = b.add(OpId::conv, {x, dy}, to_filter);
      for (Value v : {y, dx, dw}) b.add_result("", v);
      const Graph graph = std::move(b).finish();
      check(graph);
      GraphBuilder alone;
      const Value ax = input(alone, Type(element, c.x)), aw = input(alone, Type(element, c.w));
      const Value ay = alone.add(OpId::conv, {ax, aw}, attributes("forward"));
      const Value ab = input(alone, Type(element, {alone.shape(ay)[c.output.find('f')]}));
      alone.add_result(
          "", build::unary(alone, OpId::tanh,
                           build::add(alone, ay,
                                      build::broadcast(alone, ab, alone.shape(ay),
                                                       {static_cast<int64_t>(c.output.find('f'))}))));
      const Graph kernel = as_kernel(std::move(alone).finish());
      check(kernel, random_inputs(kernel, -0.3, 0.3));
    }
}

TEST_CASE("windows") {
  for (ElementType element : {ElementType::f32, ElementType::f64})
    for (const char* kind : {"sum", "max", "min"}) {
      GraphBuilder b;
      const Value x = input(b, Type(element, {2, 7, 8, 5}));
      const Attributes window{{"kind", std::string(kind)},
                              {"window", std::vector<int64_t>{1, 3, 2, 1}},
                              {"stride", std::vector<int64_t>{1, 2, 2, 1}},
                              {"low", std::vector<int64_t>{0, 1, 0, 0}},
                              {"high", std::vector<int64_t>{0, 1, 0, 0}}};
      const Value y = b.add(OpId::reduce_window, {x}, window);
      std::vector<Value> results{y};
      if (std::string(kind) != "sum") {
        const Value dy = input(b, b.type(y)), t = input(b, b.type(x));
        results.push_back(b.add(OpId::select_and_scatter, {x, dy}, window));
        results.push_back(b.add(OpId::select_and_gather, {x, t}, window));
      }
      check_results(std::move(b), results);
    }
}

TEST_CASE("indexed ops, in and out of range") {
  GraphBuilder b;
  const Value table = input(b, Type(ElementType::f32, {6, 9})),
              ids = input(b, Type(ElementType::i32, {4, 3}));
  const Value updates = input(b, Type(ElementType::f32, {4, 3, 9}));
  const Value rows = input(b, Type(ElementType::f64, {4, 5}));
  const Value gathered = b.add(OpId::gather, {table, ids}, {{"check", int64_t{3}}});
  const Value batched = b.add(OpId::gather, {rows, ids}, {{"batch", int64_t{1}}});
  const Value scattered =
      b.add(OpId::scatter_add, {updates, ids}, {{"size", int64_t{5}}, {"check", int64_t{1}}});
  const Value hot = b.add(OpId::one_hot, {ids}, {{"depth", int64_t{7}}, {"element", ElementType::f32}});
  const Value status = b.add(OpId::status, {{gathered.node, 1}, {scattered.node, 1}, {hot.node, 1}},
                             {{"checks", std::vector<int64_t>{3, 1, 2}}});
  for (Value v : {gathered, Value{gathered.node, 1}, batched, Value{batched.node, 1}, scattered,
                  Value{scattered.node, 1}, hot, Value{hot.node, 1}, status})
    b.add_result("", v);
  const Graph graph = std::move(b).finish();
  check(graph, random_inputs(graph, -1, 1, 5));
  check(graph, random_inputs(graph, -1, 1, 9));
}

TEST_CASE("updates, staged swaps, a failing check commits nothing") {
  const auto build = [](int64_t depth) {
    GraphBuilder b("step");
    const Value x = input(b, Type(ElementType::i64, {3}));
    const Value p = input(b, Type(ElementType::f32, {20}), InputKind::parameter);
    const Value q = input(b, Type(ElementType::f32, {20}), InputKind::state);
    const Value r = input(b, Type(ElementType::f32, {20}), InputKind::state);
    const Value hot =
        b.add(OpId::one_hot, {x}, {{"depth", depth}, {"element", ElementType::f32}, {"check", int64_t{7}}});
    b.set_status(b.add(OpId::status, {{hot.node, 1}}, {{"checks", std::vector<int64_t>{7}}}));
    b.add_result("old", p);
    b.add_result("hot", hot);
    b.add_update(1, build::mul(b, p, build::add(b, p, q)));
    b.add_update(2, r);
    b.add_update(3, q);
    return std::move(b).finish();
  };
  const Graph good = build(4);
  check(good);
  const Graph bad = build(2);
  auto inputs = random_inputs(bad);
  inputs[0].integers = {1, 3, 2};
  const Outcome outcome = execute(bad, inputs, target_named("native"));
  REQUIRE(outcome.status.check == 7);
  REQUIRE(outcome.status.element == 1);
  for (size_t u = 0; u < 3; ++u) compare(outcome.updates[u], inputs[u + 1], 0);
}

TEST_CASE("scans, forward and reversed, with histories and swapped carries") {
  for (bool reverse : {false, true}) {
    GraphBuilder inner;
    const Value index = input(inner, Type(ElementType::i64));
    const Value h = input(inner, Type(ElementType::f32, {4})), g = input(inner, Type(ElementType::f32, {4}));
    const Value x = input(inner, Type(ElementType::f32, {4})),
                w = input(inner, Type(ElementType::f32, {4, 4}));
    const Value position = build::broadcast(inner, build::cast(inner, ElementType::f32, index), {4}, {});
    const Value next = build::add(inner, build::dot(inner, h, w, {{0}, {0}}), build::mul(inner, x, position));
    inner.add_result("", next);
    inner.add_result("", h);
    inner.add_result("", build::add(inner, next, g));
    inner.add_result("", h);
    const auto body = std::make_shared<const Graph>(std::move(inner).finish());
    GraphBuilder b;
    const Value h0 = input(b, Type(ElementType::f32, {4})), g0 = input(b, Type(ElementType::f32, {4}));
    const Value xs = input(b, Type(ElementType::f32, {6, 4})),
                weights = input(b, Type(ElementType::f32, {4, 4}));
    const Value scan = b.add(OpId::scan, {h0, g0, xs, weights},
                             {{"carries", int64_t{2}},
                              {"sequences", int64_t{1}},
                              {"length", int64_t{6}},
                              {"reverse", reverse},
                              {"histories", std::vector<int64_t>{0, 1}}},
                             body);
    for (uint32_t r = 0; r < 6; ++r) b.add_result("", {scan.node, r});
    const Graph graph = std::move(b).finish();
    check(graph, random_inputs(graph, -0.5, 0.5));
  }
}

TEST_CASE("tiled products: every tail, both targets, epilogues") {
  std::mt19937 engine(7);
  const auto draw = [&](int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(engine);
  };
  for (int i = 0; i < 60; ++i) {
    const int64_t m = draw(1, 40), n = draw(1, 110), k = i % 10 == 0 ? draw(2000, 5000) : draw(1, 90);
    const bool left_transposed = draw(0, 1), right_transposed = draw(0, 1);
    const ElementType element = draw(0, 1) ? ElementType::f32 : ElementType::f64;
    INFO(m << " x " << n << " x " << k << (left_transposed ? " T" : " -")
           << (right_transposed ? " T" : " -"));
    GraphBuilder b;
    const Value x = input(b, Type(element, left_transposed ? Shape{k, m} : Shape{m, k}));
    const Value y = input(b, Type(element, right_transposed ? Shape{n, k} : Shape{k, n}));
    const Value bias = input(b, Type(element, {n})), residual = input(b, Type(element, {m, n}));
    const Value raw = build::dot(b, x, y, {{left_transposed ? 0 : 1}, {right_transposed ? 1 : 0}});
    const Value shifted = build::add(b, raw, build::broadcast(b, bias, {m, n}, {1}));
    switch (i % 4) {
      case 0:
        b.add_result("raw", raw);
        break;
      case 1:
        b.add_result("flat", build::reshape(b, shifted, {m * n}));
        break;
      case 2:
        b.add_result("y", build::mul(b, build::unary(b, OpId::tanh, shifted), residual));
        b.add_result("raw", raw);
        break;
      default:
        b.add_result("y", build::add(b, build::mul(b, shifted, shifted), residual));
        b.add_result("t", build::transpose(b, raw, {1, 0}));
    }
    check(as_kernel(std::move(b).finish()));
  }
}

TEST_CASE("operands in panels of any width and order of axes") {
  for (const int64_t width : {3, 16, 48, 513}) {
    GraphBuilder b;
    const Value x = input(b, Type(ElementType::f32, {20, 40})),
                w = input(b, Type(ElementType::f32, {1100, 40}));
    b.add_result("y", build::dot(b, x, build::relayout(b, w, {{0, 1}, {width, 1}, {}}), {{1}, {1}}));
    check(std::move(b).finish());
  }
  const std::string geometry =
      R"(input="b01f", filter="01io", output="b01f", stride=[1,1], low=[1,0], high=[0,1], dilation=[1,1])";
  for (const char* order : {"[3,0,2,1]", "[0,3,1,2]", "[0,1,2,3]", "[2,1,0,3]"})
    for (const char* tiling : {"[1,1,1,2]", "[1,1,1,600]", "[1,2,1,1]"}) {
      INFO(order << " " << tiling);
      const std::string head =
          std::string("graph @g (%w: f32[2,3,3,5], %x: f32[2,4,6,3], %t: f32[2,4,5,5]) {\n") +
          "  %0 = relayout %w : f32[2,3,3,5] layout " + order + " tiled " + tiling + "\n";
      check(parse_graph(head + "  %1 = conv %x, %0 {kind=\"forward\", " + geometry +
                        "} : f32[2,4,5,5]\n  return a = %1\n}\n"));
      check(parse_graph(head + "  %1 = conv %t, %0 {kind=\"input_gradient\", " + geometry +
                        ", size=[4,6]} : f32[2,4,6,3]\n  return a = %1\n}\n"));
    }
}

TEST_CASE("a window that is longer than any tile is unrolled") {
  check(
      parse_graph("graph @g (%x: f32[1,2600,1], %w: f32[2049,1,1]) {\n"
                  "  %0 = conv %x, %w {kind=\"forward\", input=\"b0f\", filter=\"0io\", output=\"b0f\", "
                  "stride=[1], low=[0], high=[0], dilation=[1]} : f32[1,552,1]\n  return a = %0\n}\n"));
}

}  // namespace
}  // namespace gradus
