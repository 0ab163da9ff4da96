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
#include "tests/runtime/fake_steps.h"
#include "tests/runtime/helpers.h"

using namespace gradus;
using namespace gradus::test;

namespace {

TrainingOptions basic(int64_t batch, int64_t epochs) {
  TrainingOptions options;
  options.batch = batch;
  options.epochs = epochs;
  options.seed = 1;
  options.metrics = {{"loss", "", "", true}, {"share", "top", "bottom"}};
  return options;
}

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

std::string text(const std::string& path) { return text_of(read_file(path)); }

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
  const std::vector<Metric> metrics = {{"loss", "", "", true}, {"share", "top", "bottom"}};
  const std::vector<double> values = measure(steps, data.training, metrics, {2, 0, 0, {}});
  CHECK(values[0] == Approx((1 + 1 + 16) / 3.0));
  CHECK(values[1] == Approx(3.0 / 6.0));
  CHECK(std::isnan(measure(steps, {}, metrics, {2, 0, 0, {}})[0]));
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
  options.metrics.push_back({"epoch_seen", "", ""});
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

  const std::string history = text(run.history_file());
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
  CHECK(measure(steps, data.validation, options.metrics, {2, 1, 0, {}})[0] ==
        *report.value("validation.loss"));
}

TEST_CASE("a run that goes on gives the same bits as one that never stopped") {
  const TemporaryFolder folder;
  FakeProgram program;
  const DataSet data = line_data(10);
  ParameterSet whole = FakeProgram::parameters(), parts = FakeProgram::parameters();
  TrainingOptions options = basic(4, 6);
  RunFolder one({folder.file("one"), "line", {}, {}, {}, {}});
  options.callbacks = {&one};
  train(program.steps(), data, whole, options);
  RunFolder two({folder.file("two"), "line", {}, {}, {}, {}});
  options.callbacks = {&two};
  options.epochs = 2;
  train(program.steps(), data, parts, options);
  const CheckpointInfo info = load_checkpoint(two.checkpoint_file(), parts);
  options.epochs = 6;
  options.epochs_done = info.epoch;
  options.steps_done = info.step;
  train(program.steps(), data, parts, options);
  CHECK(same_bits(whole["w"], parts["w"]));
  CHECK(text(one.history_file()) == text(two.history_file()));
  CHECK(text(one.checkpoint_file()) == text(two.checkpoint_file()));
}

namespace {

// A process that is killed when it has written so many checkpoints: nothing that comes later happens.
struct Killed {};
class KillAfter : public Callback {
 public:
  KillAfter(RunFolder& folder, int64_t step, bool at_epoch_end)
      : folder_(folder), step_(step), at_epoch_end_(at_epoch_end) {}
  void batch_end(TrainingState& state) override {
    folder_.batch_end(state);
    if (state.step >= step_ && !at_epoch_end_) throw Killed{};
  }
  void epoch_end(TrainingState& state) override {
    folder_.epoch_end(state);
    if (state.step >= step_) throw Killed{};
  }
  void train_begin(TrainingState& state) override { folder_.train_begin(state); }
  void train_end(TrainingState& state) override { folder_.train_end(state); }

 private:
  RunFolder& folder_;
  int64_t step_;
  bool at_epoch_end_;
};

struct ResumableRun {
  explicit ResumableRun(const std::string& path)
      : folder({path, "line", {2, 0}, {{"program", "line"}}, {}, {}}) {
    data.training = {0, 1, 2, 3, 4, 5, 6, 7};
    data.validation = {8, 9};
    options = basic(2, 9);
  }
  TrainingReport run(bool resume, int64_t kill_at = 1 << 20, bool at_epoch_end = false) {
    EarlyStoppingOptions stopping_options;
    stopping_options.min_delta = 0.2;
    stopping_options.patience = 3;
    stopping_options.restore_best_weights = true;
    EarlyStopping stopping(stopping_options);
    KillAfter killed_folder(folder, kill_at, at_epoch_end);
    options.callbacks = {&stopping, &killed_folder};
    ParameterSet parameters = FakeProgram::parameters();
    options.resume.reset();
    if (resume && file_exists(folder.resume_file()))
      options.resume = load_training(folder.resume_file(), parameters, {{"program", "line"}});
    return train(program.steps(), data, parameters, options);
  }
  DataSet data = line_data(10);
  FakeProgram program;
  TrainingOptions options;
  RunFolder folder;
};

}  // namespace

