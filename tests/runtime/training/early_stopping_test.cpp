// Rows EST-04 to EST-09 of the curriculum.
#include "runtime/training/early_stopping.h"

#include <cmath>

#include "tests/runtime/helpers.h"

using namespace gradus;
using namespace gradus::test;

namespace {

const std::vector<double> losses = {1.0, .9, .85, .86, .87, .84, .83};

struct Outcome {
  int64_t stopped = -1;  // index of the epoch, -1: ran to the end
  int64_t best_epoch = -1;
  double best = 0;
};

Outcome follow(const EarlyStoppingOptions& options, const std::vector<double>& values) {
  EarlyStoppingRule rule(options);
  for (size_t i = 0; i < values.size(); ++i)
    if (rule.observe(static_cast<int64_t>(i), values[i]).stop)
      return {static_cast<int64_t>(i), rule.best_epoch(), rule.best()};
  return {-1, rule.best_epoch(), rule.best()};
}

EarlyStoppingOptions with(double min_delta, int64_t patience,
                          const std::string& monitor = "validation.loss") {
  EarlyStoppingOptions options;
  options.monitor = monitor;
  options.min_delta = min_delta;
  options.patience = patience;
  return options;
}

// A training whose parameter is the number of the epoch, as the loop would report it.
struct Story {
  ParameterSet parameters;
  TrainingState state{parameters};

  Story() {
    parameters.add("w", ArgumentKind::parameter, Tensor::scalar(0.0));
    state.names = {"loss", "validation.loss"};
  }
  void tell(EarlyStopping& stopping, const std::vector<double>& values) {
    stopping.train_begin(state);
    for (double value : values) {
      if (state.stop) break;
      ++state.epoch;
      parameters.value(0).values<double>()[0] = static_cast<double>(state.epoch);
      state.history.push_back({state.epoch, state.epoch, {0.5, value}, {}});
      stopping.epoch_end(state);
    }
    stopping.train_end(state);
  }
};

}  // namespace

TEST_CASE("EST-04: patience") {
  const Outcome two = follow(with(1e-4, 2), losses), three = follow(with(1e-4, 3), losses);
  CHECK(two.stopped == 4);
  CHECK(two.best_epoch == 2);
  CHECK(three.stopped == -1);
  CHECK(three.best == .83);
}

TEST_CASE("EST-05: min_delta, and an exact tie is no improvement") {
  const Outcome coarse = follow(with(.06, 2), losses);
  CHECK(coarse.stopped == 3);
  CHECK(coarse.best_epoch == 1);
  CHECK(coarse.best == .9);
  CHECK(follow(with(1e-4, 2), {1, .99995, .9999, .99985}).stopped == 2);
}

TEST_CASE("EST-06: mode") {
  const std::vector<double> accuracies = {.5, .6, .59, .58, .7};
  const Outcome automatic = follow(with(0, 2, "validation.accuracy"), accuracies);
  CHECK(automatic.stopped == 3);
  CHECK(automatic.best == .6);
  EarlyStoppingOptions options = with(0, 2);
  options.mode = monitor_mode("early_stopping", "max");
  CHECK(follow(options, accuracies).stopped == 3);
  options.mode = monitor_mode("early_stopping", "min");
  CHECK(follow(options, accuracies).stopped == 2);
  CHECK_THROWS_AS(monitor_mode("early_stopping", "most"), Error);
}

TEST_CASE("EST-07: baseline") {
  EarlyStoppingOptions options = with(0, 3);
  options.baseline = .8;
  const Outcome outcome = follow(options, losses);
  CHECK(outcome.stopped == 3);
  CHECK(outcome.best == .85);
}

TEST_CASE("EST-08: the best parameters are restored, or the last ones kept") {
  for (const bool restore : {true, false}) {
    Story story;
    EarlyStoppingOptions options = with(1e-4, 2);
    options.restore_best_weights = restore;
    EarlyStopping stopping(options);
    story.tell(stopping, losses);
    CHECK(story.state.epoch == 5);
    CHECK(story.parameters["w"].number(0) == (restore ? 3 : 5));
    CHECK(story.state.final_epoch == (restore ? 3 : 0));
  }
  // Also when the training ran to its planned end, but not when it was interrupted.
  EarlyStoppingOptions options = with(0, 20);
  options.restore_best_weights = true;
  Story ended;
  EarlyStopping stopping(options);
  ended.tell(stopping, {1, 2, 3});
  CHECK(ended.parameters["w"].number(0) == 1);
  Story interrupted;
  interrupted.state.interrupted = true;
  EarlyStopping again(options);
  again.train_begin(interrupted.state);
  interrupted.tell(again, {1, 2, 3});
  CHECK(interrupted.parameters["w"].number(0) == 3);
}

TEST_CASE("EST-09: the message names the epoch, counted from 1") {
  EarlyStoppingOptions options = with(1e-4, 2);
  options.verbose = true;
  Story story;
  EarlyStopping stopping(options);
  story.tell(stopping, losses);
  REQUIRE(story.state.messages.size() == 1);
  CHECK_THAT(story.state.messages[0], Catch::Contains("epoch 5: early stopping"));
}

TEST_CASE("start_from_epoch, patience 0 and NaN") {
  EarlyStoppingOptions options = with(0, 1);
  options.start_from_epoch = 2;
  CHECK(follow(options, {1, 2, 3, 4, 5}).stopped == 3);
  CHECK(follow(with(0, 0), {1, .9, .95}).stopped == 2);
  const double nan = std::nan("");
  CHECK(follow(with(0, 2), {nan, nan, nan, nan}).stopped == 1);
  EarlyStoppingOptions restore = with(0, 2);
  restore.restore_best_weights = true;
  Story story;
  EarlyStopping stopping(restore);
  story.tell(stopping, {nan, nan, nan});
  CHECK(story.parameters["w"].number(0) == 1);
}

TEST_CASE("a monitor that does not exist, and bad settings") {
  Story story;
  story.state.names = {"loss"};
  EarlyStopping stopping(with(0, 1));
  CHECK_THAT(error_of(ErrorKind::program, [&] { stopping.train_begin(story.state); }),
             Catch::Contains("no 'validation.loss' to monitor; the training has loss"));
  EarlyStopping on_training(with(0, 1, "train.loss"));
  on_training.train_begin(story.state);
  EarlyStoppingOptions negative = with(0, -1);
  CHECK_THROWS_AS(EarlyStopping(negative), Error);
}
