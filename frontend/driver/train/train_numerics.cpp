#include "frontend/driver/train/train_numerics.h"

#include <fmt/format.h>

#include <cmath>
#include <cstring>

#include "frontend/driver/analysis/failed_check.h"
#include "frontend/driver/analysis/number_range.h"
#include "frontend/driver/analysis/numerics.h"

namespace gradus {

namespace {

class StepNumerics {
 public:
  StepNumerics(TrainingProgram& program, const ParameterSet& parameters, std::string checkpoint)
      : program_(program), parameters_(parameters), checkpoint_(std::move(checkpoint)) {}

  Diagnostic describe(const Graph& graph, const CheckFailure& failure) const {
    const NumericsQuestion question{
        graph, failure.check, [&](const Input& input) { return value_of(input, failure); },
        [&](const Input& input, const Tensor& value) { return describe_input(input, value, failure); },
        program_.infinite_inputs(graph)};
    return explain_numerics(program_.compiler(), question);
  }

 private:
  Tensor value_of(const Input& input, const CheckFailure& failure) const {
    if (input.kind == InputKind::seed) return Tensor::scalar(program_.settings().seed);
    if (input.kind == InputKind::step) return Tensor::scalar(failure.step);
    if (parameters_.find(input.name) >= 0) return parameters_[input.name];
    const std::vector<Argument>& arguments = failure.description->inputs;
    for (size_t i = 0; i < arguments.size(); ++i) {
      if (arguments[i].name != input.name) continue;
      Tensor value(arguments[i].type);
      std::memcpy(value.data(), failure.inputs[i], static_cast<size_t>(value.bytes()));
      return value;
    }
    fail_internal(fmt::format("nobody knows the input '{}'", input.name));
  }

  Diagnostic describe_input(const Input& input, const Tensor& value, const CheckFailure& failure) const {
    if (program_.data().find(input.name)) return describe_column(input, value, failure);
    if (parameters_.find(input.name) >= 0) return describe_storage(input, value, failure);
    Diagnostic diagnostic;
    diagnostic.message = fmt::format("`{}` is {}", input.name, number_text(value.number(0)));
    diagnostic.hint = "a metric is nan until it has been measured";
    return diagnostic;
  }

  Diagnostic describe_column(const Input& input, const Tensor& value, const CheckFailure& failure) const {
    const NumberRange range = range_of(value);
    const Shape row = row_shape(value.type());
    const int64_t per_row = std::max<int64_t>(element_count(row), 1);
    const int64_t in_batch = range.first_bad / per_row;
    const std::string element = element_text(row, range.first_bad % per_row);
    Diagnostic diagnostic;
    diagnostic.message = fmt::format(
        "the data column '{}' holds {} in row {}{}", input.name, number_text(value.number(range.first_bad)),
        failure.rows[static_cast<size_t>(in_batch)], element.empty() ? "" : " at " + element);
    diagnostic.span = program_.settings().data.span;
    const Tensor& column = program_.data().column(input.name).values;
    int64_t rows = 0;
    for (int64_t r = 0; r < row_count(column); ++r)
      for (int64_t e = 0; e < per_row; ++e)
        if (!std::isfinite(column.number(r * per_row + e))) {
          ++rows;
          break;
        }
    diagnostic.notes.push_back({fmt::format("{} of {} rows of the column are not finite; of the batch: {}",
                                            rows, row_count(column), to_string(range)),
                                {}});
    diagnostic.hint = rows == row_count(column)
                          ? "a single nan spreads over a feature when it is standardized"
                          : "clean the data: drop the row, or fill in a number";
    return diagnostic;
  }

  Diagnostic describe_storage(const Input& input, const Tensor& value, const CheckFailure& failure) const {
    const NumberRange range = range_of(value);
    const std::string element = element_text(value.shape(), range.first_bad);
    Diagnostic diagnostic;
    diagnostic.message = fmt::format("{} '{}' holds {}{} before step {}",
                                     input.kind == InputKind::state ? "the state" : "the parameter",
                                     input.name, number_text(value.number(range.first_bad)),
                                     element.empty() ? "" : " at " + element, failure.step);
    for (const language::StorageRow& row : program_.graphs().storage)
      if (row.path == input.name) diagnostic.span = row.span;
    diagnostic.notes.push_back({fmt::format("{}: {}", input.name, to_string(range)), {}});
    if (!checkpoint_.empty()) {
      diagnostic.notes.push_back({fmt::format("the run began from '{}'", checkpoint_), {}});
      diagnostic.hint = "the checkpoint was saved by a run that had diverged: take an earlier one";
    }
    return diagnostic;
  }

  TrainingProgram& program_;
  const ParameterSet& parameters_;
  std::string checkpoint_;
};

}  // namespace

DescribeCheck describe_checks(TrainingProgram& program, const ParameterSet& parameters,
                              std::string checkpoint, std::function<CheckedStep(int64_t rows)> step) {
  const StepNumerics numerics(program, parameters, std::move(checkpoint));
  return [numerics, step = std::move(step)](const CheckFailure& failure) {
    const auto count = static_cast<int64_t>(failure.rows.size());
    const auto [graph, checks] = step(count);
    if (is_numeric_check(failure.check)) return numerics.describe(graph, failure);
    if (!checks_rows(graph, failure.check, count))
      return describe_check(failure.check, failure.element, checks);
    return describe_check(failure.check, failure.element, checks, failure.rows);
  };
}

void fail_initial_values(Compiler& compiler, const Graph& initialization, int64_t check, int64_t seed) {
  if (!is_numeric_check(check)) fail_internal("a check failed while initial values were made");
  Diagnostic diagnostic = explain_numerics(
      compiler, {initialization, check, [seed](const Input&) { return Tensor::scalar(seed); }, nullptr, {}});
  diagnostic.notes.push_back({"in the initial values; nothing was trained", {}});
  throw Error(ErrorKind::program, {diagnostic});
}

}  // namespace gradus