TEST_CASE("HWF-07: a run killed after any step, and resumed, is the run that was never stopped") {
  const TemporaryFolder folder;
  ResumableRun whole(folder.file("whole"));
  const TrainingReport report = whole.run(false);
  REQUIRE(report.final_epoch < report.epoch);  // stopped early, best restored
  for (const bool at_epoch_end : {false, true})
    for (int64_t step = 1; step <= report.step; ++step) {
      ResumableRun killed(folder.file("killed"));
      CHECK_THROWS_AS(killed.run(false, step, at_epoch_end), Killed);
      if (step > 4 && step + 8 <= report.step)
        CHECK_THROWS_AS(killed.run(true, step + 3), Killed);  // once more
      ResumableRun resumed(folder.file("killed"));
      const TrainingReport again = resumed.run(true);
      INFO("killed after step " << step);
      CHECK(again.epoch == report.epoch);
      CHECK(again.final_values == report.final_values);
      CHECK(text(resumed.folder.checkpoint_file()) == text(whole.folder.checkpoint_file()));
      CHECK(text(resumed.folder.resume_file()) == text(whole.folder.resume_file()));
      CHECK(text(resumed.folder.history_file()) == text(whole.folder.history_file()));
    }
  // A finished run has nothing to do.
  const std::string before = text(whole.folder.checkpoint_file());
  const TrainingReport finished = whole.run(true);
  CHECK(finished.final_values == report.final_values);
  CHECK(finished.step == report.step);
  CHECK(text(whole.folder.checkpoint_file()) == before);
}

TEST_CASE("a checkpoint to resume from that is another run's or malformed is refused") {
  const TemporaryFolder folder;
  ResumableRun run(folder.file("run"));
  CHECK_THROWS_AS(run.run(false, 18), Killed);
  const std::string path = run.folder.resume_file();
  ParameterSet parameters = FakeProgram::parameters(9);
  CHECK_THAT(error_of(ErrorKind::program, [&] { load_training(path, parameters, {{"program", "other"}}); }),
             Catch::Contains("is of another run"));
  CHECK_THAT(error_of(ErrorKind::program, [&] { load_training(path, parameters, {{"batch", "2"}}); }),
             Catch::Contains("is of another run"));
  CHECK(parameters["w"].number(0) == 9);
  CHECK(load_checkpoint(path, parameters).step == 18);  // its parameters can be used as any other's

  const SavedTraining good = load_training(path, parameters, {});
  const auto fails = [&](const std::string& name, const std::vector<double>& values) {
    SavedTraining bad = good;
    bad.numbers[name] = values;
    run.options.resume = bad;
    EarlyStopping stopping({});
    run.options.callbacks = {&stopping};
    INFO(name);
    error_of(ErrorKind::program, [&] { train(run.program.steps(), run.data, parameters, run.options); });
  };
  const double nan = std::nan("");
  fails("position", {});
  fails("position", {nan, 0, 0, 0, 0, 0});
  fails("position", {1e300, 0, 0, 0, 0, 0});
  fails("position", {1, 99, 4, 0, 0, 0});
  fails("position", {1, -1, 4, 0, 0, 0});
  fails("sums", {1, 2, 3});
  fails("sums", {1, 2, 3, nan, 1, 2, 3, 4});
  fails("history", {1, 2, 3});
  fails("rates", {1});
  fails("callback_1", {1, 1, 1, 1, 7, 1});  // no parameters kept of epoch 7
  const std::string whole = text(path);
  for (size_t size = 0; size < whole.size(); size += 7) {
    std::ofstream(folder.file("cut")) << whole.substr(0, size);
    error_of(ErrorKind::program, [&] { load_training(folder.file("cut"), parameters, {}); });
  }
}

TEST_CASE("how often to write checkpoints") {
  CHECK(parse_checkpoint_interval("500").steps == 500);
  CHECK(parse_checkpoint_interval("500").seconds == 0);
  CHECK(parse_checkpoint_interval("2.5s").seconds == 2.5);
  for (const char* bad : {"", "s", "0", "-1", "1.5", "x", "10m", "1e300", "nan", "nans"})
    error_of(ErrorKind::program, [&] { parse_checkpoint_interval(bad); });
}

