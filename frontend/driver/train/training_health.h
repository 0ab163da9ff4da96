// --gradient-norms: how gradients, weights and activations fare while a program trains, and what that means.
//
// Writes gradients.csv (a line an epoch and parameter) and activations.csv (a line an epoch and layer) into
// the run's folder. After training, or when it fails, `report` names the symptoms.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "frontend/driver/analysis/observe.h"
#include "runtime/data/file.h"
#include "runtime/training/bound_step.h"
#include "runtime/training/callback.h"

namespace gradus {

class TrainingHealth : public Callback {
 public:
  // An empty folder: no files.
  TrainingHealth(Observation observation, std::string folder);

  void train_begin(TrainingState& state) override;
  void epoch_begin(TrainingState& state) override;
  void epoch_end(TrainingState& state) override;
  // After every training step, with the results that the observation added.
  void observe(const BoundStep& step);

  std::vector<std::string> files() const;
  // Warnings, one a symptom, from what is known by now.
  std::vector<Diagnostic> report() const;
  // What stopped the training, and behind it the report.
  Error with_report(const Error& error) const;

 private:
  struct Sum {
    double sum = 0, largest = 0;
    int64_t count = 0;
    bool finite = true;
    void add(double number, int64_t weight = 1);
    double mean() const { return count > 0 ? sum / static_cast<double>(count) : 0; }
  };

  void start_epoch();
  void note_losses(const TrainingState& state, const EpochRecord& record);
  void write_gradients(const TrainingState& state);
  void write_activations(const TrainingState& state);
  using Report = std::vector<Diagnostic>;
  void judge_gradients(Report& report) const;
  void judge_weights(Report& report) const;
  void judge_loss(Report& report) const;
  void judge_rectifiers(Report& report) const;

  Observation observation_;
  std::string folder_;
  std::unique_ptr<AppendedFile> gradients_, activations_;
  std::vector<Sum> epoch_norms_, run_norms_;  // by gradient
  std::vector<Sum> means_, squares_;          // by activation, of the epoch
  std::vector<std::vector<double>> largest_;  // by rectifier and unit, of the epoch so far
  std::vector<int64_t> dead_;                 // by rectifier, of the last epoch that is complete
  std::vector<Tensor> at_start_, at_epoch_;   // parameters, by gradient
  const ParameterSet* parameters_ = nullptr;
  int64_t steps_ = 0;
  std::vector<int64_t> epochs_;                          // complete, with their losses
  std::vector<double> training_loss_, validation_loss_;  // the latter is empty without validation
};

}  // namespace gradus
