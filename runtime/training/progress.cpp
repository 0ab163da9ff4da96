#include "runtime/training/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "ir/shown_text.h"

namespace gradus {

namespace {

constexpr double seconds_between_redraws = 0.1;
// Runs of few epochs leave a line for each; long ones would scroll the screen away.
constexpr int64_t most_epochs_kept = 60;

double machine_clock() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::string duration(double seconds) {
  if (!std::isfinite(seconds) || seconds > 1e6) return "?";
  const auto whole = static_cast<int64_t>(seconds + 0.5);
  if (whole >= 3600) return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

std::string bar(double fraction) {
  constexpr int cells = 20;
  const int full = std::clamp(static_cast<int>(fraction * cells), 0, cells);
  return std::string(static_cast<size_t>(full), '#') + std::string(static_cast<size_t>(cells - full), '.');
}

}  // namespace

ProgressOptions ProgressOptions::of_terminal() {
  ProgressOptions options;
  const char* terminal = std::getenv("TERM");
  const bool dumb = terminal && std::string_view(terminal) == "dumb";
  options.enabled = ::isatty(STDERR_FILENO) == 1 && !dumb;
  const char* no_color = std::getenv("NO_COLOR");
  options.color = !(no_color && *no_color);
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 20) options.width = size.ws_col;
  return options;
}

ProgressBar::ProgressBar(std::ostream& out, ProgressOptions options)
    : out_(out), options_(std::move(options)) {
  if (!options_.clock) options_.clock = &machine_clock;
}

void ProgressBar::train_begin(TrainingState&) { train_started_ = options_.clock(); }

void ProgressBar::epoch_begin(TrainingState&) { epoch_started_ = options_.clock(); }

void ProgressBar::batch_end(TrainingState& state) {
  if (!options_.enabled) return;
  const double now = options_.clock();
  if (now - shown_ < seconds_between_redraws) return;
  show(running_line(state), false);
  shown_ = now;
}

void ProgressBar::epoch_end(TrainingState& state) {
  rows_seen_ += state.rows;
  if (!options_.enabled) return;
  const bool keep = state.epochs <= most_epochs_kept;
  const double now = options_.clock();
  if (!keep && now - shown_ < seconds_between_redraws) return;
  show(epoch_line(state), keep);
  shown_ = now;
}

void ProgressBar::train_end(TrainingState& state) {
  if (!options_.enabled) return;
  if (line_open_ && !state.history.empty())
    show(epoch_line(state), true);
  else if (line_open_)
    out_ << '\n';
  line_open_ = false;
  out_.flush();
}

std::string ProgressBar::metrics(const TrainingState& state, const std::vector<double>& values) const {
  std::string text;
  for (size_t i = 0; i < values.size(); ++i)
    text += fmt::format("  {} {:.4g}", state.names[i], unsigned_nan(values[i]));
  return text;
}

std::string ProgressBar::running_line(const TrainingState& state) const {
  const double elapsed = std::max(options_.clock() - train_started_, 1e-9);
  const auto done = static_cast<double>(rows_seen_ + state.rows_done);
  const double rate = done / elapsed;
  const double left = static_cast<double>(state.epochs) * static_cast<double>(state.rows) - done;
  return fmt::format("epoch {}/{} [{}] {}/{}  step {}{}  {:.0f} rows/s  ETA {}", state.epoch, state.epochs,
                     bar(static_cast<double>(state.batch) / static_cast<double>(state.batches)), state.batch,
                     state.batches, state.step, metrics(state, state.running), rate, duration(left / rate));
}

std::string ProgressBar::epoch_line(const TrainingState& state) const {
  const EpochRecord& record = state.history.back();
  return fmt::format("epoch {}/{}  step {}{}  {:.2f} s", record.epoch, state.epochs, record.step,
                     metrics(state, record.values), options_.clock() - epoch_started_);
}

// Overwrites the line; never wider than the terminal, or the carriage return would not reach its start.
void ProgressBar::show(const std::string& line, bool keep) {
  const std::string text = line.substr(0, static_cast<size_t>(std::max(options_.width - 1, 1)));
  const std::string_view word = "epoch";
  const bool colored = options_.color && text.size() > word.size();
  out_ << "\r\033[K" << (colored ? fmt::format("\033[1m{}\033[0m{}", word, text.substr(word.size())) : text);
  if (keep) out_ << '\n';
  out_.flush();
  line_open_ = !keep;
}

}  // namespace gradus
