#include "runtime/training/run_folder.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <chrono>
#include <cmath>
#include <limits>

#include "ir/error.h"
#include "ir/shown_text.h"
#include "runtime/training/curves.h"

namespace gradus {

namespace {

constexpr double drawing_interval = 2;  // seconds, of a picture of a run that goes on

// Shows curves.svg, and looks every other second whether it has changed.
constexpr const char* page =
    "<!doctype html>\n<meta charset=\"utf-8\">\n<title>Curves</title>\n"
    "<img id=\"curves\" src=\"curves.svg\" alt=\"losses and metrics over the epochs\">\n"
    "<script>\n"
    "setInterval(() => { document.getElementById('curves').src = 'curves.svg?' + Date.now(); }, 2000);\n"
    "</script>\n";

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

std::string history_header(const TrainingState& state) {
  std::string line = fmt::format("epoch,step,{}", fmt::join(state.names, ","));
  for (const std::string& name : state.rate_names) line += "," + name;
  return line + "\n";
}

std::string history_line(const EpochRecord& record) {
  std::string line = fmt::format("{},{}", record.epoch, record.step);
  for (const double value : record.values) line += "," + shown_number(value);
  for (const double rate : record.rates) line += "," + shown_number(rate);
  return line + "\n";
}

CheckpointInterval parse_checkpoint_interval(const std::string& text) {
  const bool seconds = text.ends_with('s');
  const char* end = text.data() + text.size() - (seconds ? 1 : 0);
  double number = 0;
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  const bool whole = seconds || number == std::floor(number);
  if (error != std::errc() || stopped != end || !(number > 0 && number < 1e12) || !whole)
    fail_program(fmt::format("--checkpoint-every: '{}' is neither a number of steps nor of seconds", text),
                 {}, "for example --checkpoint-every 500 (steps) or --checkpoint-every 30s");
  if (seconds) return {0, number};
  return {static_cast<int64_t>(number), 0};
}

RunFolder::RunFolder(RunFolderOptions options)
    : options_(std::move(options)), best_(std::numeric_limits<double>::infinity()) {
  create_folder(options_.path);
}

void RunFolder::train_begin(TrainingState& state) {
  if (options_.monitor.empty())
    options_.monitor = state.find("validation.loss") >= 0 ? "validation.loss" : state.names.front();
  monitored_ = monitored_metric(state, options_.monitor, "best.safetensors");
  // A resumed run has lines of epochs that the checkpoint does not know, or half a line: they are made again.
  if (state.resumed) {
    std::string text = history_header(state);
    for (const EpochRecord& record : state.history) text += history_line(record);
    write_file_atomically(history_file(), std::vector<ByteView>{std::as_bytes(std::span(text))});
  } else {
    remove_file(resume_file());
    remove_file(best_file());
  }
  // A run that starts from parameters after some epochs continues its file.
  history_ = std::make_unique<AppendedFile>(history_file(), state.resumed || state.epoch > 0);
  if (history_->empty()) history_->append(history_header(state));
  saved_ = now();
}

void RunFolder::batch_end(TrainingState& state) {
  // The last batch of an epoch waits for the validation.
  if (state.batches_done < state.batches && due(state)) save_training_now(state);
}

void RunFolder::epoch_end(TrainingState& state) {
  history_->append(history_line(state.history.back()));
  note_best(state);
  if (due(state))
    save_training_now(state);
  else if (now() - drawn_ >= drawing_interval)
    draw(state);
}

void RunFolder::train_end(TrainingState& state) {
  int64_t epochs = state.epoch, steps = state.step;
  for (const EpochRecord& record : state.history)
    if (record.epoch == state.final_epoch) epochs = record.epoch, steps = record.step;
  save_checkpoint(checkpoint_file(), state.parameters, info(state, epochs, steps));
  save_training_now(state);
}

bool RunFolder::due(const TrainingState& state) const {
  const CheckpointInterval& interval = options_.interval;
  return (interval.steps > 0 && state.step % interval.steps == 0) ||
         (interval.seconds > 0 && now() - saved_ >= interval.seconds);
}

CheckpointInfo RunFolder::info(const TrainingState& state, int64_t epochs_done, int64_t steps_done) const {
  return {options_.program, state.seed, epochs_done, steps_done, options_.preparation};
}

// Before resume.safetensors, so that whatever epoch that file calls the best has been written: at worst
// best.safetensors is from a later epoch, which the resumed run will reach again.
void RunFolder::save_best(const TrainingState& state) {
  if (best_values_.empty()) return;
  save_checkpoint(best_file(), state.parameters, info(state, best_epoch_, best_step_), &best_values_);
  best_values_.clear();
}

void RunFolder::note_best(const TrainingState& state) {
  const EpochRecord& record = state.history.back();
  const double value = record.values[monitored_] * (is_maximized(options_.monitor, options_.mode) ? -1 : 1);
  if (best_epoch_ > 0 && !(value < best_)) return;
  if (value < best_) best_ = value;  // the first may be NaN
  best_epoch_ = record.epoch;
  best_step_ = record.step;
  best_values_ = state.parameters.snapshot();
}

std::vector<double> RunFolder::save() const {
  return {best_, static_cast<double>(best_epoch_), static_cast<double>(best_step_)};
}

void RunFolder::load(std::span<const double> saved, TrainingState&) {
  SavedReader reader(saved, "the best epoch");
  best_ = reader.number();
  best_epoch_ = reader.whole();
  best_step_ = reader.whole();
  reader.end();
}

// For people; made again whenever a checkpoint is, and for those who watch.
void RunFolder::draw(const TrainingState& state) {
  drawn_ = now();
  const auto write = [](const std::string& path, std::string_view text) {
    write_file_atomically(path, std::vector<ByteView>{std::as_bytes(std::span(text))});
  };
  write(curves_file(), draw_curves(options_.program, state.names, state.rate_names, state.history));
  write(options_.path + "/curves.html", page);
  write(options_.path + "/history.json", history_json(state.names, state.rate_names, state.history));
}

void RunFolder::save_training_now(const TrainingState& state) {
  draw(state);
  save_best(state);
  save_training(resume_file(), state.parameters, info(state, state.epochs_done, state.step), state.saved(),
                options_.identity);
  saved_ = now();
}

}  // namespace gradus
