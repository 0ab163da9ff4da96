#include "runtime/training/training_loop.h"

#include <signal.h>

#include <cmath>
#include <fstream>
#include <sstream>

#include "runtime/data/safetensors.h"
#include "runtime/training/checkpoint.h"
#include "runtime/training/early_stopping.h"
#include "runtime/training/interrupt.h"
#include "runtime/training/progress.h"
#include "runtime/training/run_folder.h"
#include "tests/runtime/data/helpers.h"
#include "tests/runtime/training/fake_steps.h"

using namespace gradus;
using namespace gradus::test;

namespace {

class Recorder : public Callback {
 public:
  void train_begin(TrainingState&) override { calls += 'T'; }
  void epoch_begin(TrainingState&) override { calls += 'E'; }
  void batch_begin(TrainingState&) override { calls += 'B'; }
  void batch_end(TrainingState&) override { calls += 'b'; }
  void epoch_end(TrainingState&) override { calls += 'e'; }
  void train_end(TrainingState&) override { calls += 't'; }
  std::string calls;
};

}  // namespace

TEST_CASE("training learns, in batches with a short last one, and gives the same bits again") {
  DataSet data = line_data(10);
  FakeProgram program;
  ParameterSet first = FakeProgram::parameters(), second = FakeProgram::parameters();
  const TrainingReport report = train(program.steps(), data, first, basic(4, 50));
  CHECK(program.compiled == 2);  // 4 rows, and the last 2
  CHECK(report.step == 150);
  CHECK(first["count"].number(0) == 150);
  CHECK(report.epoch == 50);
  CHECK(report.history.size() == 50);
  CHECK(report.history[1].step == 6);
  CHECK(first["w"].number(0) == Approx(2).epsilon(1e-2));
  CHECK(*report.value("train.loss") < 1e-3);
  CHECK(*report.value("share") == Approx(0.5));
  CHECK_FALSE(report.value("validation.loss"));
  CHECK_FALSE(report.value("test.loss"));
  train(program.steps(), data, second, basic(4, 50));
  CHECK(same_bits(first["w"], second["w"]));
  CHECK(program.compiled == 2);
  ParameterSet other = FakeProgram::parameters();
  TrainingOptions unshuffled = basic(4, 50);
  unshuffled.shuffle = false;
  train(program.steps(), data, other, unshuffled);
  CHECK_FALSE(same_bits(first["w"], other["w"]));
}

TEST_CASE("metrics are means weighted by rows, ratios sum both sides") {
  DataSet data =
      make_data_set("d", {{"x", ColumnRole::feature, "", Tensor(Shape{3}, std::vector<float>{1, 1, 1})},
                          {"y", ColumnRole::feature, "", Tensor(Shape{3}, std::vector<float>{1, 1, 4})}});
  FakeProgram program;
  ParameterSet parameters = FakeProgram::parameters(0);
  InputSource source(data);
  BoundSteps steps(program.steps().evaluate, source, parameters);
  const Metrics metrics = loss_and_share();
  const std::vector<double> values = measure(steps, data.training, metrics, {2, 0, 0});
  CHECK(values[0] == Approx((1 + 1 + 16) / 3.0));
  CHECK(values[1] == Approx(3.0 / 6.0));
  CHECK(std::isnan(measure(steps, {}, metrics, {2, 0, 0})[0]));
}

TEST_CASE("EST-10: two epochs of three batches call the hooks 18 times") {
  Recorder recorder;
  TrainingOptions options = basic(4, 2);
  options.callbacks = {&recorder};
  FakeProgram program;
  ParameterSet parameters = FakeProgram::parameters();
  train(program.steps(), line_data(10), parameters, options);
  CHECK(recorder.calls == "TEBbBbBbeEBbBbBbet");
  CHECK(recorder.calls.size() == 18);
}

TEST_CASE("the epoch is an input that steps may read") {
  TrainingOptions options = basic(10, 3);
  options.metrics.all.push_back({"epoch_seen", false, {}});
  FakeProgram program;
  ParameterSet parameters = FakeProgram::parameters();
  const TrainingReport report = train(program.steps(), line_data(10), parameters, options);
  for (const EpochRecord& record : report.history)
    CHECK(record.values[2] == static_cast<double>(record.epoch));
}

