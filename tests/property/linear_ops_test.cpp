// Linear ops and their transposes: <A x, w> = <x, At w>, exactly, on whole numbers and random shapes.
#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>
#include <map>
#include <numeric>
#include <random>

#include "codegen/lower/lower.h"
#include "ir/build.h"
#include "ir/op.h"
#include "ir/text/print.h"
#include "passes/pass.h"
#include "tests/support/run_compiled.h"

using namespace gradus;
using namespace gradus::testing;
using evaluate::Array;

namespace {

class Draw {
 public:
  explicit Draw(uint64_t seed) : engine_(seed) {}

  int64_t between(int64_t low, int64_t high) {  // both included
    return low + static_cast<int64_t>(engine_() % static_cast<uint64_t>(high - low + 1));
  }
  Shape shape(int64_t low, int64_t high) {
    Shape drawn(static_cast<size_t>(between(low, high)));
    for (int64_t& extent : drawn) extent = between(1, 5);
    return drawn;
  }
  std::vector<int64_t> order(size_t rank) {
    std::vector<int64_t> axes(rank);
    std::iota(axes.begin(), axes.end(), int64_t{0});
    std::shuffle(axes.begin(), axes.end(), engine_);
    return axes;
  }
  std::vector<int64_t> some_axes(size_t rank) {
    std::vector<int64_t> axes;
    for (size_t axis = 0; axis < rank; ++axis)
      if (between(0, 1)) axes.push_back(static_cast<int64_t>(axis));
    return axes;
  }
  std::vector<int64_t> numbers(size_t count, int64_t low, int64_t high) {
    std::vector<int64_t> drawn(count);
    for (int64_t& number : drawn) number = between(low, high);
    return drawn;
  }
  Array<double> whole_numbers(const Type& type, int64_t below = 10) {
    Array<double> array(type);
    const bool truth = type.element == ElementType::boolean;
    for (double& number : array.floats) number = static_cast<double>(between(-9, 9));
    for (int64_t& number : array.integers) number = between(truth ? 0 : -1, truth ? 1 : below);
    return array;
  }

