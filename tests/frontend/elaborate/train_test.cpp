#include "tests/frontend/elaborate/elaborate_helpers.h"

#include <set>

using namespace gradus;
using namespace gradus::language;

namespace {

const char* xor_text = R"(
function bump(z) = z * exp(-z ^ 2)
model XOR(x: [batch, 2]) -> logit {
  logit = x |> dense(4, activation: bump) as hidden |> dense(1) as output
}
train XOR {
  data rows(x: [[0, 0], [0, 1], [1, 0], [1, 1]], target: [[0], [1], [1], [0]]) -> x, target
  batch = 4
  epochs = 2000
  seed = 1
  loss = binary_cross_entropy_logits(logit, target)
  metric accuracy = mean((logit > 0) == (target == 1))
  minimize loss with adam(rate: 0.05)
  finally { expect train.accuracy == 1 }
}
)";

TrainProgram train(const std::string& text, std::vector<Column> columns, TrainOptions options = {}) {
  const Unit unit = load_unit("test.gradus", text);
  options.columns = std::move(columns);
  return elaborate_train(unit, unit.trains().at(0), options);
}

std::vector<Report> reports_of(const std::string& text, std::vector<Column> columns) {
  const Unit unit = load_unit("test.gradus", text);
  TrainOptions options;
  options.columns = std::move(columns);
  return elaborate_reports(unit, unit.trains().at(0), options);
}

std::vector<std::string> paths(const TrainProgram& program) {
  std::vector<std::string> result;
  for (const StorageRow& row : program.storage) result.push_back(row.path + " " + to_string(row.type));
  return result;
}

const Column two{ElementType::f32, {2}};
const Column one{ElementType::f32, {1}};

}  // namespace

TEST_CASE("xor: settings, table and graphs") {
  const TrainProgram program = train(xor_text, {two, one});
  CHECK(program.settings.data.name == "rows");
  CHECK(program.settings.data.arguments.size() == 2);
  CHECK(program.settings.batch == 4);
  CHECK(program.settings.epochs == 2000);
  CHECK(program.settings.seed == 1);
  CHECK(program.settings.columns == std::vector<std::string>{"x", "target"});
  CHECK(program.metrics == std::vector<std::string>{"loss", "accuracy"});
  CHECK(paths(program) ==
        std::vector<std::string>{
            "hidden.weight f32[2,4]", "hidden.bias f32[4]", "output.weight f32[4,1]", "output.bias f32[1]",
            "adam_1.m.hidden.weight f32[2,4]", "adam_1.v.hidden.weight f32[2,4]", "adam_1.step i64[]",
            "adam_1.m.hidden.bias f32[4]", "adam_1.v.hidden.bias f32[4]", "adam_1.m.output.weight f32[4,1]",
            "adam_1.v.output.weight f32[4,1]", "adam_1.m.output.bias f32[1]", "adam_1.v.output.bias f32[1]"});
  CHECK(program.training.graph.updates().size() == 13);
  CHECK(program.evaluation.graph.updates().empty());
  CHECK(program.initialization.graph.results().size() == 13);
  REQUIRE(program.prediction);
  CHECK(program.prediction->graph.results().at(0).name == "logit");
  CHECK(program.prediction->graph.inputs().at(0).name == "x");
}

TEST_CASE("xor: one step by the evaluator lowers the loss") {
  const TrainProgram program = train(xor_text, {two, one});
  const auto initial = evaluate::evaluate<double>(program.initialization.graph,
                                                  {evaluate::array_of(Type(ElementType::i64), {1})});
  std::map<std::string, evaluate::Array<double>> storage;
  for (size_t i = 0; i < initial.results.size(); ++i)
    storage[program.initialization.graph.results()[i].name] = initial.results[i];
  storage["x"] = evaluate::array_of(Type(ElementType::f32, {4, 2}), {0, 0, 0, 1, 1, 0, 1, 1});
  storage["target"] = evaluate::array_of(Type(ElementType::f32, {4, 1}), {0, 1, 1, 0});
  const Graph& graph = program.training.graph;
  double first = 0;
  double last = 0;
  for (int step = 0; step < 20; ++step) {
    std::vector<evaluate::Array<double>> inputs;
    for (const Input& input : graph.inputs()) inputs.push_back(storage.at(input.name));
    const auto evaluation = evaluate::evaluate<double>(graph, std::move(inputs));
    last = evaluation.results[0].floats[0];
    if (step == 0) first = last;
    for (size_t i = 0; i < evaluation.updates.size(); ++i)
      storage[graph.inputs()[graph.updates()[i].input].name] = evaluation.updates[i];
  }
  CHECK(first > 0.3);
  CHECK(last < first);
  CHECK(storage["adam_1.step"].integers[0] == 20);
}