TEST_CASE("validation, test part, early stopping and a run's folder") {
  const TemporaryFolder folder;
  DataSet data = line_data(10);
  data.training = {0, 1, 2, 3, 4, 5};
  data.validation = {6, 7};
  data.test = {8, 9};
  FakeProgram program;
  ParameterSet parameters = FakeProgram::parameters();
  EarlyStoppingOptions stopping_options;
  stopping_options.min_delta = 0.5;
  stopping_options.patience = 2;
  stopping_options.restore_best_weights = true;
  EarlyStopping stopping(stopping_options);
  RunFolder run({folder.file("runs/a"), "line", {}, {}, {}, {}});
  TrainingOptions options = basic(2, 1000);
  options.callbacks = {&stopping, &run};
  const TrainingReport report = train(program.steps(), data, parameters, options);
  CHECK(report.epoch < 1000);
  CHECK(report.final_epoch == report.epoch - 2);
  CHECK(report.names == std::vector<std::string>{"loss", "share", "validation.loss", "validation.share"});
  CHECK(*report.value("validation.loss") ==
        report.history[static_cast<size_t>(report.final_epoch) - 1].values[2]);
  CHECK(report.test.size() == 2);
  CHECK(report.test[0].first == "test.loss");

  const std::string history = text_of_file(run.history_file());
  CHECK(history.starts_with("epoch,step,loss,share,validation.loss,validation.share\n1,3,"));
  CHECK(std::count(history.begin(), history.end(), '\n') == report.epoch + 1);
  ParameterSet loaded = FakeProgram::parameters(9);
  const CheckpointInfo info = load_checkpoint(run.checkpoint_file(), loaded);
  CHECK(info.program == "line");
  CHECK(info.seed == 1);
  CHECK(info.epoch == report.final_epoch);
  CHECK(info.step == 3 * report.final_epoch);
  CHECK(same_bits(loaded["w"], parameters["w"]));
  CHECK(same_bits(loaded["count"], parameters["count"]));

  // Evaluating the restored parameters gives what the history says of that epoch.
  InputSource source(data);
  BoundSteps steps(program.steps().evaluate, source, loaded);
  CHECK(measure(steps, data.validation, options.metrics, {2, 1, 0})[0] == *report.value("validation.loss"));
}

TEST_CASE("a failed check stops the training and saves nothing of that step") {
  const TemporaryFolder folder;
  DataSet data = line_data(4);
  data.columns[0].values.values<float>()[2] = -1;
  FakeProgram program;
  ParameterSet parameters = FakeProgram::parameters(5);
  TrainingOptions options = basic(2, 1);
  options.shuffle = false;
  RunFolder run({folder.file("run"), "line", {}, {}, {}, {}});
  options.callbacks = {&run};
  try {
    train(program.steps(), data, parameters, options);
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::program);
    CHECK(error.diagnostics()[0].message == "check 3 fails for row 2");
    CHECK_THAT(error.diagnostics()[0].notes[0].message, Catch::Contains("in epoch 1, step 2"));
  }
  CHECK(parameters["count"].number(0) == 1);
  CHECK_FALSE(std::filesystem::exists(run.checkpoint_file()));
}

TEST_CASE("a loss that is not finite stops the training") {
  DataSet data = line_data(4);
  FakeProgram program;
  ParameterSet parameters;
  for (const float sign : {1.0f, -1.0f}) {  // which a nan of arithmetic has at random
    data.columns[1].values.values<float>()[0] = std::copysign(std::nanf(""), sign);
    parameters = FakeProgram::parameters();
    CHECK_THAT(error_of(ErrorKind::program, [&] { train(program.steps(), data, parameters, basic(4, 3)); }),
               Catch::Contains("loss is nan in epoch 1, step 1"));
    CHECK(std::isnan(parameters["w"].number(0)));  // the step was made; it is the caller who does not save
  }
  parameters = FakeProgram::parameters();
  data.columns[1].values.values<float>()[0] = 3e38f;
  CHECK_THAT(error_of(ErrorKind::program, [&] { train(program.steps(), data, parameters, basic(4, 3)); }),
             Catch::Contains("inf"));
}

