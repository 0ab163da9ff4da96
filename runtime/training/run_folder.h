// The folder of a run: history.csv, one line an epoch, and checkpoint.safetensors.
#pragma once

#include <memory>

#include "runtime/data/file.h"
#include "runtime/training/callback.h"

namespace gradus {

struct RunFolderOptions {
  std::string path;     // created if need be
  std::string program;  // goes into the checkpoint
  // Checkpoints are written at the end and after an epoch that ends so long after the last one.
  double seconds_between_checkpoints = 10;
};

class RunFolder : public Callback {
 public:
  explicit RunFolder(RunFolderOptions options);
  void train_begin(TrainingState& state) override;
  void epoch_end(TrainingState& state) override;
  void train_end(TrainingState& state) override;

  std::string history_file() const { return options_.path + "/history.csv"; }
  std::string checkpoint_file() const { return options_.path + "/checkpoint.safetensors"; }

 private:
  void save(const TrainingState& state, int64_t epochs_done, int64_t steps_done);

  RunFolderOptions options_;
  std::unique_ptr<AppendedFile> history_;
  double saved_ = 0;
};

// "epoch,step,loss,validation.loss", and a line of it; numbers are written so that they read back exactly.
std::string history_header(const TrainingState& state);
std::string history_line(const EpochRecord& record);

}  // namespace gradus
