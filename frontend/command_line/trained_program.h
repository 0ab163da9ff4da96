// What `predict` and `evaluate` share: a trained model with its program, and rows for it.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "frontend/command_line/command.h"
#include "frontend/driver/data/new_data.h"
#include "frontend/driver/train/trained_model.h"
#include "frontend/driver/train/training_program.h"

namespace gradus::command_line {

struct TrainedOptions {
  std::string model;
  std::vector<std::string> data;
  std::vector<std::string> settings;
  CompileFlags compile;

  void add(CLI::App& app);
};

class TrainedProgram {
 public:
  TrainedProgram(const TrainedOptions& options, Sources& sources);
  TrainedProgram(const TrainedProgram&) = delete;
  TrainedProgram& operator=(const TrainedProgram&) = delete;

  const TrainedModel& model() const { return model_; }
  TrainingProgram& program() { return *program_; }
  bool has_new_data() const { return new_data_; }
  // Reads the rows of --data, of the columns that a graph uses, in place of the program's own; their names.
  std::vector<std::string> read_new_data(const std::vector<std::string>& columns, bool every_row);
  // What is said at the end.
  void finish(Sources& sources) const;

 private:
  const TrainedOptions& options_;
  TrainedModel model_;
  ElementType precision_;
  bool new_data_;
  std::unique_ptr<Compiler> compiler_;
  std::unique_ptr<TrainingProgram> program_;
};

}  // namespace gradus::command_line
