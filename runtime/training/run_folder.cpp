#include "runtime/training/run_folder.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>

#include "runtime/training/checkpoint.h"

namespace gradus {

namespace {

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

std::string history_header(const TrainingState& state) {
  return fmt::format("epoch,step,{}\n", fmt::join(state.names, ","));
}

std::string history_line(const EpochRecord& record) {
  return fmt::format("{},{},{}\n", record.epoch, record.step, fmt::join(record.values, ","));
}

RunFolder::RunFolder(RunFolderOptions options) : options_(std::move(options)) {
  create_folder(options_.path);
}

void RunFolder::train_begin(TrainingState& state) {
  // A run that goes on after some epochs continues its file.
  history_ = std::make_unique<AppendedFile>(history_file(), state.epoch > 0);
  if (history_->empty()) history_->append(history_header(state));
  saved_ = now();
}

void RunFolder::epoch_end(TrainingState& state) {
  history_->append(history_line(state.history.back()));
  if (now() - saved_ >= options_.seconds_between_checkpoints) save(state, state.epoch, state.step);
}

void RunFolder::train_end(TrainingState& state) {
  for (const EpochRecord& record : state.history)
    if (record.epoch == state.final_epoch) return save(state, record.epoch, record.step);
  save(state, state.epoch, state.step);
}

void RunFolder::save(const TrainingState& state, int64_t epochs_done, int64_t steps_done) {
  save_checkpoint(checkpoint_file(), state.parameters,
                  {options_.program, state.seed, epochs_done, steps_done});
  saved_ = now();
}

}  // namespace gradus
