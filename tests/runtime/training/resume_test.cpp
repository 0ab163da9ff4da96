// Checkpoints, and runs that go on from them.
#include <cmath>
#include <fstream>

#include "runtime/data/safetensors.h"
#include "runtime/training/checkpoint.h"
#include "runtime/training/early_stopping.h"
#include "runtime/training/run_folder.h"
#include "runtime/training/training_loop.h"
#include "tests/runtime/data/helpers.h"
#include "tests/runtime/training/fake_steps.h"

using namespace gradus;
using namespace gradus::test;

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
  CHECK(text_of_file(one.history_file()) == text_of_file(two.history_file()));
  CHECK(text_of_file(one.checkpoint_file()) == text_of_file(two.checkpoint_file()));
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
      : folder({path, "line", "", {2, 0}, {{"program", "line"}}, {}, {}}) {
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
      CHECK(text_of_file(resumed.folder.checkpoint_file()) == text_of_file(whole.folder.checkpoint_file()));
      CHECK(text_of_file(resumed.folder.resume_file()) == text_of_file(whole.folder.resume_file()));
      CHECK(text_of_file(resumed.folder.history_file()) == text_of_file(whole.folder.history_file()));
    }
  // A finished run has nothing to do.
  const std::string before = text_of_file(whole.folder.checkpoint_file());
  const TrainingReport finished = whole.run(true);
  CHECK(finished.final_values == report.final_values);
  CHECK(finished.step == report.step);
  CHECK(text_of_file(whole.folder.checkpoint_file()) == before);
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
  const std::string whole = text_of_file(path);
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
  const std::string good = text_of_file(path);
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