TEST_CASE("parameters that the last step left not finite are an error, and not saved") {
  const TemporaryFolder folder;
  DataSet data = line_data(4);
  data.columns[0].values.values<float>()[0] = 1e30f;
  data.columns[1].values.values<float>()[0] = 1e10f;
  FakeProgram program;
  ParameterSet parameters = FakeProgram::parameters();
  RunFolder run({folder.file("run"), "line", {}, {}, {}, {}});
  TrainingOptions options = basic(4, 1);
  options.callbacks = {&run};
  CHECK_THAT(error_of(ErrorKind::program, [&] { train(program.steps(), data, parameters, options); }),
             Catch::Contains("the parameter 'w' holds inf after epoch 1, step 1"));
  CHECK_FALSE(std::filesystem::exists(run.checkpoint_file()));
  // Where it was so before, it may be meant so.
  parameters = FakeProgram::parameters(INFINITY);
  data = line_data(4);
  options.metrics.all.erase(options.metrics.all.begin());  // the loss
  options.callbacks.clear();
  CHECK_NOTHROW(train(program.steps(), data, parameters, options));
}

TEST_CASE("a loss that is not finite in the first step is no fault of the learning rate") {
  DataSet data = line_data(4);
  data.columns[1].values.values<float>()[0] = std::nanf("");
  FakeProgram program;
  ParameterSet parameters = FakeProgram::parameters();
  try {
    train(program.steps(), data, parameters, basic(4, 3));
    FAIL("no error");
  } catch (const Error& error) {
    CHECK_THAT(error.diagnostics()[0].hint, Catch::Contains("--check-numerics"));
  }
}

TEST_CASE("a line of the history can be read again") {
  EpochRecord record;
  record.epoch = 2;
  record.step = 30;
  record.values = {-std::nan(""), 0.1, -INFINITY};
  record.rates = {-std::nan("")};
  CHECK(history_line(record) == "2,30,nan,0.1,-inf,nan\n");
}

TEST_CASE("an interruption finishes the step and saves") {
  const TemporaryFolder folder;
  FakeProgram program;
  ParameterSet parameters = FakeProgram::parameters();
  RunFolder run({folder.file("run"), "line", {}, {}, {}, {}});
  InterruptGuard guard;
  TrainingOptions options = basic(4, 100);
  int asked = 0;
  options.interrupted = [&] {
    guard.arm();
    if (++asked == 5) ::raise(SIGINT);
    return guard.requested();
  };
  options.callbacks = {&run};
  const TrainingReport report = train(program.steps(), line_data(10), parameters, options);
  CHECK(report.interrupted);
  CHECK(guard.exit_code() == 130);
  CHECK(report.step == 5);
  CHECK(report.epoch == 1);
  ParameterSet loaded = FakeProgram::parameters();
  const CheckpointInfo info = load_checkpoint(run.checkpoint_file(), loaded);
  CHECK(info.epoch == 1);
  CHECK(info.step == 5);
  CHECK(loaded["count"].number(0) == 5);
}

TEST_CASE("signals act as before until there is something to save, and end the process after the first one") {
  const auto handler = [](int signal) {
    struct sigaction action{};
    ::sigaction(signal, nullptr, &action);
    return action.sa_handler;
  };
  const auto interrupt = handler(SIGINT), terminate = handler(SIGTERM);
  {
    InterruptGuard guard;
    CHECK((handler(SIGINT) == interrupt && handler(SIGTERM) == terminate));
    guard.arm();
    CHECK((handler(SIGINT) != interrupt && handler(SIGTERM) != terminate));
    ::raise(SIGTERM);
    guard.arm();
    CHECK(handler(SIGTERM) == SIG_DFL);
    CHECK(guard.exit_code() == 143);
  }
  CHECK((handler(SIGINT) == interrupt && handler(SIGTERM) == terminate));
}

