#include "runtime/training/checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
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

const std::string training_prefix = "training/";
const std::string epoch_prefix = "epoch-";  // epoch-12/hidden.weight
const std::string identity_prefix = "run.";

bool belongs_to_training(const std::string& name) { return name.find('/') != std::string::npos; }

std::vector<std::string> differences(const Safetensors& file, const ParameterSet& parameters,
                                     bool allow_unknown) {
  std::vector<std::string> found;
  std::vector<bool> present(parameters.size(), false);
  std::vector<std::string> unknown;
  for (const NamedTensor& tensor : file.tensors) {
    const int64_t index = parameters.find(tensor.name);
    if (index < 0) {
      if (!allow_unknown && !belongs_to_training(tensor.name))
        unknown.push_back(fmt::format("'{}' is not known to the program", tensor.name));
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

Metadata metadata_of(const CheckpointInfo& info) {
  Metadata metadata{{"format", "gradus-checkpoint-1"},
                    {"program", info.program},
                    {"seed", std::to_string(info.seed)},
                    {"epoch", std::to_string(info.epoch)},
                    {"step", std::to_string(info.step)}};
  if (!info.preparation.empty()) metadata["preparation"] = info.preparation;
  return metadata;
}

CheckpointInfo info_of(const Safetensors& file, const std::string& path) {
  CheckpointInfo info;
  info.seed = number(file.metadata, "seed", path);
  info.epoch = number(file.metadata, "epoch", path);
  info.step = number(file.metadata, "step", path);
  const auto take = [&](const char* name, std::string& text) {
    if (const auto found = file.metadata.find(name); found != file.metadata.end()) text = found->second;
  };
  take("program", info.program);
  take("preparation", info.preparation);
  return info;
}

std::vector<TensorReference> references(const ParameterSet& parameters, const Snapshot* snapshot = nullptr) {
  std::vector<TensorReference> tensors;
  for (size_t i = 0; i < parameters.size(); ++i)
    tensors.push_back({parameters.path(i), snapshot ? &snapshot->at(i) : &parameters.value(i)});
  return tensors;
}

CheckpointInfo load_from(const Safetensors& file, const std::string& path, ParameterSet& parameters,
                         bool allow_unknown) {
  const CheckpointInfo info = info_of(file, path);
  const std::vector<std::string> found = differences(file, parameters, allow_unknown);
  if (!found.empty()) fail_differences(path, found);
  Snapshot values = parameters.snapshot();
  for (const NamedTensor& tensor : file.tensors)
    if (const int64_t index = parameters.find(tensor.name); index >= 0)
      values[static_cast<size_t>(index)] = tensor.value;
  parameters.assign(values);
  return info;
}

void require_same_run(const Metadata& metadata, const RunIdentity& identity, const std::string& path) {
  Diagnostic diagnostic;
  for (const auto& [name, value] : identity) {
    const auto found = metadata.find(identity_prefix + name);
    if (found != metadata.end() && found->second == value) continue;
    diagnostic.notes.push_back({found == metadata.end()
                                    ? fmt::format("the file does not say its {}", name)
                                    : fmt::format("{}: {} now, {} in the run", name, value, found->second),
                                {}});
  }
  if (diagnostic.notes.empty()) return;
  diagnostic.message = fmt::format("{} is of another run: it cannot be resumed with this program", path);
  diagnostic.hint =
      "resume with the program, data and options of the run; "
      "to start another run from its parameters use --initialize";
  throw Error(ErrorKind::program, {diagnostic});
}

// epoch-12/PATH tensors, together one snapshot an epoch, each complete.
void read_snapshots(const Safetensors& file, const ParameterSet& parameters, const std::string& path,
                    SavedTraining& training) {
  std::map<int64_t, std::map<std::string, const Tensor*>> epochs;
  for (const NamedTensor& tensor : file.tensors) {
    if (!tensor.name.starts_with(epoch_prefix)) continue;
    const size_t slash = tensor.name.find('/');
    int64_t epoch = 0;
    const char* begin = tensor.name.data() + epoch_prefix.size();
    const char* end = tensor.name.data() + std::min(slash, tensor.name.size());
    if (slash == std::string::npos || std::from_chars(begin, end, epoch).ptr != end || epoch < 1)
      fail_program(fmt::format("{}: '{}' is no name of a kept parameter", path, tensor.name));
    epochs[epoch][tensor.name.substr(slash + 1)] = &tensor.value;
  }
  for (const auto& [epoch, tensors] : epochs) {
    Snapshot snapshot;
    for (size_t i = 0; i < parameters.size(); ++i) {
      const auto found = tensors.find(parameters.path(i));
      if (found == tensors.end() || found->second->type() != parameters.value(i).type())
        fail_program(fmt::format("{}: the parameters kept of epoch {} lack '{}' ({})", path, epoch,
                                 parameters.path(i), to_string(parameters.value(i).type())));
      snapshot.push_back(*found->second);
    }
    training.snapshots[epoch] = std::make_shared<const Snapshot>(std::move(snapshot));
  }
}

}  // namespace

void save_checkpoint(const std::string& path, const ParameterSet& parameters, const CheckpointInfo& info,
                     const Snapshot* snapshot) {
  write_safetensors(path, references(parameters, snapshot), metadata_of(info));
}

CheckpointInfo read_checkpoint_info(const std::string& path) { return info_of(read_safetensors(path), path); }

CheckpointInfo load_checkpoint(const std::string& path, ParameterSet& parameters, bool allow_unknown) {
  return load_from(read_safetensors(path), path, parameters, allow_unknown);
}

void save_training(const std::string& path, const ParameterSet& parameters, const CheckpointInfo& info,
                   const SavedTraining& training, const RunIdentity& identity) {
  std::vector<TensorReference> tensors = references(parameters);
  std::vector<std::unique_ptr<Tensor>> numbers;
  for (const auto& [name, values] : training.numbers) {
    numbers.push_back(std::make_unique<Tensor>(Shape{static_cast<int64_t>(values.size())}, values));
    tensors.push_back({training_prefix + name, numbers.back().get()});
  }
  for (const auto& [epoch, snapshot] : training.snapshots)
    for (size_t i = 0; i < parameters.size(); ++i)
      tensors.push_back({fmt::format("{}{}/{}", epoch_prefix, epoch, parameters.path(i)), &snapshot->at(i)});
  Metadata metadata = metadata_of(info);
  for (const auto& [name, value] : identity) metadata[identity_prefix + name] = value;
  write_safetensors(path, tensors, metadata);
}

SavedTraining load_training(const std::string& path, ParameterSet& parameters, const RunIdentity& identity) {
  const Safetensors file = read_safetensors(path);
  require_same_run(file.metadata, identity, path);
  SavedTraining training;
  for (const NamedTensor& tensor : file.tensors) {
    if (!tensor.name.starts_with(training_prefix)) continue;
    if (tensor.value.element() != ElementType::f64)
      fail_program(
          fmt::format("{}: '{}' is {} instead of f64", path, tensor.name, to_string(tensor.value.type())));
    const auto values = tensor.value.values<double>();
    training.numbers[tensor.name.substr(training_prefix.size())].assign(values.begin(), values.end());
  }
  read_snapshots(file, parameters, path, training);
  load_from(file, path, parameters, false);
  return training;
}

}  // namespace gradus
