// The folder of a run: history.csv, one line an epoch (history.json: the same; curves.svg: a picture of it;
// curves.html: the picture in a browser, made again while training goes on);
// checkpoint.safetensors, the parameters that training ended with; best.safetensors, those after the epoch
// that was best; resume.safetensors, from which it goes on if it was stopped, by whatever it was.
#pragma once

#include <memory>

#include "runtime/data/file.h"
#include "runtime/training/callback.h"
#include "runtime/training/checkpoint.h"
#include "runtime/training/monitor.h"

namespace gradus {

// How often resume.safetensors is written while training runs; 0: not for that reason.
struct CheckpointInterval {
  int64_t steps = 0;
  double seconds = 30;
};
// "100" steps or "30s"; anything else is a program error.
CheckpointInterval parse_checkpoint_interval(const std::string& text);

struct RunFolderOptions {
  std::string path;                  // created if need be
  std::string program, preparation;  // go into the checkpoint
  CheckpointInterval interval;
  RunIdentity identity;
  // What best.safetensors is best by; empty: validation.loss, or loss if there is no validation part.
  std::string monitor;
  MonitorMode mode = MonitorMode::automatic;
};

class RunFolder : public Callback {
 public:
  explicit RunFolder(RunFolderOptions options);
  void train_begin(TrainingState& state) override;
  void batch_end(TrainingState& state) override;
  void epoch_end(TrainingState& state) override;
  void train_end(TrainingState& state) override;
  std::vector<double> save() const override;
  void load(std::span<const double> saved, TrainingState& state) override;

  std::string history_file() const { return options_.path + "/history.csv"; }
  std::string checkpoint_file() const { return options_.path + "/checkpoint.safetensors"; }
  std::string curves_file() const { return options_.path + "/curves.svg"; }
  std::string best_file() const { return options_.path + "/best.safetensors"; }
  std::string resume_file() const { return options_.path + "/resume.safetensors"; }

 private:
  bool due(const TrainingState& state) const;
  CheckpointInfo info(const TrainingState& state, int64_t epochs_done, int64_t steps_done) const;
  void save_training_now(const TrainingState& state);
  void draw(const TrainingState& state);
  void note_best(const TrainingState& state);
  void save_best(const TrainingState& state);

  RunFolderOptions options_;
  size_t monitored_ = 0;
  double best_;  // the lowest, or the negative of the highest
  int64_t best_epoch_ = 0, best_step_ = 0;
  Snapshot best_values_;  // not written yet; otherwise empty
  std::unique_ptr<AppendedFile> history_;
  double saved_ = 0;
  double drawn_ = 0;
};

// "epoch,step,loss,validation.loss,rate", and a line of it; numbers are written so that they read back
// exactly.
std::string history_header(const TrainingState& state);
std::string history_line(const EpochRecord& record);

}  // namespace gradus
