#include "frontend/driver/train/run_identity.h"

#include <fmt/format.h>

#include "ir/digest.h"
#include "ir/shown_text.h"
#include "ir/text/print.h"

namespace gradus {

namespace {

using language::Setting;
using language::SettingCall;

std::string text_of(const SettingCall& call);

std::string text_of(const Setting& setting) {
  struct Visitor {
    std::string operator()(std::monostate) const { return "none"; }
    std::string operator()(bool value) const { return value ? "true" : "false"; }
    std::string operator()(int64_t value) const { return fmt::format("{}", value); }
    std::string operator()(double value) const { return shown_number(value); }
    std::string operator()(const std::string& value) const { return "\"" + value + "\""; }
    std::string operator()(const language::Word& value) const { return value.text; }
    std::string operator()(const std::vector<Setting>& list) const {
      std::string text = "[";
      for (const Setting& each : list) text += (text.size() > 1 ? ", " : "") + text_of(each);
      return text + "]";
    }
    std::string operator()(const std::shared_ptr<const SettingCall>& call) const { return text_of(*call); }
  };
  return std::visit(Visitor{}, setting.value);
}

std::string text_of(const SettingCall& call) {
  std::string text = call.name + "(";
  bool first = true;
  for (const SettingCall::Argument& argument : call.arguments) {
    text += first ? "" : ", ";
    first = false;
    text += (argument.name.empty() ? "" : argument.name + ": ") + text_of(argument.value);
  }
  return text + ")";
}

std::string digest_of(const Graph& graph) {
  Digest digest;
  digest.add(print(graph, {.origins = false}));
  return digest.text();
}

std::string digest_of(const DataSet& data) {
  Digest digest;
  for (const Column& column : data.columns) {
    digest.add(column.name);
    digest.add(to_string(column.values.type()));
    digest.add(column.values.data(), static_cast<size_t>(column.values.bytes()));
  }
  for (const std::vector<int64_t>* rows : {&data.training, &data.validation})
    digest.add(rows->data(), rows->size() * sizeof(int64_t));
  return digest.text();
}

}  // namespace

RunIdentity run_identity(TrainingProgram& program) {
  const language::TrainSettings& settings = program.settings();
  const language::TrainProgram& graphs = program.graphs();
  RunIdentity identity;
  identity["train block"] = settings.name;
  identity["batch"] = std::to_string(settings.batch);
  identity["seed"] = std::to_string(settings.seed);
  identity["shuffle"] = settings.shuffle ? "true" : "false";
  identity["drop_last"] = settings.drop_last ? "true" : "false";
  if (settings.split) identity["split"] = text_of(*settings.split);
  for (size_t i = 0; i < settings.actions.size(); ++i)
    identity[fmt::format("action {}", i + 1)] = text_of(settings.actions[i]);
  identity["data"] = digest_of(program.data());
  identity["training step"] = digest_of(graphs.training.graph);
  identity["evaluation"] = digest_of(graphs.evaluation.graph);
  if (graphs.conditions) identity["conditions"] = digest_of(graphs.conditions->graph);
  identity["initial values"] = digest_of(graphs.initialization.graph);
  return identity;
}

}  // namespace gradus
