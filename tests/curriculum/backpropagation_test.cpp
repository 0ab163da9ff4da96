// Neuron and back-propagation (CURRICULUM sections 2 and 8).
#include <catch2/catch.hpp>
#include <regex>
#include <set>

#include "graphs.h"

namespace gradus::curriculum {

namespace {

const std::string parameters = R"(
  w1_11 = 1; w1_21 = 1; b11 = 0; w1_12 = 1; w1_22 = 1; b12 = 0; w2_11 = 1; w2_21 = 1; b21 = 0
)";

// A sigmoid net of the given widths under cross-entropy.
language::TrainProgram net(const std::vector<int64_t>& widths) {
  std::string text = "model Net(x: [batch, " + std::to_string(widths[0]) + "]) -> p {\n  p = x";
  for (size_t l = 1; l < widths.size(); ++l)
    text += "\n    |> dense(" + std::to_string(widths[l]) + ", activation: sigmoid)";
  text += R"(
}
train Net {
  data rows(x: [[0]], y: [[0]]) -> x, y
  loss = binary_cross_entropy(p, y)
  minimize loss with sgd(0.1)
})";
  const language::Unit unit = language::load_unit("test.gradus", text);
  language::TrainOptions options;
  options.columns = {{ElementType::f32, {widths[0]}}, {ElementType::f32, {1}}};
  return language::elaborate_train(unit, "Net", options);
}

}  // namespace

TEST_CASE("NEU-03: the slope of a sigmoid needs its value only", "[NEU-03]") {
  const Graph graph = optimized("program p { z = 2.6; print gradient(sigmoid(z), z) }");
  CHECK(count(graph, "exp") == 0);
  CHECK(count(graph, "sigmoid") == 1);
  CHECK(count(graph, "div") == 0);
  CHECK(to_formula(graph, {.expand = true}) == "value_1 = sigmoid(z) * (1 - sigmoid(z))\n");
  // The definition written out is recognized; without that, its derivative goes through the exponential.
  const std::string written_out = "program p { z = 2.6; print gradient(1 / (1 + exp(-z)), z) }";
  PassContext context;
  CHECK(count(differentiate(forward(written_out), context), "exp") > 0);
  CHECK(same_structure(optimized(written_out), graph));
}

TEST_CASE("BPR-03 … BPR-05: the gradients of the linear net are the textbook's formulas", "[BPR-03]") {
  const Graph graph = optimized("program p {\n  iq = 80; cgpa = 8; y = 3\n" + parameters + R"(
  o11 = w1_11 * iq + w1_21 * cgpa + b11
  o12 = w1_12 * iq + w1_22 * cgpa + b12
  loss = (y - (w2_11 * o11 + w2_21 * o12 + b21)) ^ 2
  print gradient(loss, b21), gradient(loss, w2_11), gradient(loss, w1_21), gradient(loss, w1_12)
})");
  const std::string formula = to_formula(graph);
  INFO(formula);
  // value_1 = -2 (y - prediction); then times o11, times w2_11 cgpa, times w2_21 iq.
  const std::regex textbook(
      R"((t\d+) = w1_11 \* iq \+ w1_21 \* cgpa \+ b11\n)"
      R"((t\d+) = 2 \* \(y - \(w2_11 \* \1 \+ w2_21 \* \(w1_12 \* iq \+ w1_22 \* cgpa \+ b12\) \+ b21\)\)\n)"
      R"(value_1 = -\2\n)"
      R"(value_2 = -\2 \* \1\n)"
      R"(value_3 = -\2 \* w2_11 \* cgpa\n)"
      R"(value_4 = -\2 \* w2_21 \* iq\n)");
  CHECK(std::regex_match(formula, textbook));
}

TEST_CASE("BPR-10: sigmoid under cross-entropy cancels, no division is left", "[BPR-10]") {
  const std::string text = "program p {\n  x1 = 8; x2 = 8; y = 0\n" + parameters + R"(
  o11 = sigmoid(w1_11 * x1 + w1_21 * x2 + b11)
  o12 = sigmoid(w1_12 * x1 + w1_22 * x2 + b12)
  z = w2_11 * o11 + w2_21 * o12 + b21
  p = sigmoid(z)
  loss = -(y * log(p) + (1 - y) * log(1 - p))
  print gradient(loss, [z, w1_11, w1_21, b11, w1_12, w1_22, b12, w2_11, w2_21, b21])
})";
  PassContext context;
  CHECK(count(differentiate(forward(text), context), "div") > 0);
  const Graph graph = optimized(text);
  CHECK(count(graph, "div") == 0);
  CHECK(count(graph, "log") == 0);
  CHECK(count(graph, "exp") == 0);
}

TEST_CASE("BPR-14: written out, the output of a 2-2-1 net mentions nine parameters", "[BPR-14]") {
  const std::string text = "program p {\n  x1 = 80; x2 = 8\n" + parameters + R"(
  o11 = w1_11 * x1 + w1_21 * x2 + b11
  o12 = w1_12 * x1 + w1_22 * x2 + b12
  print w2_11 * o11 + w2_21 * o12 + b21
})";
  const std::string formula = to_formula(optimized(text), {.expand = true});
  CHECK(
      formula ==
      "value_1 = w2_11 * (w1_11 * x1 + w1_21 * x2 + b11) + w2_21 * (w1_12 * x1 + w1_22 * x2 + b12) + b21\n");
  const std::regex parameter("[wb][0-9_]+");
  std::set<std::string> names;
  for (std::sregex_iterator at(formula.begin(), formula.end(), parameter), end; at != end; ++at)
    names.insert(at->str());
  CHECK(names.size() == 9);
}

TEST_CASE("BPR-15: going back takes a constant factor of going forward", "[BPR-15]") {
  for (const std::vector<int64_t>& widths : {std::vector<int64_t>{2, 2, 1}, std::vector<int64_t>{4, 3, 2, 1},
                                             std::vector<int64_t>{6, 5, 5, 4, 3, 3, 2, 1}}) {
    const language::TrainProgram program = net(widths);
    const size_t forward_nodes = live_count(optimized(program.evaluation.graph));
    const size_t all = live_count(optimized(program.training.graph));  // the updates included
    CAPTURE(widths.size(), forward_nodes, all);
    CHECK(all > forward_nodes);
    CHECK(all - forward_nodes <= 5 * forward_nodes);
  }
}

}  // namespace gradus::curriculum
