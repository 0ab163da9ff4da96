// What `every epoch { … }` and `finally { … }` say: of metrics, and of what the model computes on a few rows.
#pragma once

#include <vector>

#include "frontend/driver/outcome.h"
#include "frontend/driver/training_program.h"
#include "runtime/training/bound_step.h"
#include "runtime/training/callback.h"

namespace gradus {

// A block's tensors: computed from the first rows of the validation part, or of the training part if there is
// none, one batch at most.
class BlockReport {
 public:
  BlockReport(TrainingProgram& program, const language::MetricBlock& block);

  std::vector<OutcomeLine> lines(ParameterSet& parameters, int64_t step, int64_t epoch,
                                 const language::MetricLookup& lookup);

 private:
  std::vector<OutcomeLine> computed(ParameterSet& parameters, int64_t step, int64_t epoch);

  TrainingProgram& program_;
  const language::MetricBlock& block_;
  std::vector<int64_t> rows_;
  TrainingProgram::ReportStep step_;
};

class EpochReport : public Callback {
 public:
  EpochReport(TrainingProgram& program, const language::MetricBlock& block) : report_(program, block) {}
  // Prints; an expectation that does not hold stops the training.
  void epoch_end(TrainingState& state) override;

 private:
  BlockReport report_;
};

}  // namespace gradus
