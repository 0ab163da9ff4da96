#include "frontend/driver/train/training_health.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "ir/shown_text.h"
#include "runtime/training/health.h"

namespace gradus {

namespace {

void symptom(std::vector<Diagnostic>& report, std::string message, std::string hint, SourceSpan span = {}) {
  report.push_back({Severity::warning, std::move(message), std::move(span), {}, std::move(hint)});
}

constexpr const char* against_vanishing =
    "fewer layers, ReLU (or leaky ReLU) for sigmoid and tanh, he_normal or glorot_uniform initial values, "
    "batch_norm, or residual sums";

}  // namespace

void TrainingHealth::Sum::add(double number, int64_t weight) {
  finite = finite && std::isfinite(number);
  sum += number * static_cast<double>(weight);
  largest = std::max(largest, number);
  count += weight;
}

TrainingHealth::TrainingHealth(Observation observation, std::string folder)
    : observation_(std::move(observation)), folder_(std::move(folder)) {
  run_norms_.resize(observation_.gradients.size());
}

std::vector<std::string> TrainingHealth::files() const {
  if (folder_.empty()) return {};
  return {folder_ + "/gradients.csv", folder_ + "/activations.csv"};
}

void TrainingHealth::train_begin(TrainingState& state) {
  parameters_ = &state.parameters;
  for (const EpochRecord& record : state.history) note_losses(state, record);  // of a resumed run
  if (!folder_.empty()) {
    const bool keep = state.resumed || state.epoch > 0;
    gradients_ = std::make_unique<AppendedFile>(files()[0], keep);
    activations_ = std::make_unique<AppendedFile>(files()[1], keep);
    if (gradients_->empty())
      gradients_->append("epoch,parameter,gradient_norm,largest_gradient_norm,weight_norm,relative_change\n");
    if (activations_->empty()) activations_->append("epoch,layer,mean,deviation,dead_units\n");
  }
  start_epoch();
  at_start_ = at_epoch_;
}

void TrainingHealth::epoch_begin(TrainingState&) { start_epoch(); }

void TrainingHealth::note_losses(const TrainingState& state, const EpochRecord& record) {
  epochs_.push_back(record.epoch);
  training_loss_.push_back(record.values[0]);
  if (const int64_t index = state.find("validation." + state.names.front()); index >= 0)
    validation_loss_.push_back(record.values[static_cast<size_t>(index)]);
}

void TrainingHealth::start_epoch() {
  epoch_norms_.assign(observation_.gradients.size(), {});
  means_.assign(observation_.activations.size(), {});
  squares_.assign(observation_.activations.size(), {});
  largest_.clear();
  for (const Observation::Rectifier& rectifier : observation_.rectifiers)
    largest_.emplace_back(static_cast<size_t>(rectifier.units), 0.0);
  at_epoch_.clear();
  for (const Observation::Gradient& gradient : observation_.gradients)
    at_epoch_.push_back((*parameters_)[gradient.parameter]);
}

void TrainingHealth::observe(const BoundStep& step) {
  ++steps_;
  const auto value = [&](const std::string& result) {
    return step.result(step.result_index(result)).number(0);
  };
  for (size_t i = 0; i < observation_.gradients.size(); ++i) {
    const double norm = value(observation_.gradients[i].norm);
    epoch_norms_[i].add(norm);
    run_norms_[i].add(norm);
  }
  for (size_t i = 0; i < observation_.activations.size(); ++i) {
    means_[i].add(value(observation_.activations[i].mean), step.rows());
    squares_[i].add(value(observation_.activations[i].square), step.rows());
  }
  for (size_t i = 0; i < observation_.rectifiers.size(); ++i) {
    const Tensor& units = step.result(step.result_index(observation_.rectifiers[i].largest));
    for (size_t u = 0; u < largest_[i].size(); ++u)
      largest_[i][u] = std::max(largest_[i][u], units.number(static_cast<int64_t>(u)));
  }
}

void TrainingHealth::epoch_end(TrainingState& state) {
  note_losses(state, state.history.back());
  dead_.clear();
  for (const std::vector<double>& units : largest_)
    dead_.push_back(std::count(units.begin(), units.end(), 0.0));
  if (folder_.empty()) return;
  write_gradients(state);
  write_activations(state);
}

void TrainingHealth::write_gradients(const TrainingState& state) {
  std::string text;
  for (size_t i = 0; i < observation_.gradients.size(); ++i) {
    const Tensor& now = state.parameters[observation_.gradients[i].parameter];
    text += fmt::format("{},{},{},{},{},{}\n", state.epoch, observation_.gradients[i].parameter,
                        shown_number(epoch_norms_[i].mean()), shown_number(epoch_norms_[i].largest),
                        shown_number(health::norm(now)),
                        shown_number(health::relative_change(at_epoch_[i], now)));
  }
  gradients_->append(text);
}

void TrainingHealth::write_activations(const TrainingState& state) {
  std::string text;
  for (size_t i = 0; i < observation_.activations.size(); ++i) {
    const std::string& layer = observation_.activations[i].layer;
    const double mean = means_[i].mean();
    const double variance = std::max(squares_[i].mean() - mean * mean, 0.0);
    std::string dead;
    for (size_t r = 0; r < observation_.rectifiers.size(); ++r)
      if (observation_.rectifiers[r].layer == layer) dead = fmt::format("{}", dead_[r]);
    text += fmt::format("{},{},{},{},{}\n", state.epoch, layer, shown_number(mean),
                        shown_number(std::sqrt(variance)), dead);
  }
  activations_->append(text);
}

std::vector<Diagnostic> TrainingHealth::report() const {
  Report report;
  if (at_start_.empty() || steps_ == 0) return report;
  judge_gradients(report);
  judge_weights(report);
  judge_loss(report);
  judge_rectifiers(report);
  return report;
}

Error TrainingHealth::with_report(const Error& error) const {
  Report diagnostics = error.diagnostics();
  for (Diagnostic& diagnostic : report()) diagnostics.push_back(std::move(diagnostic));
  return {error.kind(), std::move(diagnostics)};
}

// Weights only: biases of deep layers learn even where nothing reaches the first ones.
void TrainingHealth::judge_gradients(Report& report) const {
  std::vector<size_t> weights;
  for (size_t i = 0; i < observation_.gradients.size(); ++i)
    if (at_start_[i].shape().size() >= 2) weights.push_back(i);
  for (size_t i = 0; i < run_norms_.size(); ++i) {
    if (run_norms_[i].finite && run_norms_[i].largest <= health::exploded) continue;
    symptom(report,
            fmt::format(
                "the gradient explodes: its norm by '{}' reached {:.3g}", observation_.gradients[i].parameter,
                run_norms_[i].finite ? run_norms_[i].largest : std::numeric_limits<double>::infinity()),
            "a lower rate, clip_norm, or smaller initial values; --check-numerics names the first bad value");
    return;
  }
  if (weights.empty()) return;
  const double last = run_norms_[weights.back()].mean();
  const size_t least = *std::min_element(weights.begin(), weights.end(), [&](size_t a, size_t b) {
    return run_norms_[a].mean() < run_norms_[b].mean();
  });
  if (last > 0 && run_norms_[least].mean() < health::vanished * last)
    symptom(report,
            fmt::format("the gradient vanishes: its norm by '{}' is {:.3g}, {:.3g} of that by '{}'",
                        observation_.gradients[least].parameter, run_norms_[least].mean(),
                        run_norms_[least].mean() / last, observation_.gradients[weights.back()].parameter),
            against_vanishing);
}

void TrainingHealth::judge_weights(Report& report) const {
  double least = 0;
  size_t still = 0;
  std::string first;
  for (size_t i = 0; i < observation_.gradients.size(); ++i) {
    const std::string& path = observation_.gradients[i].parameter;
    const Tensor& now = (*parameters_)[path];
    if (now.shape().size() < 2) continue;
    const double change = health::relative_change(at_start_[i], now);
    if (change < health::unchanged && still++ == 0) {
      first = path;
      least = change;
    }
    if (const int64_t identical = health::identical_columns(now); identical > 0)
      symptom(report,
              fmt::format("{} of the {} columns of '{}' are identical: their units compute the same",
                          identical, now.shape().back(), path),
              "equal initial values stay equal: start from random ones, such as glorot_uniform");
  }
  if (still > 0)
    symptom(report,
            fmt::format("'{}'{} did not learn: it changed by {:.3g} of its norm in {} steps", first,
                        still == 1 ? "" : fmt::format(" (and {} more weights)", still - 1), least, steps_),
            "look at its gradient norm in gradients.csv");
}

void TrainingHealth::judge_loss(Report& report) const {
  if (health::flat(training_loss_))
    symptom(report,
            fmt::format("the loss is flat: {:.6g} over the last third of {} epochs", training_loss_.back(),
                        training_loss_.size()),
            "if it is not the least possible: a higher rate, or a gradient that vanishes");
  if (const std::optional<int64_t> epoch = health::overfitting_epoch(training_loss_, validation_loss_))
    symptom(
        report,
        fmt::format("overfitting after epoch {}: the validation loss rose from {:.6g} to {:.6g} while the "
                    "training loss fell",
                    epochs_[static_cast<size_t>(*epoch - 1)],
                    validation_loss_[static_cast<size_t>(*epoch - 1)], validation_loss_.back()),
        "early_stopping, l2 penalties, dropout, or more data");
}

void TrainingHealth::judge_rectifiers(Report& report) const {
  for (size_t i = 0; i < dead_.size(); ++i) {
    const Observation::Rectifier& rectifier = observation_.rectifiers[i];
    const auto units = static_cast<double>(rectifier.units);
    if (static_cast<double>(dead_[i]) > health::too_many_dead * units)
      symptom(report,
              fmt::format("dying ReLU: {} of {} units of '{}' were 0 for every row of the last epoch",
                          dead_[i], rectifier.units, rectifier.layer),
              "a lower rate, a small positive initial bias such as 0.01, or leaky_relu", rectifier.span);
  }
}

}  // namespace gradus