TEST_CASE("a failed check stops the training and saves nothing of that step") {
  const TemporaryFolder folder;
  DataSet data = line_data(4);
  data.columns[0].values.values<float>()[2] = -1;
  FakeProgram program;
  ParameterSet parameters = FakeProgram::parameters(5);
  TrainingOptions options = basic(2, 1);
  options.shuffle = false;
  options.describe_check = [](const CheckFailure& failure) {
    Diagnostic diagnostic;
    diagnostic.message = "check " + std::to_string(failure.check) + " fails for row " +
                         std::to_string(failure.rows[static_cast<size_t>(failure.element)]);
    return diagnostic;
  };
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
  data.columns[1].values.values<float>()[0] = std::nanf("");
  FakeProgram program;
  ParameterSet parameters = FakeProgram::parameters();
  CHECK_THAT(error_of(ErrorKind::program, [&] { train(program.steps(), data, parameters, basic(4, 3)); }),
             Catch::Contains("loss is nan in epoch 1, step 1"));
  CHECK(std::isnan(parameters["w"].number(0)));  // the step was made; it is the caller who does not save
  parameters = FakeProgram::parameters();
  data.columns[1].values.values<float>()[0] = 3e38f;
  CHECK_THAT(error_of(ErrorKind::program, [&] { train(program.steps(), data, parameters, basic(4, 3)); }),
             Catch::Contains("inf"));
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

TEST_CASE("checkpoints that do not fit") {
  const TemporaryFolder folder;
  const std::string path = folder.file("c");
  ParameterSet saved = FakeProgram::parameters(7);
  save_checkpoint(path, saved, {"line", 1, 2, 3});

  ParameterSet more = FakeProgram::parameters(1);
  more.add("other", ArgumentKind::parameter, Tensor(Type(ElementType::f32, {3})));
  CHECK_THAT(error_of(ErrorKind::program, [&] { load_checkpoint(path, more); }),
             Catch::Contains("does not fit the program: 'other' (f32[3]) is missing"));
  CHECK(more["w"].number(0) == 1);

  ParameterSet less;
  less.add("w", ArgumentKind::parameter, Tensor::scalar(1.0f));
  CHECK_THAT(error_of(ErrorKind::program, [&] { load_checkpoint(path, less); }),
             Catch::Contains("'count' is not known to the program"));
  CHECK(less["w"].number(0) == 1);
  CHECK(load_checkpoint(path, less, true).step == 3);
  CHECK(less["w"].number(0) == 7);

  ParameterSet typed;
  typed.add("w", ArgumentKind::parameter, Tensor::scalar(1.0));
  typed.add("count", ArgumentKind::state, Tensor(Type(ElementType::i64, {2})));
  try {
    load_checkpoint(path, typed);
    FAIL("no error");
  } catch (const Error& error) {
    CHECK_THAT(error.what(), Catch::Contains("'w' is f32[], the program has f64[]"));
    REQUIRE(error.diagnostics()[0].notes.size() == 1);
    CHECK_THAT(error.diagnostics()[0].notes[0].message,
               Catch::Contains("'count' is i64[], the program has i64[2]"));
  }

  ParameterSet parameters = FakeProgram::parameters(1);
  CHECK_THAT(error_of(ErrorKind::environment, [&] { load_checkpoint(folder.file("none"), parameters); }),
             Catch::Contains("none: cannot open"));
  const std::string good = text(path);
  for (size_t size = 0; size < good.size(); ++size) {
    std::ofstream(folder.file("cut")) << good.substr(0, size);
    try {
      load_checkpoint(folder.file("cut"), parameters);
      FAIL("a file of " << size << " of " << good.size() << " bytes was loaded");
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::program) FAIL(error.what());
    }
  }
  CHECK(parameters["w"].number(0) == 1);
  const Tensor w = Tensor::scalar(1.0f), count = Tensor::scalar(int64_t{1});
  const std::vector<TensorReference> tensors = {{"w", &w}, {"count", &count}};
  write_safetensors(path, tensors, {{"step", "12x"}});
  CHECK_THAT(error_of(ErrorKind::program, [&] { load_checkpoint(path, parameters); }),
             Catch::Contains("metadata 'step' is '12x', not a number"));
  write_safetensors(path, tensors);
  CHECK(load_checkpoint(path, parameters).step == 0);
}

TEST_CASE("a failing save leaves the old checkpoint") {
  const TemporaryFolder folder;
  const std::string path = folder.file("c");
  save_checkpoint(path, FakeProgram::parameters(7), {"line", 1, 2, 3});
  ParameterSet bad = FakeProgram::parameters(8);
  bad.add("\xff", ArgumentKind::parameter, Tensor::scalar(1.0f));
  CHECK_THROWS_AS(save_checkpoint(path, bad, {}), Error);
  ParameterSet loaded = FakeProgram::parameters();
  load_checkpoint(path, loaded);
  CHECK(loaded["w"].number(0) == 7);
  CHECK(folder.entries() == 1);
}

TEST_CASE("prediction puts the batches one below the other") {
  const DataSet data = line_data(10);
  FakeProgram program;
  ParameterSet parameters = FakeProgram::parameters(3);
  InputSource source(data);
  BoundSteps steps(program.outputs(), source, parameters);
  const std::vector<int64_t> rows = {9, 0, 4, 2, 7};
  const std::vector<NamedTensor> outputs = predict(steps, rows, {2, 0, 0, {}});
  REQUIRE(outputs.size() == 1);
  CHECK(outputs[0].name == "output");
  CHECK(outputs[0].value.shape() == Shape{5});
  for (size_t i = 0; i < rows.size(); ++i)
    CHECK(outputs[0].value.number(static_cast<int64_t>(i)) ==
          static_cast<double>(3 * data.columns[0].values.values<float>()[static_cast<size_t>(rows[i])]));
  BoundSteps with_scalars(program.steps().evaluate, source, parameters);
  CHECK_THAT(error_of(ErrorKind::program, [&] { predict(with_scalars, rows, {2, 0, 0, {}}); }),
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
