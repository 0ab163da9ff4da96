#include "runtime/training/curves.h"
#include "runtime/training/reduce_on_plateau.h"
#include "tests/runtime/helpers.h"
#include "tests/runtime/training/fake_steps.h"

using namespace gradus;
using namespace gradus::test;

namespace {

// The rate after each epoch whose validation loss is given.
std::vector<double> rates(ReduceOnPlateauOptions options, const std::vector<double>& losses,
                          bool resumed_after_each = false) {
  ParameterSet parameters;
  TrainingState state(parameters);
  state.names = {"loss", "validation.loss"};
  state.inputs["rate"] = 1;
  std::vector<double> result;
  auto callback = std::make_unique<ReduceOnPlateau>(options);
  callback->train_begin(state);
  for (double loss : losses) {
    ++state.epoch;
    state.history.push_back({state.epoch, state.epoch, {0, loss}, {}});
    callback->epoch_end(state);
    result.push_back(state.input("rate"));
    if (!resumed_after_each) continue;
    const std::vector<double> saved = callback->save();
    callback = std::make_unique<ReduceOnPlateau>(options);
    callback->load(saved, state);
    callback->train_begin(state);
  }
  return result;
}

ReduceOnPlateauOptions with(int64_t patience, double factor) {
  ReduceOnPlateauOptions options;
  options.patience = patience;
  options.factor = factor;
  return options;
}

}  // namespace

TEST_CASE("HYP-06: a rate that follows a plateau, as in Keras") {
  const std::vector<double> losses = {1, .9, .9, .95, .9, .8, .8, .8, .8};
  CHECK(rates(with(2, .5), losses) == std::vector<double>{1, 1, 1, .5, .5, .5, .5, .25, .25});
  CHECK(rates(with(2, .5), losses, true) == rates(with(2, .5), losses));
  ReduceOnPlateauOptions cooling = with(1, .5);
  cooling.cooldown = 2;
  CHECK(rates(cooling, {1, 1, 1, 1, 1, 1}) == std::vector<double>{1, .5, .5, .25, .25, .125});
  ReduceOnPlateauOptions bounded = with(1, .1);
  bounded.min_rate = .05;
  CHECK(rates(bounded, {1, 1, 1, 1}) == std::vector<double>{1, .1, .05, .05});
  ReduceOnPlateauOptions upwards = with(1, .5);
  upwards.mode = MonitorMode::max;
  CHECK(rates(upwards, {1, 2, 3, 2}) == std::vector<double>{1, 1, 1, .5});
  ReduceOnPlateauOptions unknown = with(1, .5);
  unknown.input = "speed";
  CHECK_THAT(error_of(ErrorKind::program, [&] { rates(unknown, {1}); }), Catch::Contains("no input 'speed'"));
  CHECK_THROWS_AS(ReduceOnPlateau(with(1, 1)), Error);
}

TEST_CASE("curves are a picture, whatever the numbers") {
  std::vector<EpochRecord> history;
  const std::vector<std::string> names = {"loss", "validation.loss"};
  CHECK_THAT(draw_curves("none", names, {}, history), Catch::Contains("</svg>"));
  CHECK(history_json(names, {}, history) == "{}\n");
  for (int64_t epoch = 1; epoch <= 3; ++epoch)
    history.push_back({epoch, 2 * epoch, {1.0 / static_cast<double>(epoch), std::nan("")}, {0.5}});
  const std::string picture = draw_curves("a<b>&\"c\"", names, {"rate"}, history);
  CHECK_THAT(picture, Catch::Contains("a&lt;b&gt;&amp;&quot;c&quot;"));
  CHECK_THAT(picture, Catch::Contains(">validation<"));
  CHECK_THAT(picture, Catch::Contains(">rate<"));
  CHECK(picture.find("nan") == std::string::npos);
  CHECK(history_json(names, {"rate"}, history) ==
        "{\"epoch\":[1,2,3],\"step\":[2,4,6],\"loss\":[1.0,0.5,0.3333333333333333],"
        "\"validation.loss\":[null,null,null],\"rate\":[0.5,0.5,0.5]}\n");
  for (double value : {0.0, 1e300, 9e299, -1e-300, double{INFINITY}, 5e-324}) {
    history.resize(1);
    history[0].values = {value, -value};
    const std::string drawn = draw_curves("x", names, {"rate"}, history);
    CHECK(drawn.find("inf") == std::string::npos);
    CHECK(drawn.find("nan") == std::string::npos);
    CHECK(drawn.size() < 100'000);
  }
}

TEST_CASE("the next batch, put together in the background, gives the same bits") {
  FakeProgram program;
  const DataSet data = line_data(10);
  ParameterSet plain = FakeProgram::parameters(), background = FakeProgram::parameters();
  InputSource source(data), eager(data);
  eager.background_bytes = 0;
  BoundSteps steps(program.steps().train, source, plain), early(program.steps().train, eager, background);
  const std::vector<std::vector<int64_t>> batches = {{0, 1}, {2, 3}, {4, 5}, {9, 0}, {1, 7}};
  for (int64_t step = 0; step < 40; ++step) {
    const auto& rows = batches[static_cast<size_t>(step) % 5];
    // Now and then something else comes than was announced.
    const auto& next = batches[static_cast<size_t>(step + (step % 7 == 0 ? 2 : 1)) % 5];
    steps.get(2).run(rows, 0, step, 1);
    early.get(2).run(rows, 0, step, 1, next);
    REQUIRE(same_bits(plain["w"], background["w"]));
  }
}
