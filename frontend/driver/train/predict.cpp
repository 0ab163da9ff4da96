#include "frontend/driver/train/predict.h"

#include <algorithm>

#include "frontend/driver/train/train.h"
#include "frontend/driver/train/train_numerics.h"

namespace gradus {

std::vector<std::string> columns_used(const language::StepGraph& step,
                                      const language::TrainSettings& settings) {
  std::vector<std::string> used;
  for (const std::string& name : settings.columns) {
    const std::vector<Input>& inputs = step.graph.inputs();
    if (std::any_of(inputs.begin(), inputs.end(),
                    [&](const Input& input) { return input.kind == InputKind::data && input.name == name; }))
      used.push_back(name);
  }
  return used;
}

std::vector<NamedTensor> run_prediction(TrainingProgram& program, const std::string& checkpoint,
                                        std::span<const int64_t> rows) {
  ParameterSet parameters = initial_parameters(program);
  load_checkpoint(checkpoint, parameters, true);
  InputSource source(program.data());
  const auto step = [&program](int64_t count) { return checked_step(*program.graphs(count).prediction); };
  BoundSteps steps({[&program](int64_t count) -> Executable& { return program.prediction(count); },
                    describe_checks(program, parameters, checkpoint, step)},
                   source, parameters);
  const language::TrainSettings& settings = program.settings();
  return predict(steps, rows, {settings.batch, settings.seed, 0});
}

std::vector<double> run_evaluation(TrainingProgram& program, const std::string& checkpoint,
                                   const Metrics& metrics, std::span<const int64_t> rows) {
  ParameterSet parameters = initial_parameters(program);
  const CheckpointInfo info = load_checkpoint(checkpoint, parameters, true);
  const language::TrainSettings& settings = program.settings();
  InputSource source(program.data());
  source.set_epoch(info.epoch);
  for (const auto& [name, value] : settings.inputs) source.set_scalar(name, value);
  const auto step = [&program](int64_t count) { return checked_step(program.graphs(count).evaluation); };
  BoundSteps steps({[&program](int64_t count) -> Executable& { return program.evaluation(count); },
                    describe_checks(program, parameters, checkpoint, step)},
                   source, parameters);
  return measure(steps, rows, metrics, {settings.batch, settings.seed, info.step});
}

}  // namespace gradus
