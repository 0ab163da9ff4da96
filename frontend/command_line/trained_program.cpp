#include "frontend/command_line/trained_program.h"

#include <iostream>

namespace gradus::command_line {

void TrainedOptions::add(CLI::App& app) {
  app.add_option("RUN", model, "folder of a run, or a checkpoint in it")->required();
  app.add_option(
         "--data", data,
         "files with rows: as the program's own reader takes them, or NPZ, CSV (columns by name) or PNG "
         "images; without it the program's own data")
      ->allow_extra_args();
  app.add_option("--set", settings, "override a setting of the run: --set batch=1")->allow_extra_args(false);
  compile.add_target(app);
  compile.add_threads(app);
  compile.add_passes(app);
}

TrainedProgram::TrainedProgram(const TrainedOptions& options, Sources& sources)
    : options_(options),
      model_(open_trained_model(options.model)),
      precision_(precision_named(model_.run.precision)),
      new_data_(!options.data.empty()) {
  options_.compile.require_passes(passes_between(Stage::forward, Stage::kernels));
  for (const RunSource& source : model_.run.sources) sources.put(source.path, source.text);
  const RunSource& main = model_.run.sources.front();
  const language::Unit unit = language::load_unit(main.path, main.text, sources.reader());
  sources.add_unit(unit);
  compiler_ = std::make_unique<Compiler>(options.compile.compiler_options(sources));
  std::vector<std::string> settings = model_.run.settings;
  settings.insert(settings.end(), options.settings.begin(), options.settings.end());
  TrainingRequest request;
  request.name = choose_block(unit, model_.run.only, main.path, sources).name;
  request.overrides = split_settings(settings);
  request.data_file = model_.run.data;
  request.precision = precision_;
  request.memoize = !options.compile.no_memo;
  request.preparation = model_.preparation;
  request.new_data = new_data_;
  program_ = std::make_unique<TrainingProgram>(unit, request, *compiler_);
  // What a model was validated on, others of its run were trained on.
  if (const int64_t folds = fold_count(program_->settings()); !new_data_ && model_.fold < folds)
    program_->select_fold(model_.fold);
}

std::vector<std::string> TrainedProgram::read_new_data(const std::vector<std::string>& columns,
                                                       bool every_row) {
  NewData rows = open_new_data(program_->settings(), model_.preparation,
                               {options_.data, columns, precision_, every_row});
  program_->use(std::move(rows.data));
  return std::move(rows.row_names);
}

void TrainedProgram::finish(Sources& sources) const {
  sources.report(compiler_->warnings());
  if (options_.compile.time_passes) std::cerr << format_timings(compiler_->instrument().timings());
}

}  // namespace gradus::command_line
