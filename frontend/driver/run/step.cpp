#include "frontend/driver/run/step.h"

#include <fmt/format.h>

#include <set>

#include "frontend/driver/analysis/numerics.h"
#include "runtime/data/safetensors.h"

namespace gradus {

namespace {

constexpr const char* seed_name = "seed";
constexpr const char* step_name = "step";

const Tensor* find(const Safetensors& file, const std::string& name) {
  for (const NamedTensor& entry : file.tensors)
    if (entry.name == name) return &entry.value;
  return nullptr;
}

Tensor take(const Safetensors& file, const std::string& path, const Argument& argument) {
  const Tensor* tensor = find(file, argument.name);
  if (!tensor)
    fail_program(fmt::format("{}: there is no tensor '{}' ({} {})", path, argument.name, name(argument.kind),
                             to_string(argument.type)),
                 {}, "--save-inputs writes a complete file");
  if (tensor->type().element != argument.type.element || tensor->type().shape != argument.type.shape)
    fail_program(fmt::format("{}: '{}' is {}, expected {}", path, argument.name, to_string(tensor->type()),
                             to_string(argument.type)));
  return *tensor;
}

}  // namespace

StepInputs load_step_inputs(const std::string& path, const ExecutableDescription& description) {
  const Safetensors file = read_safetensors(path);
  StepInputs inputs;
  for (const Argument& argument : description.inputs) inputs.inputs.push_back(take(file, path, argument));
  for (const Argument& argument : description.parameters)
    inputs.parameters.push_back(take(file, path, argument));
  if (const Tensor* seed = find(file, seed_name)) inputs.seed = static_cast<int64_t>(seed->number(0));
  if (const Tensor* step = find(file, step_name)) inputs.step = static_cast<int64_t>(step->number(0));
  return inputs;
}

void save_step_inputs(const std::string& path, const ExecutableDescription& description,
                      const StepInputs& inputs) {
  const Tensor seed = Tensor::scalar(inputs.seed);
  const Tensor step = Tensor::scalar(inputs.step);
  std::vector<TensorReference> tensors;
  std::set<std::string> names;
  auto add = [&](const std::string& name, const Tensor& tensor) {
    if (names.insert(name).second) tensors.push_back({name, &tensor});
  };
  for (size_t i = 0; i < inputs.inputs.size(); ++i) add(description.inputs[i].name, inputs.inputs[i]);
  for (size_t i = 0; i < inputs.parameters.size(); ++i)
    add(description.parameters[i].name, inputs.parameters[i]);
  add(seed_name, seed);
  add(step_name, step);
  write_safetensors(path, tensors);
}

void fail_step_numerics(Compiler& compiler, const Graph& graph, int64_t check, const Executable& executable,
                        const StepInputs& inputs) {
  const ExecutableDescription& description = executable.description();
  const auto value_of = [&](const Input& input) -> Tensor {
    if (input.kind == InputKind::seed) return Tensor::scalar(inputs.seed);
    if (input.kind == InputKind::step) return Tensor::scalar(inputs.step);
    for (size_t i = 0; i < description.inputs.size(); ++i)
      if (description.inputs[i].name == input.name) return inputs.inputs[i];
    for (size_t i = 0; i < description.parameters.size(); ++i)
      if (description.parameters[i].name == input.name) return inputs.parameters[i];
    fail_internal(fmt::format("nobody knows the input '{}'", input.name));
  };
  throw Error(ErrorKind::program,
              {explain_numerics(compiler, NumericsQuestion{graph, check, value_of, nullptr, {}})});
}

StepOutputs run_step(Executable& executable, const StepInputs& inputs) {
  StepOutputs outputs;
  outputs.parameters = inputs.parameters;
  outputs.results = executable.make_results();
  outputs.status = executable.run(std::span<const Tensor>(inputs.inputs), outputs.parameters, outputs.results,
                                  inputs.seed, inputs.step);
  return outputs;
}

void save_step_outputs(const std::string& path, const ExecutableDescription& description,
                       const StepOutputs& outputs) {
  std::vector<TensorReference> tensors;
  std::set<std::string> names;
  auto add = [&](const std::string& name, const Tensor& tensor) {
    if (names.insert(name).second) tensors.push_back({name, &tensor});
  };
  for (size_t i = 0; i < outputs.results.size(); ++i) add(description.results[i].name, outputs.results[i]);
  for (size_t i = 0; i < outputs.parameters.size(); ++i)
    add(description.parameters[i].name, outputs.parameters[i]);
  write_safetensors(path, tensors);
}

}  // namespace gradus