 private:
  std::mt19937_64 engine_;
};

constexpr ElementType f64 = ElementType::f64;

// One use of an op: the types of its operands (integers and bool are drawn, too) and its attributes.
struct Use {
  std::vector<Type> operands;
  Attributes attributes;
  int64_t below = 10;  // of integer operands
};

Use plain(Draw& draw, size_t operands) {
  return {std::vector<Type>(operands, Type(f64, draw.shape(0, 3))), {}};
}

Use pad(Draw& draw) {
  const Shape shape = draw.shape(1, 3);
  const size_t rank = shape.size();
  std::vector<int64_t> low = draw.numbers(rank, -1, 2), high = draw.numbers(rank, -1, 2);
  for (size_t axis = 0; axis < rank; ++axis)
    if (shape[axis] < 3) low[axis] = high[axis] = 1;
  return {{Type(f64, shape), Type(f64)},
          {{"low", low}, {"high", high}, {"interior", draw.numbers(rank, 0, 2)}}};
}

Use slice(Draw& draw) {
  const Shape shape = draw.shape(1, 3);
  std::vector<int64_t> start, limit;
  for (const int64_t extent : shape) {
    start.push_back(draw.between(0, extent - 1));
    limit.push_back(draw.between(start.back() + 1, extent));
  }
  return {{Type(f64, shape)},
          {{"start", start}, {"limit", limit}, {"stride", draw.numbers(shape.size(), 1, 3)}}};
}

Use broadcast(Draw& draw) {
  const Shape to = draw.shape(1, 4);
  const std::vector<int64_t> dims = draw.some_axes(to.size());
  Shape from;
  for (const int64_t axis : dims) from.push_back(to[static_cast<size_t>(axis)]);
  return {{Type(f64, from)}, {{"shape", to}, {"dims", dims}}};
}

Use reshape(Draw& draw) {
  const Shape shape = draw.shape(1, 3);
  Shape to{element_count(shape)};
  if (draw.between(0, 1)) to.insert(to.begin(), 1);
  return draw.between(0, 1) ? Use{{Type(f64, shape)}, {{"shape", to}}}
                            : Use{{Type(f64, to)}, {{"shape", shape}}};
}

Use concat(Draw& draw) {
  const Shape shape = draw.shape(1, 3);
  const int64_t axis = draw.between(0, static_cast<int64_t>(shape.size()) - 1);
  Use use{{}, {{"axis", axis}}};
  for (int64_t part = draw.between(2, 4); part > 0; --part) {
    Shape of = shape;
    of[static_cast<size_t>(axis)] = draw.between(1, 4);
    use.operands.emplace_back(f64, of);
  }
  return use;
}

// Axes of both operands in an order of their own.
Use dot(Draw& draw) {
  const Shape batch = draw.shape(0, 2), contracted = draw.shape(0, 2);
  AxisPairs batch_axes, contract_axes;
  std::vector<Shape> shapes;
  for (std::vector<int64_t>* side : {&batch_axes.left, &batch_axes.right}) {
    Shape all = batch;
    all.insert(all.end(), contracted.begin(), contracted.end());
    const Shape free = draw.shape(0, 2);
    all.insert(all.end(), free.begin(), free.end());
    const std::vector<int64_t> place = draw.order(all.size());
    Shape shape(all.size());
    for (size_t i = 0; i < all.size(); ++i) shape[static_cast<size_t>(place[i])] = all[i];
    shapes.push_back(shape);
    const auto end_of_batch = place.begin() + static_cast<std::ptrdiff_t>(batch.size());
    side->assign(place.begin(), end_of_batch);
    auto& other = side == &batch_axes.left ? contract_axes.left : contract_axes.right;
    other.assign(end_of_batch, end_of_batch + static_cast<std::ptrdiff_t>(contracted.size()));
  }
  Use use{{Type(f64, shapes[0]), Type(f64, shapes[1])}, {{"contract", contract_axes}}};
  if (!batch.empty()) use.attributes.set("batch", batch_axes);
  return use;
}

int64_t positions(int64_t extent, int64_t window, int64_t stride, int64_t padding, int64_t dilation = 1) {
  return (extent + padding - ((window - 1) * dilation + 1)) / stride + 1;
}

Use conv(Draw& draw) {
  const size_t spatial = static_cast<size_t>(draw.between(1, 2));
  const int64_t groups = draw.between(1, 2);
  std::vector<int64_t> input, filter, stride, low, high, dilation;
  Shape output;
  for (size_t axis = 0; axis < spatial; ++axis) {
    filter.push_back(draw.between(1, 3));
    dilation.push_back(draw.between(1, 2));
    stride.push_back(draw.between(1, 3));
    low.push_back(draw.between(0, 2));
    high.push_back(draw.between(0, 2));
    input.push_back((filter.back() - 1) * dilation.back() + draw.between(1, 5));
    output.push_back(
        positions(input.back(), filter.back(), stride.back(), low.back() + high.back(), dilation.back()));
  }
  const int64_t batch = draw.between(1, 3), in = draw.between(1, 3), out = groups * draw.between(1, 2);
  const auto arranged = [&](int64_t first, std::vector<int64_t> middle, int64_t last) {
    middle.insert(middle.begin(), first);
    middle.push_back(last);
    return Type(f64, middle);
  };
  Shape filter_shape = filter;
  filter_shape.insert(filter_shape.end(), {in, out});
  const Type x = arranged(batch, input, groups * in), w(f64, filter_shape), y = arranged(batch, output, out);
  const std::string digits = spatial == 2 ? "01" : "0";
  Attributes attributes{{"input", "b" + digits + "f"},
                        {"filter", digits + "io"},
                        {"output", "b" + digits + "f"},
                        {"stride", stride},
                        {"low", low},
                        {"high", high},
                        {"dilation", dilation}};
  if (groups > 1) attributes.set("groups", groups);
  switch (draw.between(0, 2)) {
    case 0:
      attributes.set("kind", std::string("forward"));
      return {{x, w}, attributes};
    case 1:
      attributes.set("kind", std::string("input_gradient"));
      attributes.set("size", input);
      return {{y, w}, attributes};
    default:
      attributes.set("kind", std::string("filter_gradient"));
      attributes.set("size", filter);
      return {{x, y}, attributes};
  }
}

// Ids lie beyond both ends, too.
Use indexed(Draw& draw, bool scatter) {
  const Shape batch = draw.shape(0, 1), ids = draw.shape(0, 2), rest = draw.shape(0, 2);
  const int64_t extent = draw.between(1, 6);
  Shape of_ids = batch, x = batch;
  of_ids.insert(of_ids.end(), ids.begin(), ids.end());
  if (scatter)
    x = of_ids;
  else
    x.push_back(extent);
  x.insert(x.end(), rest.begin(), rest.end());
  Use use{{Type(f64, x), Type(ElementType::i32, of_ids)},
          {{"batch", static_cast<int64_t>(batch.size())}},
          extent};
  if (scatter) use.attributes.set("size", extent);
  return use;
}

Use box(Draw& draw, bool update) {
  const Shape shape = draw.shape(1, 3);
  Shape size;
  for (const int64_t extent : shape) size.push_back(draw.between(1, extent));
  Use use{{Type(f64, shape)}, {}, 6};
  if (update)
    use.operands.emplace_back(f64, size);
  else
    use.attributes.set("size", size);
  for (size_t i = 0; i < shape.size(); ++i) use.operands.emplace_back(ElementType::i64);
  return use;
}

Use window(Draw& draw, const std::string& op) {
  Shape shape = draw.shape(1, 3), result;
  std::vector<int64_t> size, stride, low, high;
  for (int64_t& extent : shape) {
    extent += 2;
    size.push_back(draw.between(1, 3));
    stride.push_back(draw.between(1, 3));
    low.push_back(draw.between(0, size.back() - 1));
    high.push_back(draw.between(0, size.back() - 1));
    result.push_back(positions(extent, size.back(), stride.back(), low.back() + high.back()));
  }
  const std::string kind = op == "reduce_window" ? "sum" : draw.between(0, 1) ? "max" : "min";
  Use use{{Type(f64, shape)},
          {{"kind", kind}, {"window", size}, {"stride", stride}, {"low", low}, {"high", high}}};
  if (op == "select_and_gather") use.operands.push_back(use.operands[0]);
  if (op == "select_and_scatter") use.operands.emplace_back(f64, result);
  return use;
}

Use axis_of(Draw& draw) {
  const Shape shape = draw.shape(1, 3);
  return {{Type(f64, shape)}, {{"axis", draw.between(0, static_cast<int64_t>(shape.size()) - 1)}}};
}

Use axes_of(Draw& draw, const char* name) {
  const Shape shape = draw.shape(0, 4);
  return {{Type(f64, shape)}, {{name, draw.some_axes(shape.size())}}};
}

const std::map<std::string, std::function<Use(Draw&)>>& drawers() {
  static const std::map<std::string, std::function<Use(Draw&)>> all = {
      {"add", [](Draw& d) { return plain(d, 2); }},
      {"sub", [](Draw& d) { return plain(d, 2); }},
      {"neg", [](Draw& d) { return plain(d, 1); }},
      {"mark", [](Draw& d) { return Use{plain(d, 1).operands, {{"id", int64_t{7}}}}; }},
      {"cast", [](Draw& d) { return Use{plain(d, 1).operands, {{"to", ElementType::f32}}}; }},
      {"select",
       [](Draw& d) {
         Use use = plain(d, 3);
         use.operands[0].element = ElementType::boolean;
         return use;
       }},
      {"sum", [](Draw& d) { return axes_of(d, "axes"); }},
      {"reverse", [](Draw& d) { return axes_of(d, "axes"); }},
      {"relayout", [](Draw& d) { return plain(d, 1); }},
      {"cumsum", axis_of},
      {"reshape", reshape},
      {"transpose",
       [](Draw& d) {
         const Shape shape = d.shape(0, 4);
         return Use{{Type(f64, shape)}, {{"dims", d.order(shape.size())}}};
       }},
      {"broadcast", broadcast},
      {"slice", slice},
      {"pad", pad},
      {"concat", concat},
      {"dot", dot},
      {"conv", conv},
      {"gather", [](Draw& d) { return indexed(d, false); }},
      {"scatter_add", [](Draw& d) { return indexed(d, true); }},
      {"dynamic_slice", [](Draw& d) { return box(d, false); }},
      {"dynamic_update_slice", [](Draw& d) { return box(d, true); }},
      {"reduce_window", [](Draw& d) { return window(d, "reduce_window"); }},
      {"select_and_scatter", [](Draw& d) { return window(d, "select_and_scatter"); }},
      {"select_and_gather", [](Draw& d) { return window(d, "select_and_gather"); }},
  };
  return all;
}

// The operands in which the op is linear: those that it declares; of an op with an adjoint of its own, all
// floats.
std::vector<size_t> linear_operands(const Op& op, const Use& use) {
  if (const auto* transpose = std::get_if<Transpose>(&op.differentiation)) return transpose->operands;
  std::vector<size_t> operands(use.operands.size());
  std::iota(operands.begin(), operands.end(), size_t{0});
  return operands;
}

// y = op(..., x at `operand`, ...), and the gradient of sum(y * w) by x, which is At w.
Graph with_transpose(const Op& op, const Use& use, size_t operand) {
  GraphBuilder b("linear");
  std::vector<Value> values;
  for (const Type& type : use.operands)
    values.push_back(b.input(fmt::format("x{}", values.size()), InputKind::data, type));
  const Value x = values[operand], y = b.add(op, values, use.attributes);
  const Value w = b.input("w", InputKind::data, b.type(y));
  const Value product = build::mul(b, build::cast(b, f64, y), build::cast(b, f64, w));
  b.add_result("y", build::cast(b, f64, y));
  b.add_result("transposed", build::gradient(b, build::sum_all(b, product), {x}));
  return std::move(b).finish();
}

using Run = std::function<std::vector<Array<double>>(const std::vector<Array<double>>&)>;

double inner(const Array<double>& a, const Array<double>& b) {
  return std::inner_product(a.floats.begin(), a.floats.end(), b.floats.begin(), 0.0);
}

// <A x, w> - <x, At w>. The other operands are fixed, so that the map is A x = f(x) - f(0).
double defect(const Run& run, std::vector<Array<double>> inputs, size_t operand) {
  const std::vector<Array<double>> at_x = run(inputs);
  const Array<double> x = inputs[operand];
  inputs[operand] = Array<double>(x.type);
  const std::vector<Array<double>> at_zero = run(inputs);
  Array<double> difference = at_x[0];
  for (size_t i = 0; i < difference.floats.size(); ++i) difference.floats[i] -= at_zero[0].floats[i];
  return inner(difference, inputs.back()) - inner(x, at_x[1]);
}

}  // namespace

