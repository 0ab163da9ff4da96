#include "runtime/training/training_loop.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>

#include "ir/error.h"
#include "ir/shown_text.h"
#include "runtime/data/batches.h"

namespace gradus {

namespace {

std::string_view without_train(std::string_view name) {
  if (name.starts_with("train.")) name.remove_prefix(6);
  return name;
}

constexpr const char* what_helps =
    "lower the learning rate, clip the gradient, or look at the scale of the data";

// The first number that a parameter or state should not hold. State may overflow: a variance, a mean of
// squares.
std::optional<double> first_bad(const Tensor& tensor, ArgumentKind kind) {
  if (!is_float(tensor.element())) return std::nullopt;
  for (int64_t i = 0; i < tensor.size(); ++i) {
    const double number = tensor.number(i);
    if (std::isnan(number) || (kind == ArgumentKind::parameter && std::isinf(number))) return number;
  }
  return std::nullopt;
}

class Loop {
 public:
  Loop(const Steps& steps, const DataSet& data, ParameterSet& parameters, const TrainingOptions& options)
      : data_(data),
        options_(options),
        source_(data),
        parameters_(parameters),
        steps_(steps),
        evaluate_steps_(steps.evaluate, source_, parameters),
        sums_(options.metrics),
        state_(parameters) {
    for (const auto& [name, value] : options.inputs) source_.set_scalar(name, value);
    state_.inputs = options.inputs;
    state_.seed = options.seed;
    state_.epochs = options.epochs;
    state_.epoch = state_.epochs_done = options.epochs_done;
    state_.step = options.steps_done;
    state_.rows = static_cast<int64_t>(data.training.size());
    state_.batches = batch_count(state_.rows, options.batch, options.drop_last);
    for (const Metric& metric : options.metrics.all) state_.names.push_back(metric.name);
    if (!data.validation.empty())
      for (const Metric& metric : options.metrics.all) state_.names.push_back("validation." + metric.name);
    for (const auto& [name, value] : options.inputs) state_.rate_names.push_back(name);
    state_.rate_names.insert(state_.rate_names.end(), options.rates.begin(), options.rates.end());
    rates_.resize(options.rates.size(), std::numeric_limits<double>::quiet_NaN());
    state_.saved = [this] {
      check_storage();
      return saved();
    };
    for (size_t i = 0; i < parameters.size(); ++i)
      began_well_.push_back(!first_bad(parameters.value(i), parameters.kind(i)));
  }

  TrainingReport run() {
    if (state_.rows == 0) fail_program(fmt::format("{}: there are no training rows", data_.name));
    const auto started = std::chrono::steady_clock::now();
    if (options_.resume) resume(*options_.resume);
    first_step_ = state_.step + 1;
    if (!state_.finished) {
      tell(&Callback::train_begin);
      while (state_.epochs_done < options_.epochs && !state_.stop && !state_.interrupted) run_epoch();
      state_.finished = !state_.interrupted;
      check_storage();
      tell(&Callback::train_end);
    }
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - started;
    return report(elapsed.count());
  }

 private:
  void tell(void (Callback::*hook)(TrainingState&)) {
    for (Callback* callback : options_.callbacks) (callback->*hook)(state_);
    if (!state_.inputs_changed) return;
    for (const auto& [name, value] : state_.inputs) source_.set_scalar(name, value);
    state_.inputs_changed = false;
  }

  void run_epoch() {
    const int64_t epoch = state_.epoch = state_.epochs_done + 1;
    source_.set_epoch(epoch);
    state_.batch = state_.batches_done;
    state_.rows_done = std::min(state_.batch * options_.batch, state_.rows);
    if (state_.batches_done == 0) {
      sums_.clear();
      tell(&Callback::epoch_begin);
    }
    const std::vector<int64_t> order = epoch_order(data_.training, options_.seed, epoch, options_.shuffle);
    while (state_.batches_done < state_.batches) {
      const int64_t index = state_.batches_done;
      run_batch(batch_rows(order, options_.batch, index), index + 1 < state_.batches
                                                              ? batch_rows(order, options_.batch, index + 1)
                                                              : std::span<const int64_t>());
      if (options_.interrupted && options_.interrupted()) state_.interrupted = true;
      if (!state_.interrupted) continue;
      if (state_.batches_done == state_.batches) break;
      --state_.epoch;  // it is not complete
      return;
    }
    end_epoch();
  }

  void end_epoch() {
    check_storage();
    EpochRecord record{state_.epoch, state_.step, sums_.values(), {}};
    if (!data_.validation.empty()) {
      const std::vector<double> values =
          measure(evaluate_steps_, data_.validation, options_.metrics, run_options());
      record.values.insert(record.values.end(), values.begin(), values.end());
    }
    for (const auto& [name, value] : state_.inputs) record.rates.push_back(value);
    record.rates.insert(record.rates.end(), rates_.begin(), rates_.end());
    state_.history.push_back(std::move(record));
    state_.epochs_done = state_.epoch;
    state_.batches_done = 0;
    tell(&Callback::epoch_end);
  }

