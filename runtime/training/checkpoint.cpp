#include "runtime/training/checkpoint.h"

#include <fmt/format.h>

#include <charconv>

#include "ir/error.h"
#include "runtime/data/safetensors.h"

namespace gradus {

namespace {

int64_t number(const Metadata& metadata, const std::string& key, const std::string& path) {
  const auto found = metadata.find(key);
  if (found == metadata.end()) return 0;
  const std::string& text = found->second;
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    fail_program(fmt::format("{}: metadata '{}' is '{}', not a number", path, key, text));
  return value;
}

std::vector<std::string> differences(const Safetensors& file, const ParameterSet& parameters,
                                     bool allow_unknown) {
  std::vector<std::string> found;
  std::vector<bool> present(parameters.size(), false);
  std::vector<std::string> unknown;
  for (const NamedTensor& tensor : file.tensors) {
    const int64_t index = parameters.find(tensor.name);
    if (index < 0) {
      if (!allow_unknown) unknown.push_back(fmt::format("'{}' is not known to the program", tensor.name));
      continue;
    }
    const auto i = static_cast<size_t>(index);
    present[i] = true;
    if (tensor.value.type() != parameters.value(i).type())
      found.push_back(fmt::format("'{}' is {}, the program has {}", tensor.name,
                                  to_string(tensor.value.type()), to_string(parameters.value(i).type())));
  }
  for (size_t i = 0; i < parameters.size(); ++i)
    if (!present[i])
      found.push_back(
          fmt::format("'{}' ({}) is missing", parameters.path(i), to_string(parameters.value(i).type())));
  found.insert(found.end(), unknown.begin(), unknown.end());
  return found;
}

[[noreturn]] void fail_differences(const std::string& path, const std::vector<std::string>& found) {
  constexpr size_t shown = 8;
  Diagnostic diagnostic;
  diagnostic.message = fmt::format("{} does not fit the program: {}", path, found.front());
  for (size_t i = 1; i < std::min(found.size(), shown); ++i) diagnostic.notes.push_back({found[i], {}});
  if (found.size() > shown)
    diagnostic.notes.push_back({fmt::format("and {} more", found.size() - shown), {}});
  diagnostic.hint = "a checkpoint belongs to the program, settings and precision that wrote it";
  throw Error(ErrorKind::program, {diagnostic});
}

}  // namespace

void save_checkpoint(const std::string& path, const ParameterSet& parameters, const CheckpointInfo& info) {
  std::vector<TensorReference> tensors;
  for (size_t i = 0; i < parameters.size(); ++i)
    tensors.push_back({parameters.path(i), &parameters.value(i)});
  write_safetensors(path, tensors,
                    {{"format", "gradus-checkpoint-1"},
                     {"program", info.program},
                     {"seed", std::to_string(info.seed)},
                     {"epoch", std::to_string(info.epoch)},
                     {"step", std::to_string(info.step)}});
}

CheckpointInfo load_checkpoint(const std::string& path, ParameterSet& parameters, bool allow_unknown) {
  const Safetensors file = read_safetensors(path);
  CheckpointInfo info;
  info.seed = number(file.metadata, "seed", path);
  info.epoch = number(file.metadata, "epoch", path);
  info.step = number(file.metadata, "step", path);
  if (const auto program = file.metadata.find("program"); program != file.metadata.end())
    info.program = program->second;
  const std::vector<std::string> found = differences(file, parameters, allow_unknown);
  if (!found.empty()) fail_differences(path, found);
  std::vector<Tensor> values = parameters.snapshot();
  for (const NamedTensor& tensor : file.tensors)
    if (const int64_t index = parameters.find(tensor.name); index >= 0)
      values[static_cast<size_t>(index)] = tensor.value;
  parameters.assign(values);
  return info;
}

}  // namespace gradus
