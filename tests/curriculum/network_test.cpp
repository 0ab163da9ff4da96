// Shapes and parameter counts of whole networks (CURRICULUM sections 22, 23, 27).
#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>

#include "graphs.h"

namespace gradus::curriculum {

namespace {

using language::Column;
using language::TrainProgram;

TrainProgram train_program(const std::string& text, std::vector<Column> columns) {
  const language::Unit unit = language::load_unit("test.gradus", text);
  language::TrainOptions options;
  options.columns = std::move(columns);
  return language::elaborate_train(unit, unit.trains().at(0), options);
}

// Trainable parameters of each layer, in order; the layer is the path up to its last dot.
std::vector<std::pair<std::string, int64_t>> counts(const TrainProgram& program) {
  std::vector<std::pair<std::string, int64_t>> found;
  for (const language::StorageRow& row : program.storage) {
    if (!row.trainable) continue;
    const std::string layer = row.path.substr(0, row.path.rfind('.'));
    if (found.empty() || found.back().first != layer) found.emplace_back(layer, 0);
    found.back().second += element_count(row.type.shape);
  }
  return found;
}

int64_t total(const TrainProgram& program) {
  int64_t sum = 0;
  for (const auto& [layer, number] : counts(program)) sum += number;
  return sum;
}

// The shapes of the graph's values contain these, in this order.
bool passes_through(const Graph& graph, const std::vector<Shape>& shapes) {
  size_t next = 0;
  for (uint32_t i = 0; i < graph.size() && next < shapes.size(); ++i)
    if (graph.node(i).types[0].shape == shapes[next]) ++next;
  return next == shapes.size();
}

}  // namespace

TEST_CASE("ARC-01, ARC-02: LeNet-5's shapes and parameters", "[ARC-01][ARC-02]") {
  std::ifstream file("examples/lenet5.gradus");
  REQUIRE(file);
  const TrainProgram program = train_program(std::string(std::istreambuf_iterator<char>(file), {}),
                                             {{ElementType::f32, {32, 32, 1}}, {ElementType::i32, {}}});
  CHECK(counts(program) ==
        std::vector<std::pair<std::string, int64_t>>{
            {"conv2d_1", 156}, {"conv2d_2", 2416}, {"dense_1", 48120}, {"dense_2", 10164}, {"dense_3", 850}});
  CHECK(total(program) == 61706);
  const int64_t b = program.settings.batch;
  const std::vector<Shape> shapes = {{b, 32, 32, 1},  {b, 28, 28, 6}, {b, 14, 14, 6},
                                     {b, 10, 10, 16}, {b, 5, 5, 16},  {b, 400},
                                     {b, 120},        {b, 84},        {b, 10}};
  CHECK(passes_through(program.training.graph, shapes));
  REQUIRE(program.prediction);
  CHECK(passes_through(program.prediction->graph, shapes));
}

TEST_CASE("CBP-01: the small convolutional net has fifteen parameters", "[CBP-01]") {
  const TrainProgram program = train_program(R"(
model CNN15(x: [batch, 6, 6, 1]) -> logit {
  logit = x |> conv2d(1, kernel: 3, activation: relu) |> max_pool2d(2) |> flatten |> dense(1)
}
train CNN15 {
  data rows(x: [[0]], y: [[0]]) -> x, y
  batch = 1
  loss = binary_cross_entropy_logits(logit, y)
  minimize loss with sgd(0.1)
}
)",
                                             {{ElementType::f32, {6, 6, 1}}, {ElementType::f32, {1}}});
  CHECK(total(program) == 15);
  CHECK(passes_through(program.training.graph, {{1, 6, 6, 1}, {1, 4, 4, 1}, {1, 2, 2, 1}, {1, 4}, {1, 1}}));
}

TEST_CASE("RNN-03, RNN-04: parameters of the recurrent examples", "[RNN-03][RNN-04]") {
  const auto reader = [](int words) {
    const std::string text = R"(
model Reader(x: [batch, time, )" +
                             std::to_string(words) + R"(]) -> logit {
  logit = simple_rnn(x, 3).last |> dense(1)
}
train Reader {
  data rows(x: [[0]], y: [[0]]) -> x, y
  batch = 3
  loss = binary_cross_entropy_logits(logit, y)
  minimize loss with sgd(0.1)
}
)";
    return train_program(text, {{ElementType::f32, {3, words}}, {ElementType::f32, {1}}});
  };
  CHECK(total(reader(3)) == 9 + 9 + 3 + 3 + 1);
  CHECK(counts(reader(5)).at(0).second == 27);
  CHECK(total(reader(5)) == 31);
}

}  // namespace gradus::curriculum
