#include <catch2/catch.hpp>
#include <cmath>

#include "runtime/training/health.h"

using namespace gradus;

TEST_CASE("HYP-09: overfitting begins where the validation loss is least") {
  const std::vector<double> training = {1.0, 0.8, 0.6, 0.5, 0.4}, validation = {1.0, 0.9, 0.85, 0.86, 0.87};
  CHECK(health::overfitting_epoch(training, validation) == 3);
  CHECK(!health::overfitting_epoch(training, std::vector<double>{1.0, 0.9, 0.85, 0.84, 0.83}));
  // Both rise: that is another symptom.
  CHECK(!health::overfitting_epoch(std::vector<double>{1.0, 0.8, 0.6, 0.7, 0.9}, validation));
  CHECK(!health::overfitting_epoch(training, {}));
}

TEST_CASE("a loss is flat when its last third is") {
  CHECK(health::flat(std::vector<double>{0.9, 0.7, 0.693, 0.693, 0.693, 0.693}));
  CHECK(!health::flat(std::vector<double>{0.9, 0.7, 0.5, 0.3, 0.2, 0.1}));
  CHECK(!health::flat(std::vector<double>{0.7, 0.7}));
}

TEST_CASE("INI-04: units that are equal are counted") {
  CHECK(health::identical_columns(Tensor(Shape{2, 3}, std::vector<float>{1, 2, 1, 3, 4, 3})) == 2);
  CHECK(health::identical_columns(Tensor(Shape{2, 3}, std::vector<float>{1, 2, 1, 3, 4, 5})) == 0);
  CHECK(health::identical_columns(Tensor(Shape{2, 2}, std::vector<float>{1, 1, NAN, NAN})) == 0);
}

TEST_CASE("VAN-02: the relative change of a weight") {
  const Tensor before(Shape{1}, std::vector<double>{1.0}), now(Shape{1}, std::vector<double>{0.999999});
  CHECK(health::relative_change(before, now) == Approx(1e-6).epsilon(1e-9));
  CHECK(health::relative_change(before, before) == 0);
}
