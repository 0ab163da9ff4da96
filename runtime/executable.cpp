#include "runtime/executable.h"

#include <fmt/format.h>

#include <algorithm>

namespace gradus {

namespace {

int64_t index_of(const std::vector<Argument>& arguments, std::string_view name) {
  const auto found =
      std::find_if(arguments.begin(), arguments.end(), [&](const Argument& a) { return a.name == name; });
  return found == arguments.end() ? -1 : found - arguments.begin();
}

void check(const ExecutableDescription& step, const std::vector<Argument>& expected,
           std::span<const Tensor> given, std::string_view what) {
  if (expected.size() != given.size())
    fail_internal(fmt::format("{}: {} {} instead of {}", step.name, given.size(), what, expected.size()));
  for (size_t i = 0; i < expected.size(); ++i)
    if (expected[i].type != given[i].type())
      fail_internal(fmt::format("{}: {} is {} instead of {}", step.name, expected[i].name,
                                to_string(given[i].type()), to_string(expected[i].type)));
}

std::vector<void*> addresses(std::span<Tensor> tensors) {
  std::vector<void*> result;
  for (Tensor& tensor : tensors) result.push_back(tensor.data());
  return result;
}

}  // namespace

Executable::Executable(gradus_entry entry, ExecutableDescription description, std::shared_ptr<void> code,
                       std::shared_ptr<ThreadPool> pool, std::shared_ptr<Arena> arena)
    : entry_(entry),
      description_(std::move(description)),
      code_(std::move(code)),
      pool_(std::move(pool)),
      arena_(arena ? std::move(arena) : std::make_shared<Arena>()) {
  if (!entry_) fail_internal(fmt::format("{}: no entry point", description_.name));
}

int64_t Executable::input_index(std::string_view name) const { return index_of(description_.inputs, name); }
int64_t Executable::result_index(std::string_view name) const { return index_of(description_.results, name); }

gradus_status Executable::run(std::span<const void* const> inputs, std::span<void* const> parameters,
                              std::span<void* const> results, int64_t seed, int64_t step) {
  if (inputs.size() != description_.inputs.size() || parameters.size() != description_.parameters.size() ||
      results.size() != description_.results.size())
    fail_internal(fmt::format("{}: wrong number of arguments", description_.name));
  gradus_call call{};
  call.inputs = inputs.data();
  call.parameters = parameters.data();
  call.results = results.data();
  call.seed = seed;
  call.step = step;
  call.workspace = arena_->require(description_.workspace_bytes);
  call.parallel_for = pool_ && pool_->threads() > 1 ? &ThreadPool::callback : nullptr;
  call.pool = pool_.get();
  call.status = {-1, -1};
  if (bounds_.found) *bounds_.found = 0;
  entry_(&call);
  if (bounds_.found && *bounds_.found != 0)
    throw Error(ErrorKind::program, {bounds_.findings.at(static_cast<size_t>(*bounds_.found - 1))});
  return call.status;
}

gradus_status Executable::run(std::span<const Tensor> inputs, std::span<Tensor> parameters,
                              std::span<Tensor> results, int64_t seed, int64_t step) {
  check(description_, description_.inputs, inputs, "inputs");
  check(description_, description_.parameters, parameters, "parameters");
  check(description_, description_.results, results, "results");
  std::vector<const void*> input_addresses;
  for (const Tensor& tensor : inputs) input_addresses.push_back(tensor.data());
  const std::vector<void*> parameter_addresses = addresses(parameters), result_addresses = addresses(results);
  return run(std::span<const void* const>(input_addresses), std::span<void* const>(parameter_addresses),
             std::span<void* const>(result_addresses), seed, step);
}

std::vector<Tensor> Executable::make_results() const {
  std::vector<Tensor> results;
  for (const Argument& result : description_.results) results.emplace_back(result.type);
  return results;
}

}  // namespace gradus