TEST_CASE("linear ops: the transpose has the same inner products, exactly") {
  static const Target target = host();
  for (const Op* op : all_ops()) {
    const auto drawer = drawers().find(std::string(op->name));
    // custom_gradient has the derivative of an operand that its value does not depend on.
    if (std::holds_alternative<Transpose>(op->differentiation) && op->id != OpId::custom_gradient)
      REQUIRE(drawer != drawers().end());
    if (drawer == drawers().end()) continue;
    for (uint64_t seed = 0; seed < 40; ++seed) {
      Draw draw(seed);
      const Use use = drawer->second(draw);
      for (const size_t operand : linear_operands(*op, use)) {
        const Graph graph = with_transpose(*op, use, operand);
        std::vector<Array<double>> inputs;
        for (const Input& input : graph.inputs())
          inputs.push_back(draw.whole_numbers(graph.type(input.value), use.below));
        PassContext context;
        const Graph expanded = differentiate(graph, context);
        INFO(print(expanded, {.origins = false}));
        const Run evaluated = [&](const std::vector<Array<double>>& given) {
          return evaluate::evaluate<double>(expanded, given).results;
        };
        CHECK(defect(evaluated, inputs, operand) == 0);
        if (seed % 8 != 0) continue;
        const Graph kernels =
            plan_buffers(gradus::order(fuse(simplify(expanded, context), context), context), context);
        const loop::Program program = lower(kernels, target);
        const CompiledProgram code = compile(program, target);
        const Run compiled = [&](const std::vector<Array<double>>& given) {
          return run_compiled(code, program.workspace_bytes(), kernels, given).results;
        };
        CHECK(defect(compiled, inputs, operand) == 0);
      }
    }
  }
}

TEST_CASE("the inner products tell a map from one that has another's transpose") {
  // Its value is the first operand, its derivative the second's.
  Draw draw(1);
  const Use use{std::vector<Type>(2, Type(f64, {3, 4})), {}};
  const Graph graph = with_transpose(op_of(OpId::custom_gradient), use, 1);
  std::vector<Array<double>> inputs;
  for (const Input& input : graph.inputs()) inputs.push_back(draw.whole_numbers(graph.type(input.value)));
  PassContext context;
  const Graph expanded = differentiate(graph, context);
  const Run evaluated = [&](const std::vector<Array<double>>& given) {
    return evaluate::evaluate<double>(expanded, given).results;
  };
  CHECK(defect(evaluated, inputs, 1) != 0);
}