TEST_CASE("columns and program must fit") {
  FakeProgram program;
  ParameterSet parameters = FakeProgram::parameters();
  DataSet data = line_data(4);
  const DataSet only_x = make_data_set("half", {data.columns[0]});
  CHECK_THAT(error_of(ErrorKind::program, [&] { train(program.steps(), only_x, parameters, basic(4, 1)); }),
             Catch::Contains("half has no column 'y'; it has x"));
  DataSet wide = data;
  wide.columns[0].values = Tensor(Type(ElementType::f32, {4, 2}));
  CHECK_THAT(error_of(ErrorKind::program, [&] { train(program.steps(), wide, parameters, basic(4, 1)); }),
             Catch::Contains("column 'x' is f32[4,2], but the program expects f32[4]"));
  DataSet doubles = data;
  set_precision(doubles, ElementType::f64);
  ParameterSet again = FakeProgram::parameters();
  train(program.steps(), data, parameters, basic(4, 3));
  train(program.steps(), doubles, again, basic(4, 3));
  CHECK(same_bits(parameters["w"], again["w"]));
  CHECK_THROWS_AS(train(program.steps(), data, parameters, basic(0, 1)), Error);
  CHECK_THROWS_AS(train(program.steps(), data, parameters, basic(1, -1)), Error);
  data.training.clear();
  CHECK_THROWS_AS(train(program.steps(), data, parameters, basic(1, 1)), Error);
}

TEST_CASE("prediction puts the batches one below the other") {
  const DataSet data = line_data(10);
  FakeProgram program;
  ParameterSet parameters = FakeProgram::parameters(3);
  InputSource source(data);
  BoundSteps steps(program.outputs(), source, parameters);
  const std::vector<int64_t> rows = {9, 0, 4, 2, 7};
  const std::vector<NamedTensor> outputs = predict(steps, rows, {2, 0, 0});
  REQUIRE(outputs.size() == 1);
  CHECK(outputs[0].name == "output");
  CHECK(outputs[0].value.shape() == Shape{5});
  for (size_t i = 0; i < rows.size(); ++i)
    CHECK(outputs[0].value.number(static_cast<int64_t>(i)) ==
          static_cast<double>(3 * data.columns[0].values.values<float>()[static_cast<size_t>(rows[i])]));
  BoundSteps with_scalars(program.steps().evaluate, source, parameters);
  CHECK_THAT(error_of(ErrorKind::program, [&] { predict(with_scalars, rows, {2, 0, 0}); }),
             Catch::Contains("result 'loss' is f32[]"));
}

TEST_CASE("the progress bar shows where the training is, within the terminal's width") {
  FakeProgram program;
  ParameterSet parameters = FakeProgram::parameters();
  double time = 0;
  ProgressOptions progress_options{true, false, 100, [&] { return time += 0.06; }};
  std::ostringstream out;
  ProgressBar bar(out, progress_options);
  TrainingOptions options = basic(2, 2);
  options.callbacks = {&bar};
  train(program.steps(), line_data(10), parameters, options);
  const std::string shown = out.str();
  CHECK_THAT(shown, Catch::Contains("epoch 1/2 ["));
  CHECK_THAT(shown, Catch::Contains("loss "));
  CHECK_THAT(shown, Catch::Contains("rows/s"));
  CHECK_THAT(shown, Catch::Contains("ETA 0:0"));
  CHECK(shown.ends_with("\n"));
  CHECK(shown.find("\033[1m") == std::string::npos);

  out.str("");
  progress_options.color = true;
  progress_options.width = 30;
  ProgressBar narrow(out, progress_options);
  options.callbacks = {&narrow};
  train(program.steps(), line_data(10), parameters, options);
  CHECK_THAT(out.str(), Catch::Contains("\033[1mepoch\033[0m 1/2"));
  CHECK(out.str().find("rows/s") == std::string::npos);

  out.str("");
  progress_options.enabled = false;
  ProgressBar off(out, progress_options);
  options.callbacks = {&off};
  train(program.steps(), line_data(10), parameters, options);
  CHECK(out.str().empty());
}