  void run_batch(std::span<const int64_t> rows, std::span<const int64_t> next) {
    ++state_.batch;
    tell(&Callback::batch_begin);
    BoundStep& step = train_steps().get(static_cast<int64_t>(rows.size()));
    step.run(rows, options_.seed, state_.step + 1, state_.epoch, next);
    ++state_.step;
    ++state_.batches_done;
    sums_.add(step);
    if (options_.observe) options_.observe(step);
    check_losses();
    for (size_t i = 0; i < rates_.size(); ++i)
      rates_[i] = step.result(step.result_index(options_.rates[i])).number(0);
    state_.rows_done += static_cast<int64_t>(rows.size());
    sums_.values(state_.running);
    tell(&Callback::batch_end);
  }

  BoundSteps& train_steps() {
    const uint64_t kind = steps_.kind ? steps_.kind(state_) : 0;
    auto& steps = train_steps_[kind];
    if (!steps)
      steps = std::make_unique<BoundSteps>(steps_.kind ? steps_.train_kind(kind) : steps_.train, source_,
                                           parameters_);
    return *steps;
  }

  // --- What a checkpoint says

  SavedTraining saved() const {
    SavedTraining saved;
    const auto flag = [](bool value) { return value ? 1.0 : 0.0; };
    saved.numbers["position"] = {static_cast<double>(state_.epochs_done),
                                 static_cast<double>(state_.batches_done),
                                 static_cast<double>(state_.step),
                                 static_cast<double>(state_.final_epoch),
                                 flag(state_.stop),
                                 flag(state_.finished)};
    saved.numbers["sums"] = sums_.save();
    saved.numbers["rates"] = rates_;
    for (const auto& [name, value] : state_.inputs) saved.numbers["inputs"].push_back(value);
    std::vector<double>& history = saved.numbers["history"];
    for (const EpochRecord& record : state_.history) {
      history.push_back(static_cast<double>(record.epoch));
      history.push_back(static_cast<double>(record.step));
      history.insert(history.end(), record.values.begin(), record.values.end());
      history.insert(history.end(), record.rates.begin(), record.rates.end());
    }
    for (size_t i = 0; i < options_.callbacks.size(); ++i)
      if (std::vector<double> numbers = options_.callbacks[i]->save(); !numbers.empty())
        saved.numbers[callback_name(i)] = std::move(numbers);
    if (!state_.finished)
      for (const auto& [epoch, kept] : state_.snapshots)
        if (std::shared_ptr<const Snapshot> snapshot = kept.lock()) saved.snapshots[epoch] = snapshot;
    return saved;
  }

  static std::string callback_name(size_t index) { return fmt::format("callback_{}", index + 1); }

  static std::span<const double> numbers(const SavedTraining& saved, const std::string& name) {
    const auto found = saved.numbers.find(name);
    if (found == saved.numbers.end()) SavedReader({}, fmt::format("'{}'", name)).fail();
    return found->second;
  }

  void resume(const SavedTraining& saved) {
    SavedReader position(numbers(saved, "position"), "the position");
    state_.epochs_done = position.whole();
    state_.batches_done = position.whole();
    state_.step = position.whole();
    state_.final_epoch = position.whole();
    state_.stop = position.whole() != 0;
    const bool was_finished = position.whole() != 0;
    position.end();
    require_epochs(was_finished);
    state_.finished = was_finished && (state_.stop || state_.epochs_done == options_.epochs);
    if (state_.finished && state_.epochs_done < options_.epochs)
      state_.messages.push_back(fmt::format(
          "the run was stopped early, after epoch {}: there is nothing left to train", state_.epochs_done));
    const auto in = [](int64_t value, int64_t limit) { return value >= 0 && value <= limit; };
    if (!in(state_.epochs_done, options_.epochs) || !in(state_.batches_done, state_.batches) ||
        state_.step < 0 || !in(state_.final_epoch, state_.epochs_done))
      position.fail();
    state_.resumed = true;
    state_.epoch = state_.epochs_done;
    if (!sums_.load(numbers(saved, "sums"))) SavedReader({}, "the metrics").fail();
    sums_.values(state_.running);
    resume_rates(saved);
    resume_history(saved);
    for (const auto& [epoch, snapshot] : saved.snapshots) state_.snapshots[epoch] = snapshot;
    for (size_t i = 0; i < options_.callbacks.size(); ++i)
      if (const auto found = saved.numbers.find(callback_name(i)); found != saved.numbers.end())
        options_.callbacks[i]->load(found->second, state_);
  }

  // A run may be resumed with more epochs than it was started with.
  void require_epochs(bool was_finished) const {
    if (state_.epochs_done > options_.epochs)
      fail_program(fmt::format("the run has had {} epochs, and the program asks for {} in all",
                               state_.epochs_done, options_.epochs));
    if (was_finished && !state_.stop && state_.epochs_done < options_.epochs && state_.final_epoch > 0)
      fail_program(
          fmt::format("the run has ended with the parameters of epoch {}, the best of {}: it cannot go on",
                      state_.final_epoch, state_.epochs_done),
          {}, "--initialize starts another run from the parameters of its checkpoint");
  }

