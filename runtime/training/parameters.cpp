#include "runtime/training/parameters.h"

#include <fmt/format.h>

#include <cstring>

#include "ir/error.h"

namespace gradus {

void ParameterSet::add(std::string path, ArgumentKind kind, Tensor value) {
  if (!index_.emplace(path, entries_.size()).second) fail_internal(fmt::format("parameter '{}' twice", path));
  entries_.push_back({std::move(path), kind, std::move(value)});
}

int64_t ParameterSet::find(std::string_view path) const {
  const auto found = index_.find(path);
  return found == index_.end() ? -1 : static_cast<int64_t>(found->second);
}

const Tensor& ParameterSet::operator[](std::string_view path) const {
  const int64_t index = find(path);
  if (index < 0) fail_internal(fmt::format("no parameter '{}'", path));
  return entries_[static_cast<size_t>(index)].value;
}

std::vector<void*> ParameterSet::addresses(const ExecutableDescription& step) {
  std::vector<void*> result;
  for (const Argument& argument : step.parameters) {
    const int64_t index = find(argument.name);
    if (index < 0)
      fail_internal(fmt::format("{} wants a parameter '{}', which is not there", step.name, argument.name));
    Tensor& tensor = entries_[static_cast<size_t>(index)].value;
    if (tensor.type() != argument.type)
      fail_internal(fmt::format("{}: parameter '{}' is {} instead of {}", step.name, argument.name,
                                to_string(tensor.type()), to_string(argument.type)));
    result.push_back(tensor.data());
  }
  return result;
}

Snapshot ParameterSet::snapshot() const {
  Snapshot result;
  for (const Entry& entry : entries_) result.push_back(entry.value);
  return result;
}

void ParameterSet::assign(const Snapshot& snapshot) {
  if (snapshot.size() != entries_.size()) fail_internal("snapshot of another set of parameters");
  for (size_t i = 0; i < snapshot.size(); ++i) {
    Tensor& target = entries_[i].value;
    if (snapshot[i].type() != target.type()) fail_internal("snapshot of another set of parameters");
    if (target.bytes() > 0)
      std::memcpy(target.data(), snapshot[i].data(), static_cast<size_t>(target.bytes()));
  }
}

}  // namespace gradus
