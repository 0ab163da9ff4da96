// What a trained model gives: predictions, and metrics over rows.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "frontend/driver/train/training_program.h"
#include "runtime/training/checkpoint.h"
#include "runtime/training/metrics.h"

namespace gradus {

// The columns that a graph reads, in the order of the program.
std::vector<std::string> columns_used(const language::StepGraph& step,
                                      const language::TrainSettings& settings);

// Outputs of the model for rows of the program's data. A row has the same bits in any batch.
std::vector<NamedTensor> run_prediction(TrainingProgram& program, const std::string& checkpoint,
                                        std::span<const int64_t> rows);

// The values of `metrics`, in order, over rows of the program's data.
std::vector<double> run_evaluation(TrainingProgram& program, const std::string& checkpoint,
                                   const Metrics& metrics, std::span<const int64_t> rows);

}  // namespace gradus
