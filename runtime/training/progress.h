// One line on the terminal that shows where the training is.
#pragma once

#include <chrono>
#include <functional>
#include <ostream>

#include "runtime/training/callback.h"

namespace gradus {

struct ProgressOptions {
  bool enabled = true;
  bool color = true;
  int width = 80;
  std::function<double()> clock;  // seconds; the default is the machine's

  // For stderr: enabled if it is a terminal, with its width; no colour under NO_COLOR or TERM=dumb.
  static ProgressOptions of_terminal();
};

class ProgressBar : public Callback {
 public:
  ProgressBar(std::ostream& out, ProgressOptions options);
  void train_begin(TrainingState& state) override;
  void epoch_begin(TrainingState& state) override;
  void batch_end(TrainingState& state) override;
  void epoch_end(TrainingState& state) override;
  void train_end(TrainingState& state) override;

 private:
  std::string running_line(const TrainingState& state) const;
  std::string epoch_line(const TrainingState& state) const;
  std::string metrics(const TrainingState& state, const std::vector<double>& values) const;
  void show(const std::string& line, bool keep);

  std::ostream& out_;
  ProgressOptions options_;
  double train_started_ = 0, epoch_started_ = 0, shown_ = 0;
  int64_t rows_seen_ = 0;
  bool line_open_ = false;
};

}  // namespace gradus