TEST_CASE("LeNet-5 has 61,706 parameters") {
  const TrainProgram program = train(R"(
model LeNet5(image: [batch, 32, 32, 1]) -> logits {
  logits = image
    |> conv2d(6, kernel: 5, activation: tanh)
    |> average_pool2d(2)
    |> conv2d(16, kernel: 5, activation: tanh)
    |> average_pool2d(2)
    |> flatten
    |> dense(120, activation: tanh)
    |> dense(84, activation: tanh)
    |> dense(10)
}
train LeNet5 {
  data digits(pad_to: 32, standardize: true) -> image, label
  split(validation: 0.1)
  batch = 64
  epochs = 20
  seed = 1
  loss = sparse_categorical_cross_entropy(logits, label)
  metric accuracy = mean(argmax(logits) == label)
  minimize loss with adam(rate: 1e-3)
  early_stopping(monitor: validation.loss, patience: 3, restore_best_weights: true)
}
)",
                                     {{ElementType::f32, {32, 32, 1}}, {ElementType::i32, {}}});
  int64_t count = 0;
  std::vector<std::string> names;
  for (const StorageRow& row : program.storage)
    if (row.trainable) {
      count += element_count(row.type.shape);
      names.push_back(row.path);
    }
  CHECK(count == 61706);
  CHECK(names == std::vector<std::string>{"conv2d_1.weight", "conv2d_1.bias", "conv2d_2.weight",
                                          "conv2d_2.bias", "dense_1.weight", "dense_1.bias", "dense_2.weight",
                                          "dense_2.bias", "dense_3.weight", "dense_3.bias"});
  REQUIRE(program.training.checks.size() == 1);
  CHECK(program.training.checks[0].limit == 10);
  CHECK(program.training.checks[0].span.line == 19);
  CHECK(program.training.graph.status());
  const auto* monitor = program.settings.actions.at(0).find("monitor");
  REQUIRE(monitor);
  CHECK(std::get<Word>(monitor->value).text == "validation.loss");
}

TEST_CASE("another batch gives the same table, and overrides reach settings") {
  const TrainProgram whole = train(xor_text, {two, one});
  TrainOptions options;
  options.batch = 3;
  options.overrides = {{"epochs", "5"}};
  const TrainProgram rest = train(xor_text, {two, one}, options);
  require_same_storage(whole, rest);
  CHECK(rest.settings.epochs == 5);
  CHECK(rest.settings.batch == 4);
  CHECK(rest.training.graph.inputs()[0].name == "x");
  CHECK(rest.training.graph.type(rest.training.graph.inputs()[0].value).shape == Shape{3, 2});
}

TEST_CASE("training and evaluation differ where `training` says so") {
  const TrainProgram program = train(R"(
layer norm(x: [..., channels], momentum = 0.9) -> y {
  running = state([channels], zeros)
  if training {
    mu = mean(x, over: ...)
    update running = momentum * running + (1 - momentum) * mu
  } else {
    mu = running
  }
  y = x - mu
}
model M(x: [batch, 2]) -> y { y = x |> norm |> dropout(0.5) |> dense(1) }
train M {
  data rows(x: [[0, 0]], t: [[0]]) -> x, t
  loss = mean_squared_error(y, t)
  minimize loss over dense_1 with sgd(0.1)
}
)",
                                     {two, one});
  CHECK(paths(program) ==
        std::vector<std::string>{"norm_1.running f32[2]", "dense_1.weight f32[2,1]", "dense_1.bias f32[1]"});
  CHECK(program.training.graph.updates().size() == 3);
  bool seed = false;
  for (const Input& input : program.training.graph.inputs()) seed |= input.kind == InputKind::seed;
  CHECK(seed);
  for (const Input& input : program.evaluation.graph.inputs()) CHECK(input.kind != InputKind::seed);
}

