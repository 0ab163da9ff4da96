#include "frontend/driver/epoch_report.h"

#include <fmt/format.h>

#include <algorithm>

namespace gradus {

BlockReport::BlockReport(TrainingProgram& program, const language::MetricBlock& block)
    : program_(program), block_(block) {
  const DataSet& data = program.data();
  rows_ = data.validation.empty() ? data.training : data.validation;
  rows_.resize(std::min(rows_.size(), static_cast<size_t>(program.settings().batch)));
  step_ = program.report(block, static_cast<int64_t>(rows_.size()));
}

std::vector<OutcomeLine> BlockReport::computed(ParameterSet& parameters, int64_t step, int64_t epoch) {
  std::vector<OutcomeLine> lines;
  if (!step_.executable) return lines;
  InputSource source(program_.data());
  source.set_epoch(epoch);
  BoundStep bound(*step_.executable, static_cast<int64_t>(rows_.size()), source, parameters);
  bound.run(rows_, program_.settings().seed, step, epoch, [&](const CheckFailure& failure) {
    Diagnostic diagnostic{
        Severity::error, fmt::format("check {} failed", failure.check), block_.span, {}, ""};
    for (const language::Check& check : step_.report.step.checks)
      if (check.number == failure.check) {
        diagnostic.message = check.description;
        diagnostic.span = check.span;
      }
    return diagnostic;
  });
  ResultTable table;
  const auto& results = step_.executable->description().results;
  for (size_t r = 0; r < results.size(); ++r) table[results[r].name] = numbers_of(bound.result(r));
  for (const auto& statement : step_.report.statements) lines.push_back(outcome_line(statement, table));
  return lines;
}

std::vector<OutcomeLine> BlockReport::lines(ParameterSet& parameters, int64_t step, int64_t epoch,
                                            const language::MetricLookup& lookup) {
  std::vector<OutcomeLine> lines = computed(parameters, step, epoch);
  for (language::MetricOutcome& outcome : language::evaluate_metrics(block_, lookup))
    lines.push_back({outcome.span, outcome.expectation, outcome.holds, std::move(outcome.text), ""});
  std::stable_sort(lines.begin(), lines.end(), [](const OutcomeLine& a, const OutcomeLine& b) {
    return std::pair(a.span.line, a.span.column) < std::pair(b.span.line, b.span.column);
  });
  return lines;
}

void EpochReport::epoch_end(TrainingState& state) {
  const auto lookup = [&](const std::string& name) -> std::optional<double> {
    if (name == "epoch") return static_cast<double>(state.epoch);
    if (name == "step") return static_cast<double>(state.step);
    const int64_t index = state.find(name);
    if (index < 0) return std::nullopt;
    return state.history.back().values[static_cast<size_t>(index)];
  };
  for (const OutcomeLine& line : report_.lines(state.parameters, state.step, state.epoch, lookup))
    if (!line.expectation)
      fmt::print("{}\n", line.text);
    else if (!line.holds)
      fail_program(
          "the expectation does not hold: " + line.text + (line.message.empty() ? "" : ": " + line.message),
          line.span);
}

}  // namespace gradus
