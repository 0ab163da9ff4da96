#include "frontend/driver/train/program_metrics.h"

#include <map>

namespace gradus {

namespace {

// Calculates metrics from totals over a set.
class SetMetrics {
 public:
  SetMetrics(Executable& executable, const std::vector<Metric>& metrics) : executable_(&executable) {
    std::map<std::string, size_t> position;
    for (const Metric& metric : metrics)
      for (const Metric::Total& total : metric.totals) position.emplace(total.result, position.size());
    for (const Argument& input : executable.description().inputs) inputs_.push_back(position.at(input.name));
    for (const Metric& metric : metrics)
      for (size_t r = 0; r < executable.description().results.size(); ++r)
        if (executable.description().results[r].name == metric.name) results_.push_back(r);
  }

  std::vector<double> operator()(std::span<const std::vector<double>> sums) const {
    std::vector<Tensor> inputs, none, results = executable_->make_results();
    for (size_t i = 0; i < inputs_.size(); ++i)
      inputs.emplace_back(executable_->description().inputs[i].type.shape, sums[inputs_[i]]);
    executable_->run(std::span<const Tensor>(inputs), none, results, 0, 0);
    std::vector<double> values;
    for (const size_t r : results_) values.push_back(results[r].number(0));
    return values;
  }

 private:
  Executable* executable_;
  std::vector<size_t> inputs_;   // by input, the total
  std::vector<size_t> results_;  // by metric with totals
};

}  // namespace

Metrics metrics_of(TrainingProgram& program) {
  Metrics metrics;
  const auto& totals = program.graphs().totals;
  for (const std::string& name : program.graphs().metrics) {
    Metric metric{name, metrics.all.empty(), {}};
    if (const auto found = totals.find(name); found != totals.end())
      for (const language::Total& total : found->second)
        metric.totals.push_back({total.result, element_count(total.type.shape)});
    metrics.all.push_back(std::move(metric));
  }
  if (program.graphs().set_metrics) metrics.calculate = SetMetrics(program.set_metrics(), metrics.all);
  return metrics;
}

}  // namespace gradus