TEST_CASE("names of loops, groups and shared instances") {
  const TrainProgram program = train(R"(
model M(x: [batch, 2]) -> y {
  h = x
  for i in 0..2 as blocks {
    h = h + (h |> dense(4) as up |> dense(2) as down) as mlp
    h = dense(h, 2)
  }
  use shared = dense(2)
  h = shared(shared(h))
  y = dense(h, 1) as head
}
train M {
  data rows(x: [[0, 0]], t: [[0]]) -> x, t
  loss = mean_squared_error(y, t)
  minimize loss over head, blocks[1] with sgd(0.1) as first
  minimize loss over shared with adam(1e-3) as second
}
)",
                                     {two, one});
  std::vector<std::string> weights;
  for (const StorageRow& row : program.storage)
    if (row.path.ends_with("weight")) weights.push_back(row.path);
  CHECK(weights == std::vector<std::string>{
                       "blocks[0].mlp.up.weight", "blocks[0].mlp.down.weight", "blocks[0].dense_1.weight",
                       "blocks[1].mlp.up.weight", "blocks[1].mlp.down.weight", "blocks[1].dense_1.weight",
                       "shared.weight", "head.weight", "second.m.shared.weight", "second.v.shared.weight"});
}

TEST_CASE("a block without a model; models as instances") {
  const TrainProgram program = train(R"(
model Encoder(x: [batch, n]) -> z { z = dense(x, 3) }
train Both {
  data rows(x: [[0, 0]], t: [[0]]) -> x, t
  size = 3
  use encoder = Encoder()
  use head = dense(1)
  noise = normal([batch, size])
  loss = mean_squared_error(head(encoder(x) + noise), t)
  minimize loss over encoder with sgd(0.1)
  minimize mean(head(encoder(x)) ^ 2) over head with clip_norm(1.0) |> adam()
}
)",
                                     {two, one});
  CHECK_FALSE(program.prediction);
  CHECK(program.metrics.size() == 2);
  CHECK(program.metrics[0] == "loss");
}

TEST_CASE("the prediction graph begins with the columns; a model without inputs has none") {
  const std::string text = R"(
model Net(x: [batch, 2]) -> y { y = dense(x, 1) }
train Net {
  data rows(x: [[0, 0]], t: [[0]]) -> x, t
  x = 2 * x - 1
  loss = mean_squared_error(y, t)
  minimize loss with sgd(0.1)
}
)";
  const TrainProgram program = train(text, {two, one});
  REQUIRE(program.prediction);
  const Graph& graph = program.prediction->graph;
  std::set<std::string> inputs, ops;
  for (const Input& input : graph.inputs()) inputs.insert(input.name);
  for (uint32_t i = 0; i < graph.size(); ++i) ops.insert(std::string(graph.node(i).op->name));
  CHECK(inputs == std::set<std::string>{"x", "dense_1.weight", "dense_1.bias"});
  CHECK(ops.contains("mul"));
  CHECK(ops.contains("sub"));
  CHECK_FALSE(train(R"(
model Free() -> y, parts { y = parameter([1], zeros); parts = [y, zeros([2])] }
train Free {
  data rows(x: [[0, 0]], t: [[0]]) -> x, t
  loss = mean((y - t) ^ 2)
  minimize loss with sgd(0.1)
}
)",
                    {two, one})
                  .prediction);
}

TEST_CASE("blocks over metrics") {
  const std::vector<Report> reports = reports_of(xor_text, {two, one});
  REQUIRE(reports.size() == 1);
  CHECK(reports[0].moment == Report::Moment::end);
  CHECK_FALSE(reports[0].graph);
  REQUIRE(reports[0].lines.size() == 1);
  const auto outcome = [&](double accuracy) {
    return evaluate_metrics(std::get<MetricLine>(reports[0].lines[0]),
                            [&](const std::string& name) -> std::optional<double> {
                              if (name == "train.accuracy") return accuracy;
                              return std::nullopt;
                            });
  };
  CHECK(outcome(1).holds);
  CHECK_FALSE(outcome(0.75).holds);
  CHECK(outcome(0.75).text == "train.accuracy == 1: found 0.75, expected 1");
}

TEST_CASE("`when`: the same storage and draws in every kind of step") {
  const std::string text = R"(
train Two {
  data rows(x: [[0, 0]], t: [[0]]) -> x, t
  use net = dense(1)
  loss = mean_squared_error(net(x) + normal([batch, 1]), t)
  when step % 2 == 0 { minimize loss over net.weight with adam(1e-2) }
  minimize loss over net.bias with sgd(0.1)
  when epoch > 3 and step > 1 {
    noise = normal([1])
    minimize mean_squared_error(net(x), t) over net.bias with momentum(sum(noise))
  }
}
)";
  const TrainProgram all = train(text, {two, one});
  REQUIRE(all.conditions);
  CHECK(all.conditions->graph.results().size() == 2);
  CHECK(all.conditions->graph.inputs().size() == 2);  // step and epoch
  CHECK(all.metrics == std::vector<std::string>{"loss"});
  CHECK(all.training.graph.updates().size() == 6);
  const Unit unit = load_unit("test.gradus", text);
  TrainOptions options;
  options.columns = {two, one};
  options.when = {false, false};
  const TrainProgram neither = elaborate_train(unit, "Two", options);
  CHECK(paths(neither) == paths(all));
  CHECK(neither.training.graph.updates().size() == 1);  // the bias
  CHECK(neither.metrics == all.metrics);
}

