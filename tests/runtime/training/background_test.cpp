#include "runtime/training/background.h"

#include <atomic>
#include <chrono>

#include "tests/runtime/helpers.h"
#include "tests/runtime/training/fake_steps.h"

using namespace gradus;
using namespace gradus::test;

namespace {

// Work that is still going on when whoever began it leaves.
std::function<void()> slow(std::atomic<bool>& done) {
  return [&done] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    done = true;
  };
}

}  // namespace

TEST_CASE("an exception that passes by waits for the work in the background") {
  Background background;
  std::atomic<bool> done = false;
  CHECK_THROWS_AS(
      [&] {
        const Background::Work work = background.start(slow(done));
        throw 1;
      }(),
      int);
  CHECK(done);
}

TEST_CASE("what the work in the background throws is thrown where it is waited for") {
  Background background;
  Background::Work failing = background.start([] { fail_program("no batch"); });
  CHECK(error_of(ErrorKind::program, [&] { failing.finish(); }) == "no batch");
  std::atomic<bool> done = false;
  background.start(slow(done)).finish();
  CHECK(done);
}

// A step whose workspace is not to be had, while the next batch is gathered into memory that goes with it.
TEST_CASE("a step that throws leaves nobody who writes its next batch") {
  constexpr int64_t rows = 1 << 20;
  ExecutableDescription description;
  description.name = "train";
  description.inputs = {{"x", ArgumentKind::input, Type(ElementType::f64, {rows})}};
  description.workspace_bytes = int64_t{1} << 60;
  Executable executable([](gradus_call*) {}, description);
  const DataSet data =
      make_data_set("zeros", {{"x", ColumnRole::feature, "", Tensor(Type(ElementType::f64, {rows}))}});
  InputSource source(data);
  ParameterSet none;
  const StepFunction function([&](int64_t) -> Executable& { return executable; },
                              [](const CheckFailure&) { return Diagnostic{}; });
  for (int round = 0; round < 3; ++round) {
    auto step = std::make_unique<BoundStep>(function, rows, source, none);
    CHECK_THAT(error_of(ErrorKind::environment, [&] { step->run(data.training, 0, 1, 1, data.training); }),
               Catch::Contains("memory"));
    step.reset();
  }
}
