#include "runtime/training/bound_step.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "ir/error.h"

namespace gradus {

const Tensor* InputSource::column(const Argument& input) {
  const Column* column = data_.find(input.name);
  if (!column) return nullptr;
  const Type& found = column->values.type();
  if (input.type.shape.empty() || row_shape(found) != row_shape(input.type))
    fail_program(fmt::format("{}: column '{}' is {}, but the program expects {}", data_.name, input.name,
                             to_string(found), to_string(input.type)),
                 {}, "all axes but the first, which counts the rows, must agree");
  if (found.element == input.type.element) return &column->values;
  auto& stored = converted_[{input.name, input.type.element}];
  if (!stored)
    stored = std::make_unique<Tensor>(converted(column->values, input.type.element,
                                                fmt::format("{}: column '{}'", data_.name, input.name)));
  return stored.get();
}

namespace {

void write_scalar(Tensor& target, double value, const std::string& name) {
  const Tensor converted_value = converted(Tensor::scalar(value), target.element(), name);
  std::memcpy(target.data(), converted_value.data(), static_cast<size_t>(target.bytes()));
}

}  // namespace

const Tensor* InputSource::scalar(const Argument& input) {
  const auto found = scalars_.find(input.name);
  // A column may be called `epoch`; an input of the program has a name of its own.
  if (found == scalars_.end() || !input.type.shape.empty()) return nullptr;
  const auto [at, fresh] = bound_scalars_.try_emplace({input.name, input.type.element}, input.type);
  if (fresh) write_scalar(at->second, found->second, input.name);
  return &at->second;
}

void InputSource::set_scalar(const std::string& name, double value) {
  scalars_[name] = value;
  for (auto& [key, tensor] : bound_scalars_)
    if (key.first == name) write_scalar(tensor, value, name);
}

Background& InputSource::background() {
  if (!background_) background_ = std::make_unique<Background>();
  return *background_;
}

BoundStep::BoundStep(const StepFunction& function, int64_t rows, InputSource& source,
                     ParameterSet& parameters)
    : executable_(function.executable(rows)),
      describe_check_(function.describe_check()),
      rows_(rows),
      source_(source) {
  const ExecutableDescription& description = executable_.description();
  gathered_.reserve(description.inputs.size());
  for (const Argument& input : description.inputs) {
    if (const Tensor* scalar = source.scalar(input)) {
      inputs_.push_back(scalar->data());
    } else if (const Tensor* column = source.column(input)) {
      if (input.type.shape.front() != rows)
        fail_internal(fmt::format("{}: compiled for {} instead of {} rows", description.name,
                                  input.type.shape.front(), rows));
      gathered_.push_back(
          {column, inputs_.size(), Tensor(input.type), Tensor(Type(input.type.element, {0}))});
      inputs_.push_back(gathered_.back().batch.data());
      batch_bytes_ += gathered_.back().batch.bytes();
    } else {
      source.data().column(input.name);  // says which columns there are
    }
  }
  parameters_ = parameters.addresses(description);
  results_ = executable_.make_results();
  for (Tensor& result : results_) result_addresses_.push_back(result.data());
}

void BoundStep::run(std::span<const int64_t> rows, int64_t seed, int64_t step, int64_t epoch,
                    std::span<const int64_t> next) {
  gather(rows);
  std::optional<Background::Work> gathering = begin_next(next);
  const gradus_status status = executable_.run(inputs_, parameters_, result_addresses_, seed, step);
  if (gathering) gathering->finish();
  if (status.check == -1) return;
  Diagnostic diagnostic =
      describe_check_({status.check, status.element, epoch, step, rows, &executable_.description(), inputs_});
  diagnostic.notes.push_back(
      {epoch > 0 ? fmt::format("in epoch {}, step {}; its updates were not made", epoch, step)
                 : std::string("while evaluating"),
       {}});
  throw Error(ErrorKind::program, {diagnostic});
}

void BoundStep::gather(std::span<const int64_t> rows) {
  const bool there =
      !next_rows_.empty() && std::equal(rows.begin(), rows.end(), next_rows_.begin(), next_rows_.end());
  for (Gathered& gathered : gathered_) {
    if (there) {
      std::swap(gathered.batch, gathered.next);
      inputs_[gathered.input] = gathered.batch.data();
    } else {
      gather_rows(*gathered.column, rows, gathered.batch);
    }
  }
  next_rows_.clear();
}

std::optional<Background::Work> BoundStep::begin_next(std::span<const int64_t> next) {
  if (static_cast<int64_t>(next.size()) != rows_ || batch_bytes_ < source_.background_bytes)
    return std::nullopt;
  next_rows_.assign(next.begin(), next.end());
  for (Gathered& gathered : gathered_)
    if (gathered.next.type() != gathered.batch.type()) gathered.next = Tensor(gathered.batch.type());
  return source_.background().start([this] {
    for (Gathered& gathered : gathered_) gather_rows(*gathered.column, next_rows_, gathered.next);
  });
}

size_t BoundStep::result_index(const std::string& name) const {
  const int64_t index = executable_.result_index(name);
  if (index < 0) fail_internal(fmt::format("{} has no result '{}'", executable_.description().name, name));
  return static_cast<size_t>(index);
}

BoundStep& BoundSteps::get(int64_t rows) {
  auto& step = steps_[rows];
  if (!step) step = std::make_unique<BoundStep>(function_, rows, source_, parameters_);
  return *step;
}

}  // namespace gradus
