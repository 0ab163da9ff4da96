#include "runtime/training/training_loop.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "ir/error.h"
#include "runtime/data/batches.h"

namespace gradus {

namespace {

std::string_view without_train(std::string_view name) {
  if (name.starts_with("train.")) name.remove_prefix(6);
  return name;
}

class Loop {
 public:
  Loop(const Steps& steps, const DataSet& data, ParameterSet& parameters, const TrainingOptions& options)
      : data_(data),
        options_(options),
        source_(data),
        train_steps_(steps.train, source_, parameters),
        evaluate_steps_(steps.evaluate, source_, parameters),
        sums_(options.metrics),
        state_(parameters) {
    for (const NamedTensor& scalar : options.scalars) source_.set_scalar(scalar.name, scalar.value);
    state_.seed = options.seed;
    state_.epochs = options.epochs;
    state_.epoch = options.epochs_done;
    state_.step = options.steps_done;
    state_.rows = static_cast<int64_t>(data.training.size());
    state_.batches = batch_count(state_.rows, options.batch);
    for (const Metric& metric : options.metrics) state_.names.push_back(metric.name);
    if (!data.validation.empty())
      for (const Metric& metric : options.metrics) state_.names.push_back("validation." + metric.name);
  }

  TrainingReport run() {
    if (state_.rows == 0) fail_program(fmt::format("{}: there are no training rows", data_.name));
    const auto started = std::chrono::steady_clock::now();
    tell(&Callback::train_begin);
    while (state_.epoch < options_.epochs && !state_.stop && !state_.interrupted) run_epoch();
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - started;
    tell(&Callback::train_end);
    return report(elapsed.count());
  }

 private:
  void tell(void (Callback::*hook)(TrainingState&)) {
    for (Callback* callback : options_.callbacks) (callback->*hook)(state_);
  }

  void run_epoch() {
    const int64_t epoch = ++state_.epoch;
    source_.set_epoch(epoch);
    state_.batch = 0;
    state_.rows_done = 0;
    sums_.clear();
    tell(&Callback::epoch_begin);
    const std::vector<int64_t> order = epoch_order(data_.training, options_.seed, epoch, options_.shuffle);
    for (int64_t i = 0; i < state_.batches; ++i) {
      run_batch(batch_rows(order, options_.batch, i));
      if (!options_.interrupted || !options_.interrupted()) continue;
      state_.interrupted = true;
      if (i + 1 == state_.batches) break;
      --state_.epoch;  // it is not complete
      return;
    }
    EpochRecord record{epoch, state_.step, sums_.values()};
    if (!data_.validation.empty()) {
      const std::vector<double> values =
          measure(evaluate_steps_, data_.validation, options_.metrics, run_options());
      record.values.insert(record.values.end(), values.begin(), values.end());
    }
    state_.history.push_back(std::move(record));
    tell(&Callback::epoch_end);
  }

  void run_batch(std::span<const int64_t> rows) {
    ++state_.batch;
    tell(&Callback::batch_begin);
    BoundStep& step = train_steps_.get(static_cast<int64_t>(rows.size()));
    step.run(rows, options_.seed, state_.step + 1, state_.epoch, options_.describe_check);
    ++state_.step;
    sums_.add(step);
    check_losses();
    state_.rows_done += static_cast<int64_t>(rows.size());
    sums_.values(state_.running);
    tell(&Callback::batch_end);
  }

  void check_losses() const {
    for (size_t i = 0; i < options_.metrics.size(); ++i) {
      if (!options_.metrics[i].loss || std::isfinite(sums_.latest(i))) continue;
      fail_program(fmt::format("{} is {} in epoch {}, step {}", options_.metrics[i].name, sums_.latest(i),
                               state_.epoch, state_.step),
                   {}, "lower the learning rate, clip the gradient, or look at the scale of the data");
    }
  }

  RunOptions run_options() const {
    return {options_.batch, options_.seed, state_.step, options_.describe_check};
  }

  TrainingReport report(double seconds) {
    TrainingReport report;
    if (!data_.test.empty() && !state_.interrupted) {
      const std::vector<double> values =
          measure(evaluate_steps_, data_.test, options_.metrics, run_options());
      for (size_t i = 0; i < values.size(); ++i)
        report.test.emplace_back("test." + options_.metrics[i].name, values[i]);
    }
    report.seconds = seconds;
    report.epoch = state_.epoch;
    report.step = state_.step;
    report.interrupted = state_.interrupted;
    report.final_epoch = state_.final_epoch > 0 ? state_.final_epoch : state_.epoch;
    for (const EpochRecord& record : state_.history)
      if (record.epoch == report.final_epoch) report.final_values = record.values;
    report.names = std::move(state_.names);
    report.history = std::move(state_.history);
    report.messages = std::move(state_.messages);
    return report;
  }

  const DataSet& data_;
  const TrainingOptions& options_;
  InputSource source_;
  BoundSteps train_steps_, evaluate_steps_;
  MetricSums sums_;
  TrainingState state_;
};

}  // namespace

int64_t TrainingState::find(std::string_view name) const {
  const auto found = std::find(names.begin(), names.end(), without_train(name));
  return found == names.end() ? -1 : found - names.begin();
}

std::optional<double> TrainingReport::value(std::string_view name) const {
  if (name == "epoch") return static_cast<double>(epoch);
  if (name == "step") return static_cast<double>(step);
  for (const auto& [known, number] : test)
    if (known == name) return number;
  name = without_train(name);
  for (size_t i = 0; i < final_values.size(); ++i)
    if (names[i] == name) return final_values[i];
  return std::nullopt;
}

TrainingReport train(const Steps& steps, const DataSet& data, ParameterSet& parameters,
                     const TrainingOptions& options) {
  if (options.epochs < 0) fail_program(fmt::format("epochs is {}; it must not be negative", options.epochs));
  return Loop(steps, data, parameters, options).run();
}

}  // namespace gradus
