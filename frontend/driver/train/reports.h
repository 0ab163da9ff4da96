// What a train block says while it trains (`every epoch`, `every n steps`) and at its end (`finally`).
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "frontend/driver/run/outcome.h"
#include "frontend/driver/train/training_program.h"
#include "runtime/training/bound_step.h"
#include "runtime/training/callback.h"

namespace gradus {

class Reports {
 public:
  // `folder`: where image sheets go; empty: they are not written.
  // `checkpoint`: where the parameters came from when the run began; empty: from initial values.
  Reports(TrainingProgram& program, ParameterSet& parameters, std::string folder, std::string checkpoint);
  ~Reports();

  struct Now {
    int64_t epoch = 0, step = 0;
    std::map<std::string, double> inputs;
    language::MetricLookup metrics;
  };
  std::vector<OutcomeLine> run(size_t report, const Now& now);

 private:
  struct Bound;
  Bound& bound(size_t report);
  std::string sheet_path(const language::ImageSheet& sheet, const Now& now) const;

  TrainingProgram& program_;
  ParameterSet& parameters_;
  std::string folder_, checkpoint_;
  std::map<size_t, std::unique_ptr<Bound>> bound_;
};

// Says it. What goes wrong there, a failing `expect` too, interrupts the training, so that the parameters are
// saved before anybody hears of it (`failure`).
class ReportCallback : public Callback {
 public:
  ReportCallback(TrainingProgram& program, Reports& reports) : program_(program), reports_(reports) {}
  void batch_end(TrainingState& state) override;
  void epoch_end(TrainingState& state) override;
  const std::optional<Error>& failure() const { return failure_; }

 private:
  void run_all(language::Report::Moment moment, TrainingState& state);
  void run(size_t report, const TrainingState& state);

  TrainingProgram& program_;
  Reports& reports_;
  std::optional<Error> failure_;
};

}  // namespace gradus
