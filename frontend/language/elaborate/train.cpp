// Train blocks: data, actions, metrics, inputs and loads; the whole block. Its model is in train_model.cpp.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "frontend/language/elaborate/block_forms.h"
#include "frontend/language/elaborate/builtin_call.h"
#include "frontend/language/elaborate/elaborator.h"
#include "frontend/language/habits.h"
#include "ir/structure.h"

namespace gradus::language {

// --- Statements of the block

void Elaborator::run_train_statement(const Statement& statement) {
  try {
    if (const auto* action = statement.as<Action>(); report_ && action && action->name.text == "image_sheet")
      return run_image_sheet(*action, statement.span);
    if (report_)
      error(statement.span, "this statement does not stand in `every` or `finally`, which update nothing");
    if (const auto* data = statement.as<Data>()) return run(*data, statement);
    if (const auto* action = statement.as<Action>()) return run(*action, statement);
    if (const auto* metric = statement.as<Metric>()) return run(*metric, statement);
    if (const auto* input = statement.as<Input>()) return run(*input, statement);
    if (const auto* load = statement.as<Load>()) return run(*load, statement);
    if (const auto* when = statement.as<When>()) return run(*when, statement);
    if (const auto* every = statement.as<Every>()) {
      if (!every->steps) return add_report(Report::Moment::epoch, 0, every->body, statement.span);
      const int64_t steps = to_integer(evaluate(*every->steps), "`every … steps`", every->steps->span);
      if (steps < 1) error(every->steps->span, fmt::format("`every {} steps`: at least 1", steps));
      return add_report(Report::Moment::steps, steps, every->body, statement.span);
    }
    if (const auto* last = statement.as<Finally>())
      return add_report(Report::Moment::end, 0, last->body, statement.span);
    if (statement.as<Expect>())
      error(statement.span, "`expect` stands in a program, or in `finally { … }`",
            "finally { expect train.loss < 0.1 }");
  } catch (const Abandon&) {
    poison(statement);
    return;
  } catch (const ShapeError& shape) {
    record(diagnose(statement.span, shape.what(), shape.hint, {}));
    poison(statement);
    return;
  }
  run_statement(statement);
}

void Elaborator::run(const Data& data, const Statement& statement) {
  const auto* call = data.source->as<Call>();
  const auto* name = call ? call->callee->as<Name>() : data.source->as<Name>();
  if (!name) error(data.source->span, "`data` needs a reader: data digits(…) -> image, label");
  if (!settings.data.name.empty()) error(statement.span, "a train block has one `data`");
  settings.data = call ? setting_call(name->text, call->arguments, data.source->span)
                       : SettingCall{name->text, {}, data.source->span};
  settings.columns.clear();
  for (const Identifier& column : data.names) settings.columns.push_back(column.text);
  if (options_.mode == Mode::settings) {
    for (const Identifier& column : data.names) bind(column, Poison{});
    return;
  }
  if (options_.columns.size() != data.names.size())
    error(statement.span,
          fmt::format("{} has {} columns, {} names are given", name->text, options_.columns.size(),
                      data.names.size()),
          "`_` discards a column");
  for (size_t i = 0; i < data.names.size(); ++i) {
    const Column& column = options_.columns[i];
    if (data.names[i].text == "_") continue;
    for (size_t k = 0; k < i; ++k)
      if (data.names[k].text == data.names[i].text)
        error(data.names[i].span, fmt::format("two columns are called `{}`", data.names[i].text));
    if (const auto at = storage_by_path_.find(data.names[i].text); at != storage_by_path_.end())
      error(data.names[i].span,
            fmt::format("`{}` is a parameter already, and a column cannot have its name", at->first),
            "give one of them another name", {{"the parameter", at->second->span}});
    Type type(is_float(column.element) ? options_.precision : column.element, column.row_shape);
    type.shape.insert(type.shape.begin(), settings.batch);
    put_origin(data.names[i].span);
    bind(data.names[i], tensor(frame_->builder.input(data.names[i].text, InputKind::data, type)));
  }
}

void Elaborator::run(const Action& action, const Statement& statement) {
  const TrainAction* form = find_train_action(action.name.text);
  if (!form) {
    if (action.name.text == "image_sheet")
      error(statement.span, "`image_sheet` stands in `every epoch`, `every n steps` or `finally`");
    std::vector<std::string> names;
    for (const TrainAction& each : train_actions()) names.emplace_back(each.name);
    const std::string near = closest(action.name.text, names);
    if (near.empty() && (unit_.find(action.name.text) || find_builtin(action.name.text)))
      error(statement.span, fmt::format("the result of `{}` is not used", action.name.text),
            "bind it: name = …");
    const std::string habit = habit_of_unknown_name(action.name.text);
    error(statement.span, fmt::format("unknown action `{}`", action.name.text),
          !habit.empty() ? habit
          : near.empty() ? "there are split(…), early_stopping(…), reduce_on_plateau(…) and keep_best(…)"
                         : fmt::format("did you mean `{}`?", near));
  }
  SettingCall call = setting_call(action.name.text, action.arguments, statement.span);
  for (const SettingCall::Argument& argument : call.arguments) {
    if (argument.name.empty())
      error(argument.span, fmt::format("arguments of {} are given by name", call.name),
            fmt::format("for example {}",
                        call.name == "split" ? "split(validation: 0.1)" : "early_stopping(patience: 3)"));
    if (std::find(form->arguments.begin(), form->arguments.end(), argument.name) == form->arguments.end()) {
      const std::string near = closest(argument.name, {form->arguments.begin(), form->arguments.end()});
      const std::string all = fmt::format("{}", fmt::join(form->arguments, ", "));
      error(argument.span, fmt::format("{} has no argument `{}`", call.name, argument.name),
            near.empty() ? "there are " + all : fmt::format("did you mean `{}`?", near));
    }
  }
  if (call.name == "split") {
    if (settings.split) error(statement.span, "a train block has one `split`");
    if (call.find("folds") && call.find("validation"))
      error(statement.span, "`folds` and `validation` do not go together",
            "each fold is the validation part in its turn");
    settings.split = std::move(call);
  } else {
    settings.actions.push_back(std::move(call));
  }
}

namespace {

std::vector<std::string> input_names(const Definition& definition) {
  std::vector<std::string> names;
  for (const Parameter& parameter : definition.parameters)
    if (parameter.is_input()) names.push_back(parameter.name.text);
  return names;
}

}  // namespace

void Elaborator::run(const Metric& metric, const Statement& statement) {
  if (std::find(metric_names.begin(), metric_names.end(), metric.name.text) != metric_names.end())
    error(metric.name.span, fmt::format("two metrics are called `{}`", metric.name.text));
  metric_names.push_back(metric.name.text);
  if (options_.mode == Mode::settings) {
    bind(metric.name, Poison{});
    return;
  }
  const Object value =
      metric.value ? evaluate(*metric.value) : evaluate_name(metric.name.text, metric.name.span);
  const SourceSpan& span = metric.value ? metric.value->span : metric.name.span;
  if (const auto* function = value.as<FunctionObject>(); function && !metric.value && function->symbol)
    error(span, fmt::format("`{}` is a function, and a metric is a number", metric.name.text),
          fmt::format("write what it is of: metric {0} = {0}({1})", metric.name.text,
                      fmt::join(input_names(*function->symbol->definition()), ", ")));
  Value scalar = to_value(value, span);
  if (!frame_->builder.shape(scalar).empty())
    error(statement.span, fmt::format("a metric is one number, found {}", to_string(type_of(scalar))),
          "reduce it: mean(…)", {origin_note(tensor(scalar))});
  if (!is_float(type_of(scalar).element)) scalar = promote(scalar, options_.precision, span, "metric");
  metrics_.emplace_back(metric.name.text, scalar);
  check_totals(metric.name.text, scalar, span);
  if (metric.value) bind(metric.name, tensor(scalar));
}

// A scalar that may change from step to step: callbacks and C callers set it.
void Elaborator::run(const Input& input, const Statement& statement) {
  const std::string& name = input.name.text;
  if (activation_->environment != block_environment_)
    error(statement.span, "`input` stands in a train block itself, not in a block inside it");
  if (name == "epoch" || name == "step" || name == "seed" || block_environment_->names.contains(name))
    error(input.name.span, fmt::format("`{}` has a meaning already", name), "give the input another name");
  const std::optional<Object> forced = override_of(name);
  const double value =
      to_number(forced ? *forced : evaluate(*input.value), fmt::format("`{}`", name), input.value->span);
  settings.inputs.emplace_back(name, value);
  if (options_.mode == Mode::settings) return bind(input.name, Poison{});
  put_origin(input.name.span);
  bind(input.name, tensor(frame_->builder.input(name, InputKind::data, Type(options_.precision))));
}

void Elaborator::run(const Load& load, const Statement& statement) {
  loads_.emplace_back(&load, statement.span);
}

// Paths exist when the block has ended.
void Elaborator::resolve_loads() {
  const auto model_rows = [this](const std::string& path) {
    const std::vector<Storage*> below = storages_below(path);
    return std::any_of(below.begin(), below.end(),
                       [](const Storage* storage) { return !storage->optimizer; });
  };
  for (const auto& [load, span] : loads_) {
    try {
      LoadLine line;
      line.span = span;
      line.target = resolve_path(load->target);
      if (!model_rows(line.target))
        error(load->target.span, fmt::format("there is no parameter below `{}`", line.target));
      if (const auto* file = std::get_if<std::string>(&load->source)) {
        line.file = *file;
      } else {
        line.source = resolve_path(std::get<Path>(load->source));
        if (!model_rows(line.source))
          error(span, fmt::format("there is no parameter below `{}`", line.source));
      }
      loads.push_back(std::move(line));
    } catch (const Abandon&) {
    }
  }
}

// The history shows rates that change, besides the inputs, which it shows anyway.
void Elaborator::note_rate(const OptimizerStage& stage, const std::string& path) {
  const auto rate = stage.settings.find("rate");
  if (rate == stage.settings.end() || options_.mode != Mode::training) return;
  const auto* found = rate->second.as<Tensor>();
  if (!found || found->frame != root_.get() || !root_->builder.shape(found->value).empty()) return;
  const Node& node = root_->builder.node(found->value);
  if (!is_input(node) && is_float(type_of(found->value).element))
    rates_.emplace_back(path + ".rate", found->value);
}

// The number of the epoch that the step is in, from 1.
Object Elaborator::epoch_value(const SourceSpan& span) {
  if (options_.mode == Mode::settings) return Object(Poison{});
  if (!epoch_) epoch_ = root_input("epoch", InputKind::data, span);
  ++effects_;
  Frame* inner = frame_;
  frame_ = root_.get();
  put_origin(span);
  const Object epoch = Tensor{build::cast(root_->builder, ElementType::i32, epoch_), root_.get(), nullptr};
  frame_ = inner;
  return epoch;
}

// --- Whole blocks

void Elaborator::run_train(const Symbol& symbol) {
  stack_base_ = frame_address();
  const Train& train = *symbol.train();
  settings.name = train.name.text;
  if (options_.batch) settings.batch = *options_.batch;
  auto environment = std::make_unique<Environment>();
  Activation activation;
  activation.name = train.name.text;
  activation.environment = environment.get();
  PathScope scope;
  activation_ = &activation;
  path_ = &scope;
  block_environment_ = environment.get();
  environments_.push_back(std::move(environment));
  try {
    for (const TrainSetting& setting : train_settings())
      if (std::optional<Object> forced = override_of(std::string(setting.name)))
        take_setting(std::string(setting.name), *forced, train.name.span);
    make_model(symbol);
  } catch (const Abandon&) {
    throw_if_errors();
  }
  for (const Statement& statement : train.body.statements) run_train_statement(statement);
  for (const auto& [name, text] : options_.overrides) {
    if (overrides_used_.contains(name)) continue;
    std::vector<std::string> names;
    for (const TrainSetting& setting : train_settings()) names.emplace_back(setting.name);
    for (const auto& [each, value] : block_environment_->names) names.push_back(each);
    const std::string near = closest(name, names);
    record({Severity::error,
            fmt::format("--set {}: {} has no setting of that name", name, train.name.text),
            train.name.span,
            {},
            near.empty() ? "" : fmt::format("did you mean `{}`?", near)});
  }
  if (settings.data.name.empty())
    record({Severity::error,
            fmt::format("train {} has no data", train.name.text),
            train.name.span,
            {},
            "for example: data digits() -> image, label"});
  const bool minimizes = std::any_of(
      train.body.statements.begin(), train.body.statements.end(),
      [](const Statement& s) { return s.as<Minimize>() || s.as<For>() || s.as<If>() || s.as<When>(); });
  if (!minimizes)
    record({Severity::error,
            fmt::format("train {} has nothing to minimize", train.name.text),
            train.name.span,
            {},
            "for example: minimize loss with adam(1e-3)"});
  // What else is wrong shows again, with everything, when the columns are known.
  if (options_.mode == Mode::settings && !settings.data.name.empty()) errors_.clear();
  throw_if_errors();
  if (options_.mode != Mode::settings) {
    finish_metrics();
    complete_reports();
    if (options_.mode == Mode::training) {
      resolve_loads();
      warn_of_unread_settings(train);
      warn_of_lost_penalties();
    }
    if (options_.report) run_report(*options_.report);
  }
  check_monitor();
  throw_if_errors();
  activation_ = nullptr;
  path_ = nullptr;
}

// Results: the loss first, then what the block calls metrics.
void Elaborator::finish_metrics() {
  std::vector<std::pair<std::string, Value>> results;
  const auto add = [&](const std::string& name, Value value) {
    for (const auto& [known, other] : results)
      if (known == name) return;
    results.emplace_back(name, value);
  };
  const auto loss = block_environment_->names.find("loss");
  if (loss != block_environment_->names.end() && loss->second.is<Tensor>() &&
      root_->builder.shape(loss->second.as<Tensor>()->value).empty())
    add("loss", loss->second.as<Tensor>()->value);
  for (const auto& [name, value] : losses_) {
    const bool same =
        std::any_of(results.begin(), results.end(), [&](const auto& r) { return r.second == value; });
    if (!same)
      add(losses_.size() == 1 && results.empty() && name.starts_with("loss_") ? "loss" : name, value);
  }
  for (const auto& [name, value] : metrics_) {
    std::erase_if(results,
                  [&](const auto& result) { return result.first == name && result.second != value; });
    add(name, value);
  }
  if (results.empty())
    record({Severity::error,
            fmt::format("train {} has no loss that every step computes", settings.name),
            {},
            {},
            "compute it before `when`"});
  metric_names.clear();
  for (const auto& [name, value] : results) {
    metric_names.push_back(name);
    root_->builder.add_result(name, value);
  }
  add_totals(results);
  for (const auto& [name, value] : rates_) {
    rate_names.push_back(name);
    root_->builder.add_result(name, value);
  }
}

void Elaborator::check_monitor() {
  if (options_.mode == Mode::settings) return;
  for (const SettingCall& action : settings.actions) {
    const Setting* monitor = action.find("monitor");
    if (!monitor) continue;
    const auto* word = std::get_if<Word>(&monitor->value);
    const size_t dot = word ? word->text.find('.') : std::string::npos;
    const std::string part = word && dot != std::string::npos ? word->text.substr(0, dot) : "";
    const std::string metric = word && dot != std::string::npos ? word->text.substr(dot + 1) : "";
    if (part != "train" && part != "validation") {
      record({Severity::error,
              "`monitor` is a metric of the training or validation part",
              action.span,
              {},
              "for example monitor: validation.loss"});
      continue;
    }
    if (part == "validation" &&
        (!settings.split || (!settings.split->find("validation") && !settings.split->find("folds"))))
      record({Severity::error,
              fmt::format("`{}` is monitored, but there is no validation part", word->text),
              action.span,
              {},
              "add split(validation: 0.1)"});
    if (std::find(metric_names.begin(), metric_names.end(), metric) == metric_names.end()) {
      std::string all;
      for (const std::string& each : metric_names) all += (all.empty() ? "" : ", ") + each;
      record({Severity::error,
              fmt::format("`{}` is monitored, but there is no metric `{}`", word->text, metric),
              action.span,
              {},
              "there are " + all});
    }
  }
}

}  // namespace gradus::language