  void resume_rates(const SavedTraining& saved) {
    SavedReader rates(numbers(saved, "rates"), "the rates");
    rates_ = rates.numbers(rates_.size());
    rates.end();
    if (state_.inputs.empty()) return;
    SavedReader inputs(numbers(saved, "inputs"), "the inputs");
    for (auto& [name, value] : state_.inputs) source_.set_scalar(name, value = inputs.number());
    inputs.end();
  }

  void resume_history(const SavedTraining& saved) {
    SavedReader history(numbers(saved, "history"), "the history");
    while (history.left() > 0) {
      EpochRecord record;
      record.epoch = history.whole();
      record.step = history.whole();
      record.values = history.numbers(state_.names.size());
      record.rates = history.numbers(state_.rate_names.size());
      state_.history.push_back(std::move(record));
    }
  }

  void check_losses() const {
    for (size_t i = 0; i < options_.metrics.all.size(); ++i) {
      if (!options_.metrics.all[i].loss || std::isfinite(sums_.latest(i))) continue;
      fail_program(fmt::format("{} is {} in epoch {}, step {}", options_.metrics.all[i].name,
                               shown_number(sums_.latest(i)), state_.epoch, state_.step),
                   {},
                   state_.step == first_step_ ? "this run updated nothing before: --check-numerics names the "
                                                "number of the data, the weight or "
                                                "the op that it comes from"
                                              : what_helps);
    }
  }

  // The loss shows what a step made of the parameters only in the next step, and there may be none: before
  // they are measured or saved they are looked at. What began so may be meant so.
  void check_storage() const {
    for (size_t i = 0; i < parameters_.size(); ++i) {
      if (!began_well_[i]) continue;
      if (const std::optional<double> number = first_bad(parameters_.value(i), parameters_.kind(i)))
        fail_program(fmt::format("{} '{}' holds {} after epoch {}, step {}",
                                 parameters_.kind(i) == ArgumentKind::state ? "the state" : "the parameter",
                                 parameters_.path(i), shown_number(*number), state_.epoch, state_.step),
                     {}, what_helps);
    }
  }

  RunOptions run_options() const { return {options_.batch, options_.seed, state_.step}; }

  TrainingReport report(double seconds) {
    TrainingReport report;
    if (!data_.test.empty() && !state_.interrupted) {
      const std::vector<double> values =
          measure(evaluate_steps_, data_.test, options_.metrics, run_options());
      for (size_t i = 0; i < values.size(); ++i)
        report.test.emplace_back("test." + options_.metrics.all[i].name, values[i]);
    }
    report.seconds = seconds;
    report.epoch = state_.epoch;
    report.step = state_.step;
    report.interrupted = state_.interrupted;
    report.final_epoch = state_.final_epoch > 0 ? state_.final_epoch : state_.epoch;
    for (const EpochRecord& record : state_.history)
      if (record.epoch == report.final_epoch) report.final_values = record.values;
    report.names = std::move(state_.names);
    report.rate_names = std::move(state_.rate_names);
    report.history = std::move(state_.history);
    report.messages = std::move(state_.messages);
    return report;
  }

  const DataSet& data_;
  const TrainingOptions& options_;
  InputSource source_;
  ParameterSet& parameters_;
  const Steps& steps_;
  std::map<uint64_t, std::unique_ptr<BoundSteps>> train_steps_;  // by kind
  BoundSteps evaluate_steps_;
  MetricSums sums_;
  TrainingState state_;
  std::vector<double> rates_;     // of the last step
  std::vector<bool> began_well_;  // by position in the parameters
  int64_t first_step_ = 1;        // of this run
};

}  // namespace

void TrainingState::set_input(const std::string& name, double value) {
  inputs.at(name) = value;
  inputs_changed = true;
}

std::shared_ptr<const Snapshot> TrainingState::keep() {
  std::weak_ptr<const Snapshot>& kept_now = snapshots[epoch];
  if (std::shared_ptr<const Snapshot> known = kept_now.lock()) return known;
  auto snapshot = std::make_shared<const Snapshot>(parameters.snapshot());
  std::erase_if(snapshots, [this](const auto& each) { return each.first != epoch && each.second.expired(); });
  snapshots[epoch] = snapshot;
  return snapshot;
}

std::shared_ptr<const Snapshot> TrainingState::kept(int64_t of_epoch) const {
  const auto found = snapshots.find(of_epoch);
  std::shared_ptr<const Snapshot> snapshot = found == snapshots.end() ? nullptr : found->second.lock();
  if (!snapshot) SavedReader({}, fmt::format("the parameters of epoch {}", of_epoch)).fail();
  return snapshot;
}

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
  for (size_t i = 0; i < rate_names.size() && !history.empty(); ++i)
    if (rate_names[i] == name) return history.back().rates[i];
  return std::nullopt;
}

TrainingReport train(const Steps& steps, const DataSet& data, ParameterSet& parameters,
                     const TrainingOptions& options) {
  if (options.epochs < 0) fail_program(fmt::format("epochs is {}; it must not be negative", options.epochs));
  return Loop(steps, data, parameters, options).run();
}

}  // namespace gradus
