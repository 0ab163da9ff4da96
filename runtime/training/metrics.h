// Losses and metrics over many steps.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "runtime/training/bound_step.h"

namespace gradus {

struct Metric {
  std::string name;
  bool loss = false;  // training stops with a diagnostic when it is not finite
  // Results of the steps that are summed over a set, each with the number of its elements; the metric is
  // calculated from the sums. None: a mean over rows of the result that is called as the metric.
  struct Total {
    std::string result;
    int64_t elements = 1;
  };
  std::vector<Total> totals = {};
};

struct Metrics {
  std::vector<Metric> all;
  // Values of those with totals, in order, from the sums of all their totals, in order. Null if there are
  // none.
  std::function<std::vector<double>(std::span<const std::vector<double>> sums)> calculate = {};
};

// A mean weighted by rows of every metric, or what is calculated from sums over the steps. Of a single step,
// the value passes unchanged.
class MetricSums {
 public:
  explicit MetricSums(const Metrics& metrics);
  void clear();
  void add(const BoundStep& step);
  // The value of the last step alone, as added.
  double latest(size_t metric) const { return means_[metric].latest; }
  std::vector<double> values() const;
  void values(std::vector<double>& out) const;
  // All of it as numbers, to go on with later; false if they are not of these metrics.
  std::vector<double> save() const;
  bool load(std::span<const double> saved);

 private:
  struct Mean {
    double latest = 0, sum = 0, rows = 0;
  };
  void index(const BoundStep& step);

  const Metrics& metrics_;
  int64_t steps_ = 0;
  std::vector<Mean> means_;                // by metric
  std::vector<std::vector<double>> sums_;  // of all totals, in order
  const BoundStep* indexed_ = nullptr;     // whose results the following are
  std::vector<size_t> value_results_;      // by metric
  std::vector<size_t> total_results_;
};

struct RunOptions {
  int64_t batch = 32;
  int64_t seed = 0;
  int64_t step = 0;
};

// Metrics over the given rows, batch by batch, in order.
std::vector<double> measure(BoundSteps& steps, std::span<const int64_t> rows, const Metrics& metrics,
                            const RunOptions& options);

// All results of the steps over the given rows, one below the other; a result whose leading axis does not
// count the rows is a program error.
std::vector<NamedTensor> predict(BoundSteps& steps, std::span<const int64_t> rows, const RunOptions& options);

}  // namespace gradus