TEST_CASE("reports read storage and metrics, and update nothing") {
  const std::string text = R"(
train Sheets {
  data rows(x: [[0, 0]], t: [[0]]) -> x, t
  input rate = 0.1
  use net = dense(1)
  loss = mean_squared_error(net(x), t)
  minimize loss with sgd(rate)
  every epoch { y = net(ones([2, 2])); print epoch, y; print train.loss; expect sum(y) < train.loss + 100 }
  every 5 steps { image_sheet("s-{step}.png", normal([4, 9], seed: 0)) }
  finally { print net.weight }
}
)";
  const std::vector<Report> reports = reports_of(text, {two, one});
  REQUIRE(reports.size() == 3);
  const Report& epoch = reports[0];
  REQUIRE(epoch.lines.size() == 3);
  CHECK(std::holds_alternative<PrintLine>(epoch.lines[0]));
  CHECK(std::holds_alternative<MetricLine>(epoch.lines[1]));
  CHECK(std::holds_alternative<Expectation>(epoch.lines[2]));
  std::set<std::string> inputs;
  for (const Input& input : epoch.graph->graph.inputs()) inputs.insert(input.name);
  CHECK(inputs == std::set<std::string>{"epoch", "net.weight", "net.bias", "train.loss"});
  CHECK(reports[1].steps == 5);
  CHECK(reports[1].graph->graph.inputs().empty());
  CHECK(reports[1].graph->graph.type(reports[1].graph->graph.results()[0].value).shape == Shape{4, 3, 3, 1});
  CHECK(train(text, {two, one}).settings.inputs ==
        std::vector<std::pair<std::string, double>>{{"rate", 0.1}});
}

TEST_CASE("a repeated minimize line has one optimizer state and counts its executions") {
  const TrainProgram program = train(R"(
train Critic {
  data rows(x: [[0, 0]], t: [[0]]) -> x, t
  use critic = dense(1)
  for i in 0..3 {
    loss = mean_squared_error(critic(x), t)
    minimize loss over critic with adam(cosine_decay(step, 1e-2, 1e-3, 100)) as inner
  }
}
)",
                                     {two, one});
  CHECK(paths(program) == std::vector<std::string>{"critic.weight f32[2,1]", "critic.bias f32[1]",
                                                   "inner.m.critic.weight f32[2,1]",
                                                   "inner.v.critic.weight f32[2,1]", "inner.step i64[]",
                                                   "inner.m.critic.bias f32[1]",
                                                   "inner.v.critic.bias f32[1]"});
  int gradients = 0;
  for (uint32_t i = 0; i < program.training.graph.size(); ++i)
    gradients += program.training.graph.node(i).op->id == OpId::gradient;
  CHECK(gradients == 3);
}

TEST_CASE("specializations that differ in their parameters are an error") {
  const std::string text = R"(
model M(x: [batch, 2]) -> y {
  y = x |> dense(1) as first
  if training { y = y + dense(x, 1) as extra }
}
train M {
  data rows(x: [[0, 0]], t: [[0]]) -> x, t
  loss = mean_squared_error(y, t)
  minimize loss with sgd(0.1)
}
)";
  CHECK_THROWS_WITH(train(text, {two, one}), Catch::Contains("extra.weight"));
}

TEST_CASE("settings of the model, from the block and from the command line") {
  const std::string text = R"(
model M(x: [batch, 2], width: int, deep = false) -> y {
  h = dense(x, width) as up
  if deep { h = dense(h, width) as more }
  y = dense(h, 1) as head
}
train M(width: 3) {
  data rows(x: [[0, 0]], t: [[0]]) -> x, t
  loss = mean_squared_error(y, t)
  minimize loss with sgd(0.1)
}
)";
  CHECK(train(text, {two, one}).storage.size() == 4);
  TrainOptions options;
  options.overrides = {{"width", "5"}, {"deep", "true"}};
  const TrainProgram program = train(text, {two, one}, options);
  CHECK(program.storage.size() == 6);
  CHECK(program.storage[0].type.shape == Shape{2, 5});
  options.overrides = {{"widht", "5"}};
  CHECK_THROWS_WITH(train(text, {two, one}, options), Catch::Contains("widht"));
}
