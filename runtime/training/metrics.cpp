#include "runtime/training/metrics.h"

#include <fmt/format.h>

#include <cstring>
#include <limits>

#include "ir/error.h"
#include "runtime/data/batches.h"

namespace gradus {

namespace {

double scalar_result(const BoundStep& step, size_t index) {
  const Tensor& result = step.result(index);
  if (result.size() != 1)
    fail_internal(fmt::format("metric '{}' is {}, not one number",
                              step.executable().description().results[index].name, to_string(result.type())));
  return result.number(0);
}

}  // namespace

MetricSums::MetricSums(const Metrics& metrics) : metrics_(metrics) { clear(); }

void MetricSums::clear() {
  steps_ = 0;
  means_.assign(metrics_.all.size(), Mean{});
  sums_.clear();
  for (const Metric& metric : metrics_.all)
    for (const Metric::Total& total : metric.totals)
      sums_.emplace_back(static_cast<size_t>(total.elements), 0.0);
}

void MetricSums::index(const BoundStep& step) {
  if (indexed_ == &step) return;
  value_results_.clear();
  total_results_.clear();
  for (const Metric& metric : metrics_.all) {
    value_results_.push_back(step.result_index(metric.name));
    for (const Metric::Total& total : metric.totals)
      total_results_.push_back(step.result_index(total.result));
  }
  indexed_ = &step;
}

void MetricSums::add(const BoundStep& step) {
  index(step);
  ++steps_;
  const auto rows = static_cast<double>(step.rows());
  for (size_t i = 0; i < means_.size(); ++i) {
    const double value = scalar_result(step, value_results_[i]);
    means_[i].latest = value;
    means_[i].sum += value * rows;
    means_[i].rows += rows;
  }
  for (size_t k = 0; k < sums_.size(); ++k) {
    const Tensor& result = step.result(total_results_[k]);
    if (result.size() != static_cast<int64_t>(sums_[k].size()))
      fail_internal(fmt::format("a total has {} elements, not {}", result.size(), sums_[k].size()));
    for (size_t e = 0; e < sums_[k].size(); ++e) sums_[k][e] += result.number(static_cast<int64_t>(e));
  }
}

std::vector<double> MetricSums::values() const {
  std::vector<double> result;
  values(result);
  return result;
}

void MetricSums::values(std::vector<double>& out) const {
  const std::vector<double> calculated =
      steps_ > 0 && metrics_.calculate ? metrics_.calculate(sums_) : std::vector<double>();
  out.clear();
  size_t next = 0;
  for (size_t i = 0; i < means_.size(); ++i) {
    if (steps_ == 0)
      out.push_back(std::numeric_limits<double>::quiet_NaN());
    else if (!metrics_.all[i].totals.empty())
      out.push_back(calculated.at(next++));
    else
      out.push_back(steps_ == 1 ? means_[i].latest : means_[i].sum / means_[i].rows);
  }
}

std::vector<double> MetricSums::save() const {
  std::vector<double> saved{static_cast<double>(steps_)};
  for (const Mean& mean : means_) saved.insert(saved.end(), {mean.latest, mean.sum, mean.rows});
  for (const std::vector<double>& sum : sums_) saved.insert(saved.end(), sum.begin(), sum.end());
  return saved;
}

bool MetricSums::load(std::span<const double> saved) {
  size_t count = 1 + 3 * means_.size();
  for (const std::vector<double>& sum : sums_) count += sum.size();
  if (saved.size() != count || !(saved[0] >= 0 && saved[0] < 1e15)) return false;
  size_t at = 0;
  const auto take = [&] { return saved[at++]; };
  steps_ = static_cast<int64_t>(take());
  for (Mean& mean : means_) mean = {take(), take(), take()};
  for (std::vector<double>& sum : sums_)
    for (double& element : sum) element = take();
  return true;
}

std::vector<double> measure(BoundSteps& steps, std::span<const int64_t> rows, const Metrics& metrics,
                            const RunOptions& options) {
  MetricSums sums(metrics);
  const int64_t count = batch_count(static_cast<int64_t>(rows.size()), options.batch);
  for (int64_t i = 0; i < count; ++i) {
    const auto batch = batch_rows(rows, options.batch, i);
    BoundStep& step = steps.get(static_cast<int64_t>(batch.size()));
    step.run(batch, options.seed, options.step, 0);
    sums.add(step);
  }
  return sums.values();
}

std::vector<NamedTensor> predict(BoundSteps& steps, std::span<const int64_t> rows,
                                 const RunOptions& options) {
  std::vector<NamedTensor> outputs;
  const auto all = static_cast<int64_t>(rows.size());
  const int64_t count = batch_count(all, options.batch);
  std::vector<std::byte*> targets;
  for (int64_t i = 0; i < count; ++i) {
    const auto batch = batch_rows(rows, options.batch, i);
    BoundStep& step = steps.get(static_cast<int64_t>(batch.size()));
    step.run(batch, options.seed, options.step, 0);
    const auto& results = step.executable().description().results;
    for (size_t r = 0; r < results.size(); ++r) {
      const Tensor& result = step.result(r);
      if (row_count(result) != step.rows())
        fail_program(fmt::format("prediction: result '{}' is {}, which has not one entry per row",
                                 results[r].name, to_string(result.type())));
      if (i == 0) {
        Type type = result.type();
        type.shape.front() = all;
        outputs.push_back({results[r].name, Tensor(type)});
        targets.push_back(static_cast<std::byte*>(outputs.back().value.data()));
      }
      if (result.bytes() > 0) std::memcpy(targets[r], result.data(), static_cast<size_t>(result.bytes()));
      targets[r] += result.bytes();
    }
  }
  return outputs;
}

}  // namespace gradus
