// Losses and metrics over many steps.
#pragma once

#include <string>
#include <vector>

#include "runtime/training/bound_step.h"

namespace gradus {

struct Metric {
  std::string name;
  std::string result;       // of the steps; empty: the same as the name
  std::string denominator;  // empty: a mean over rows; otherwise ratio(result, denominator), which sums both
  bool loss = false;        // training stops with a diagnostic when it is not finite
};

// A mean weighted by rows, or a ratio of sums, of every metric. A single step's value passes unchanged.
class MetricSums {
 public:
  explicit MetricSums(const std::vector<Metric>& metrics);
  void clear();
  void add(const BoundStep& step);
  // The values of the last step alone, as added.
  double latest(size_t metric) const { return sums_[metric].latest; }
  std::vector<double> values() const;
  void values(std::vector<double>& out) const;
  // All of it as numbers, to go on with later; false if they are not of these metrics.
  std::vector<double> save() const;
  bool load(std::span<const double> saved);

 private:
  struct Sum {
    double latest = 0, numerator = 0, denominator = 0;
    int64_t steps = 0;
  };
  const std::vector<Metric>& metrics_;
  std::vector<Sum> sums_;
  const BoundStep* indexed_ = nullptr;  // whose indices are in `results_`
  std::vector<std::pair<size_t, int64_t>> results_;
};

struct RunOptions {
  int64_t batch = 32;
  int64_t seed = 0;
  int64_t step = 0;
};

// Metrics over the given rows, batch by batch, in order.
std::vector<double> measure(BoundSteps& steps, std::span<const int64_t> rows,
                            const std::vector<Metric>& metrics, const RunOptions& options);

// All results of the steps over the given rows, one below the other; a result whose leading axis does not
// count the rows is a program error.
std::vector<NamedTensor> predict(BoundSteps& steps, std::span<const int64_t> rows, const RunOptions& options);

}  // namespace gradus
