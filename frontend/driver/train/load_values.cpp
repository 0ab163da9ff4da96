#include "frontend/driver/train/load_values.h"

#include <fmt/format.h>

#include <cstring>
#include <functional>
#include <map>

#include "frontend/driver/data/arguments.h"
#include "frontend/driver/data/readers.h"
#include "runtime/data/safetensors.h"

namespace gradus {

namespace {

using language::LoadLine;

// The rest of a path below a prefix, with its dot or bracket; nullopt if it does not lie there.
std::optional<std::string> below(const std::string& path, const std::string& prefix) {
  if (prefix.empty()) return "." + path;
  if (!path.starts_with(prefix)) return std::nullopt;
  std::string rest = path.substr(prefix.size());
  if (!rest.empty() && rest[0] != '.' && rest[0] != '[') return std::nullopt;
  return rest;
}

std::string joined(const std::string& prefix, const std::string& rest) {
  return prefix.empty() && rest.starts_with(".") ? rest.substr(1) : prefix + rest;
}

// Where the values come from, by path below the line's target; null if there is none.
using Source = std::function<const Tensor*(const std::string& rest)>;

void take(const LoadLine& line, const std::string& name, const language::TrainProgram& program,
          ParameterSet& parameters, const Source& source) {
  Diagnostic diagnostic;
  struct Copy {
    std::string path;
    Tensor* target;
    const Tensor* value;
  };
  std::vector<Copy> copies;
  for (const language::StorageRow& row : program.storage) {
    const std::optional<std::string> rest = below(row.path, line.target);
    if (row.optimizer || !rest) continue;
    const Tensor* value = source(*rest);
    Tensor& target = parameters.value(static_cast<size_t>(parameters.find(row.path)));
    if (!value)
      diagnostic.notes.push_back(
          {fmt::format("'{}' ({}) is missing", row.path, to_string(row.type)), row.span});
    else if (value->shape() != target.shape() ||
             (value->element() != target.element() &&
              !(is_float(value->element()) && is_float(target.element()))))
      diagnostic.notes.push_back({fmt::format("'{}' is {}, the program has {}", row.path,
                                              to_string(value->type()), to_string(row.type)),
                                  row.span});
    else
      copies.push_back({row.path, &target, value});
  }
  if (!diagnostic.notes.empty()) {
    constexpr size_t shown = 8;
    const size_t count = diagnostic.notes.size();
    if (count > shown) {
      diagnostic.notes.resize(shown);
      diagnostic.notes.push_back({fmt::format("and {} more", count - shown), {}});
    }
    diagnostic.message =
        fmt::format("{} does not fit `{}`", name, line.target.empty() ? "model" : line.target);
    diagnostic.span = line.span;
    diagnostic.hint =
        line.target.empty()
            ? "all parameters and state of the model must be there; for a part of it the block has `load "
              "\"FILE\" into path`"
            : "all parameters and state below the path must be there, by their paths or by their paths "
              "below it";
    throw Error(ErrorKind::program, {diagnostic});
  }
  for (const auto& [path, target, value] : copies) {
    const Tensor found = converted(*value, target->element(), fmt::format("{}: '{}'", name, path));
    if (target->bytes() > 0) std::memcpy(target->data(), found.data(), static_cast<size_t>(target->bytes()));
  }
}

void take_from_file(const LoadLine& line, const std::string& path, const language::TrainProgram& program,
                    ParameterSet& parameters) {
  const Safetensors file = read_safetensors(path);
  std::map<std::string, const Tensor*> tensors;
  for (const NamedTensor& tensor : file.tensors) tensors[tensor.name] = &tensor.value;
  take(line, line.file, program, parameters, [&](const std::string& rest) -> const Tensor* {
    for (const std::string& name : {joined(line.target, rest), joined("", rest)})
      if (const auto found = tensors.find(name); found != tensors.end()) return found->second;
    return nullptr;
  });
}

}  // namespace

void initialize_from(const std::string& file, const language::TrainProgram& program,
                     ParameterSet& parameters) {
  LoadLine line;
  line.file = file;
  take_from_file(line, file, program, parameters);
}

void load_initial_values(const language::TrainProgram& program, ParameterSet& parameters) {
  for (const LoadLine& line : program.loads) {
    if (line.file.empty()) {
      const Snapshot before = parameters.snapshot();
      take(line, "`" + line.source + "`", program, parameters, [&](const std::string& rest) -> const Tensor* {
        const int64_t index = parameters.find(joined(line.source, rest));
        return index < 0 ? nullptr : &before[static_cast<size_t>(index)];
      });
      continue;
    }
    language::SettingCall call;
    call.name = "load";
    call.span = line.span;
    located(call, [&] { take_from_file(line, DataArguments(call).path(line.file), program, parameters); });
  }
}

}  // namespace gradus
