#include "frontend/driver/train/reports.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "frontend/driver/train/train_numerics.h"
#include "runtime/data/png.h"

namespace gradus {

struct Reports::Bound {
  Bound(Reports& reports, size_t report)
      : rows(reports.program_.report_rows()), source(reports.program_.data()) {
    Executable& executable = reports.program_.report(report);
    // Scalars without rows are metrics and inputs; they have their values when the step runs.
    for (const Argument& input : executable.description().inputs)
      if (input.type.shape.empty()) source.set_scalar(input.name, 0);
    TrainingProgram& program = reports.program_;
    const StepFunction function(
        [&](int64_t) -> Executable& { return executable; },
        describe_checks(program, reports.parameters_, reports.checkpoint_, [&program, report](int64_t) {
          return checked_step(*program.reports()[report].graph);
        }));
    step =
        std::make_unique<BoundStep>(function, static_cast<int64_t>(rows.size()), source, reports.parameters_);
  }

  std::span<const int64_t> rows;
  InputSource source;
  std::unique_ptr<BoundStep> step;
};

Reports::Reports(TrainingProgram& program, ParameterSet& parameters, std::string folder,
                 std::string checkpoint)
    : program_(program),
      parameters_(parameters),
      folder_(std::move(folder)),
      checkpoint_(std::move(checkpoint)) {}

Reports::~Reports() = default;

Reports::Bound& Reports::bound(size_t report) {
  std::unique_ptr<Bound>& found = bound_[report];
  if (!found) found = std::make_unique<Bound>(*this, report);
  return *found;
}

std::string Reports::sheet_path(const language::ImageSheet& sheet, const Now& now) const {
  std::string name = sheet.file;
  const auto fill = [&](const std::string& field, int64_t value) {
    for (size_t at = name.find(field); at != std::string::npos; at = name.find(field))
      name.replace(at, field.size(), std::to_string(value));
  };
  fill("{epoch}", now.epoch);
  fill("{step}", now.step);
  return folder_ + "/" + name;
}

std::vector<OutcomeLine> Reports::run(size_t index, const Now& now) {
  const language::Report& report = program_.reports()[index];
  ResultTable table;
  std::map<std::string, const Tensor*> tensors;
  if (report.graph) {
    Bound& step = bound(index);
    step.source.set_epoch(now.epoch);
    for (const Argument& input : step.step->executable().description().inputs) {
      if (!input.type.shape.empty() || input.name == "epoch") continue;
      const auto given = now.inputs.find(input.name);
      const std::optional<double> metric =
          given != now.inputs.end() ? std::optional<double>(given->second) : now.metrics(input.name);
      step.source.set_scalar(input.name, metric.value_or(std::numeric_limits<double>::quiet_NaN()));
    }
    step.step->run(step.rows, program_.settings().seed, now.step, 0);
    const auto& results = step.step->executable().description().results;
    for (size_t r = 0; r < results.size(); ++r) {
      const Tensor& result = step.step->result(r);
      table[results[r].name] = numbers_of(result);
      tensors[results[r].name] = &result;
    }
  }
  std::vector<OutcomeLine> outcomes;
  for (const auto& line : report.lines) {
    if (const auto* metrics = std::get_if<language::MetricLine>(&line)) {
      language::MetricOutcome outcome = language::evaluate_metrics(*metrics, now.metrics);
      outcomes.push_back({outcome.span, outcome.expectation, outcome.holds, std::move(outcome.text), ""});
    } else if (const auto* print = std::get_if<language::PrintLine>(&line)) {
      outcomes.push_back(outcome_line(*print, table));
    } else if (const auto* expectation = std::get_if<language::Expectation>(&line)) {
      outcomes.push_back(outcome_line(*expectation, table));
    } else if (const auto* sheet = std::get_if<language::ImageSheet>(&line); sheet && !folder_.empty()) {
      const std::string path = sheet_path(*sheet, now);
      if (const size_t slash = path.rfind('/'); slash > folder_.size()) create_folder(path.substr(0, slash));
      write_png(path, image_grid(*tensors.at(sheet->result)));
    }
  }
  return outcomes;
}

void ReportCallback::batch_end(TrainingState& state) { run_all(language::Report::Moment::steps, state); }

void ReportCallback::epoch_end(TrainingState& state) { run_all(language::Report::Moment::epoch, state); }

void ReportCallback::run_all(language::Report::Moment moment, TrainingState& state) {
  const std::vector<language::Report>& reports = program_.reports();
  try {
    for (size_t i = 0; i < reports.size(); ++i)
      if (reports[i].moment == moment && (reports[i].steps == 0 || state.step % reports[i].steps == 0))
        run(i, state);
  } catch (const Error& error) {
    failure_ = error;
    state.interrupted = true;
  }
}

void ReportCallback::run(size_t report, const TrainingState& state) {
  const bool within = state.batches_done > 0;  // an epoch
  Reports::Now now{state.epoch, state.step, state.inputs, {}};
  now.metrics = [&](const std::string& name) -> std::optional<double> {
    if (name == "epoch") return static_cast<double>(state.epoch);
    if (name == "step") return static_cast<double>(state.step);
    if (const auto input = state.inputs.find(name); input != state.inputs.end()) return input->second;
    const bool any = !state.history.empty();
    for (size_t i = 0; any && i < state.rate_names.size(); ++i)
      if (state.rate_names[i] == name) return state.history.back().rates[i];
    const int64_t found = state.find(name);
    if (found < 0) return std::nullopt;
    const auto index = static_cast<size_t>(found);
    // Within an epoch the training metrics are those of its steps so far, the others the last epoch's.
    if (within && index < state.running.size()) return state.running[index];
    return any ? state.history.back().values[index] : std::numeric_limits<double>::quiet_NaN();
  };
  for (const OutcomeLine& outcome : reports_.run(report, now))
    if (!outcome.expectation)
      fmt::print("{}\n", outcome.text);
    else if (!outcome.holds)
      fail_program("the expectation does not hold: " + outcome.text +
                       (outcome.message.empty() ? "" : ": " + outcome.message),
                   outcome.span);
}

}  // namespace gradus
