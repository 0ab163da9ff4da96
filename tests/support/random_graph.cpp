#include "tests/support/random_graph.h"

#include <algorithm>
#include <string>

#include "ir/build.h"
#include "tests/support/graph_drawer.h"

namespace gradus::testing {

namespace {

using evaluate::Array;

// The mean of a smooth function of some values, so that gradients reach all of them.
Value draw_loss(GraphDrawer& draw) {
  GraphBuilder& b = draw.builder();
  Value loss;
  const int64_t terms = draw.between(1, 3);
  for (int64_t i = 0; i < terms; ++i) {
    Value term = draw.in_element(draw.recent_float(),
                                 ElementType::f64 == draw.element() ? ElementType::f64 : ElementType::f32);
    if (draw.chance(0.5)) term = build::mul(b, term, term);
    const double count = static_cast<double>(std::max<int64_t>(1, element_count(b.shape(term))));
    term = build::mul(b, build::sum_all(b, term), 1 / count);
    loss = loss ? build::add(b, loss, term) : term;
  }
  return loss;
}

void add_gradients(GraphDrawer& draw) {
  GraphBuilder& b = draw.builder();
  const Value loss = draw_loss(draw);
  b.add_result("loss", loss);
  std::vector<Value> xs;
  std::vector<uint32_t> parameters;
  for (uint32_t i = 0; i < b.graph().inputs().size(); ++i) {
    const Input& input = b.graph().inputs()[i];
    if (!is_float(b.type(input.value).element) || !draw.chance(0.7)) continue;
    xs.push_back(input.value);
    parameters.push_back(i);
  }
  if (draw.chance(0.2)) xs.push_back(draw.recent_float());
  if (xs.empty()) return;
  const Value gradients = build::gradient(b, loss, xs);
  for (uint32_t k = 0; k < xs.size(); ++k) {
    const Value gradient{gradients.node, k};
    if (k >= parameters.size() || b.graph().inputs()[parameters[k]].kind != InputKind::parameter) {
      b.add_result("gradient" + std::to_string(k), gradient);
      continue;
    }
    b.add_update(parameters[k], build::sub(b, xs[k], build::mul(b, gradient, 0.1)));
    if (draw.chance(0.5)) b.add_result("gradient" + std::to_string(k), gradient);
  }
  // The gradient of the gradient's length: `differentiate` on its own output.
  if (element_count(b.shape(xs[0])) <= 40 && draw.chance(0.15)) {
    const Value square = build::sum_all(b, build::mul(b, gradients, gradients));
    b.add_result("second", build::gradient(b, square, {xs[0]}));
  }
}

}  // namespace

RandomGraph random_graph(uint64_t seed, const RandomGraphOptions& options) {
  GraphDrawer draw(seed, options);
  const int64_t steps = draw.between(2, options.steps);
  for (int64_t i = 0; i < steps; ++i) draw.step();
  GraphBuilder& b = draw.builder();
  for (int64_t i = 0; i < draw.between(1, 3); ++i)
    b.add_result("y" + std::to_string(i), i == 0 ? draw.recent_float() : draw.any_value());
  if (options.gradients) add_gradients(draw);
  if (draw.chance(0.5))
    if (const Value status = draw.status()) b.set_status(status);
  std::vector<Array<double>> inputs = draw.take_inputs();
  return {std::move(b).finish(), std::move(inputs)};
}

}  // namespace gradus::testing
