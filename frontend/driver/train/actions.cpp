#include "frontend/driver/train/actions.h"

#include <fmt/format.h>

#include "frontend/driver/data/arguments.h"
#include "runtime/training/early_stopping.h"
#include "runtime/training/keep_best.h"
#include "runtime/training/reduce_on_plateau.h"

namespace gradus {

namespace {

using language::SettingCall;

// The arguments that all actions which watch a metric have.
template <class Options>
void take_monitor(const DataArguments& arguments, Options& options) {
  if (arguments.has("monitor")) options.monitor = arguments.word("monitor");
  if (arguments.has("mode")) options.mode = monitor_mode(arguments.call().name, arguments.word("mode"));
  options.min_delta = arguments.number("min_delta").value_or(options.min_delta);
  options.patience = arguments.whole("patience", 0, INT64_MAX).value_or(options.patience);
  // Keras counts: 0, 1.
  const language::Setting* verbose = arguments.call().find("verbose");
  if (verbose && std::holds_alternative<int64_t>(verbose->value))
    options.verbose = arguments.whole("verbose", 0, 2).value_or(0) > 0;
  else
    options.verbose = arguments.flag("verbose", options.verbose);
}

EarlyStoppingOptions early_stopping_options(const SettingCall& call) {
  const DataArguments arguments(call);
  EarlyStoppingOptions options;
  take_monitor(arguments, options);
  options.baseline = arguments.number("baseline");
  options.restore_best_weights = arguments.flag("restore_best_weights");
  options.start_from_epoch = arguments.whole("start_from_epoch", 0, INT64_MAX).value_or(0);
  return options;
}

ReduceOnPlateauOptions reduce_on_plateau_options(const SettingCall& call) {
  const DataArguments arguments(call);
  ReduceOnPlateauOptions options;
  take_monitor(arguments, options);
  if (arguments.has("input")) options.input = arguments.word("input");
  options.factor = arguments.number("factor").value_or(options.factor);
  options.cooldown = arguments.whole("cooldown", 0, INT64_MAX).value_or(0);
  options.min_rate = arguments.number("min_rate").value_or(0);
  return options;
}

KeepBestOptions keep_best_options(const SettingCall& call, const RunFolderOptions& folder) {
  const DataArguments arguments(call);
  KeepBestOptions options;
  options.count = arguments.whole("count", 1, 1000).value_or(1);
  if (arguments.has("monitor")) options.monitor = arguments.word("monitor");
  if (arguments.has("mode")) options.mode = monitor_mode(call.name, arguments.word("mode"));
  options.folder = folder.path;
  options.program = folder.program;
  options.preparation = folder.preparation;
  return options;
}

}  // namespace

std::vector<std::unique_ptr<Callback>> callbacks_of(const language::TrainSettings& settings,
                                                    const RunFolderOptions& folder) {
  std::vector<std::unique_ptr<Callback>> callbacks;
  for (const SettingCall& action : settings.actions) {
    try {
      if (action.name == "early_stopping")
        callbacks.push_back(std::make_unique<EarlyStopping>(early_stopping_options(action)));
      else if (action.name == "reduce_on_plateau")
        callbacks.push_back(std::make_unique<ReduceOnPlateau>(reduce_on_plateau_options(action)));
      else if (action.name == "keep_best" && !folder.path.empty())
        callbacks.push_back(std::make_unique<KeepBest>(keep_best_options(action, folder)));
      else if (action.name != "keep_best")
        fail_program(fmt::format("there is no action '{}'", action.name), action.span);
    } catch (const Error& error) {  // what the runtime objects to has no place of its own
      std::vector<Diagnostic> diagnostics = error.diagnostics();
      for (Diagnostic& diagnostic : diagnostics)
        if (!diagnostic.span.known()) diagnostic.span = action.span;
      throw Error(error.kind(), std::move(diagnostics));
    }
  }
  return callbacks;
}

void monitor_best(const language::TrainSettings& settings, RunFolderOptions& options) {
  for (const SettingCall& action : settings.actions) {
    if (action.name != "early_stopping") continue;
    const EarlyStoppingOptions stopping = early_stopping_options(action);
    options.monitor = stopping.monitor;
    options.mode = stopping.mode;
    return;
  }
}

}  // namespace gradus
