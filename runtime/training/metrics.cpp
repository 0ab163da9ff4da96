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

MetricSums::MetricSums(const std::vector<Metric>& metrics) : metrics_(metrics), sums_(metrics.size()) {}

void MetricSums::clear() { sums_.assign(metrics_.size(), Sum{}); }

void MetricSums::add(const BoundStep& step) {
  if (indexed_ != &step) {
    results_.clear();
    for (const Metric& metric : metrics_) {
      const size_t result = step.result_index(metric.result.empty() ? metric.name : metric.result);
      results_.emplace_back(result, metric.denominator.empty()
                                        ? -1
                                        : static_cast<int64_t>(step.result_index(metric.denominator)));
    }
    indexed_ = &step;
  }
  const auto rows = static_cast<double>(step.rows());
  for (size_t i = 0; i < metrics_.size(); ++i) {
    Sum& sum = sums_[i];
    const double value = scalar_result(step, results_[i].first);
    ++sum.steps;
    if (results_[i].second < 0) {
      sum.latest = value;
      sum.numerator += value * rows;
      sum.denominator += rows;
    } else {
      const double denominator = scalar_result(step, static_cast<size_t>(results_[i].second));
      sum.latest = value / denominator;
      sum.numerator += value;
      sum.denominator += denominator;
    }
  }
}

std::vector<double> MetricSums::values() const {
  std::vector<double> result;
  values(result);
  return result;
}

void MetricSums::values(std::vector<double>& out) const {
  out.clear();
  for (const Sum& sum : sums_)
    out.push_back(sum.steps == 0   ? std::numeric_limits<double>::quiet_NaN()
                  : sum.steps == 1 ? sum.latest
                                   : sum.numerator / sum.denominator);
}

std::vector<double> MetricSums::save() const {
  std::vector<double> saved;
  for (const Sum& sum : sums_)
    saved.insert(saved.end(), {sum.latest, sum.numerator, sum.denominator, static_cast<double>(sum.steps)});
  return saved;
}

bool MetricSums::load(std::span<const double> saved) {
  if (saved.size() != 4 * sums_.size()) return false;
  for (size_t i = 0; i < sums_.size(); ++i) {
    const auto each = saved.subspan(4 * i, 4);
    if (!(each[3] >= 0 && each[3] < 1e15)) return false;
    sums_[i] = {each[0], each[1], each[2], static_cast<int64_t>(each[3])};
  }
  return true;
}

std::vector<double> measure(BoundSteps& steps, std::span<const int64_t> rows,
                            const std::vector<Metric>& metrics, const RunOptions& options) {
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
