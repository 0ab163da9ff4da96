// Settings of a train block, what looks like one, its overrides, and calls that are passed on to the reader
// of data.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "frontend/language/elaborate/elaborator.h"
#include "frontend/language/habits.h"
#include "frontend/language/names_read.h"
#include "frontend/language/parse.h"

namespace gradus::language {

const Setting* SettingCall::find(std::string_view argument) const {
  for (const Argument& each : arguments)
    if (each.name == argument) return &each.value;
  return nullptr;
}

std::optional<Object> Elaborator::override_of(const std::string& name) {
  for (const auto& [wanted, text] : options_.overrides) {
    if (wanted != name) continue;
    overrides_used_.insert(name);
    const std::string file = fmt::format("--set {}", name);
    std::vector<Diagnostic> diagnostics;
    ExpressionPointer tree = parse_expression(text, file, diagnostics);
    if (!diagnostics.empty()) throw Error(ErrorKind::program, std::move(diagnostics));
    if (const auto* word = tree->as<Name>(); word && !lookup(word->text, false, tree->span))
      error(tree->span, fmt::format("nothing is called `{}`", word->text),
            "write a number, true or false, or a name that there is, such as tanh; a text stands in quotes");
    override_trees_.push_back(std::move(tree));
    return evaluate(*override_trees_.back());
  }
  return std::nullopt;
}

// What an assignment in the block itself sets, besides binding the name.
const std::vector<Elaborator::SettingForm>& Elaborator::setting_forms() {
  using Self = Elaborator&;
  static const std::vector<SettingForm> all = {
      {"batch",
       [](Self self, const Object& value, const SourceSpan& span) {
         const int64_t rows = self.positive_setting("batch", value, span);
         self.settings.batch = self.options_.batch.value_or(rows);
       }},
      {"epochs",
       [](Self self, const Object& value, const SourceSpan& span) {
         self.settings.epochs = self.positive_setting("epochs", value, span);
       }},
      {"seed", [](Self self, const Object& value,
                  const SourceSpan& span) { self.settings.seed = self.to_integer(value, "`seed`", span); }},
      {"shuffle",
       [](Self self, const Object& value, const SourceSpan& span) {
         self.settings.shuffle = self.to_bool(value, "`shuffle`", span);
       }},
      {"drop_last",
       [](Self self, const Object& value, const SourceSpan& span) {
         self.settings.drop_last = self.to_bool(value, "`drop_last`", span);
       }},
  };
  return all;
}

std::vector<std::string> Elaborator::setting_names() {
  std::vector<std::string> names;
  for (const SettingForm& form : setting_forms()) names.emplace_back(form.name);
  return names;
}

int64_t Elaborator::positive_setting(const char* name, const Object& value, const SourceSpan& span) {
  const int64_t number = to_integer(value, fmt::format("`{}`", name), span);
  if (number < 1) error(span, fmt::format("`{}` must be at least 1, found {}", name, number));
  return number;
}

void Elaborator::take_setting(const std::string& name, const Object& value, const SourceSpan& span) {
  for (const SettingForm& form : setting_forms())
    if (name == form.name) form.take(*this, value, span);
}

namespace {

// Known when the graph is built, as settings are.
bool may_be_setting(const Object& value) {
  if (const auto* list = value.as<ListObject>())
    return std::all_of(list->items->begin(), list->items->end(), may_be_setting);
  return is_known(value) || value.is<Nothing>() || value.is<std::string>() || value.is<FunctionObject>() ||
         value.is<OptimizerObject>();
}

}  // namespace

std::string Elaborator::unread_hint(const std::string& name, const Train& train) const {
  if (std::string habit = habit_of_setting(name); !habit.empty()) return habit;
  std::vector<std::string> names = setting_names();
  for (std::string& habit : habitual_settings()) names.push_back(std::move(habit));
  if (const std::string near = closest(name, names); !near.empty()) {
    const std::string habit = habit_of_setting(near);
    return habit.empty() ? fmt::format("did you mean `{}`?", near) : habit;
  }
  if (model_)
    for (const Parameter& parameter : model_->symbol->definition()->parameters)
      if (!parameter.is_input() && parameter.name.text == name)
        return fmt::format("a setting of the model stands behind its name: train {}{}({}: …)",
                           train.name.text, train.of ? " of " + train.of->text : "", name);
  return fmt::format("settings are {}", fmt::join(setting_names(), ", "));
}

// `lerning_rate = 0.1` trains with another rate, and nobody says so. What is computed from the data may well
// be there to be looked at; what is known and not read, and what frameworks call a setting, is a mistake.
void Elaborator::warn_of_unread_settings(const Train& train) {
  std::set<std::string, std::less<>> read = names_read(train.body);
  for (const SettingForm& form : setting_forms()) read.insert(form.name);
  read.insert("loss");  // the first result
  if (model_)
    for (const Parameter& parameter : model_->symbol->definition()->parameters)
      if (parameter.is_input()) read.insert(parameter.name.text);
  for_each_binding(train.body, [&](const Assignment& assignment) {
    const Identifier& target = assignment.targets[0];
    const auto at = block_environment_->names.find(target.text);
    if (read.contains(target.text) || at == block_environment_->names.end() || at->second.is<Poison>())
      return;
    if (may_be_setting(at->second) || !habit_of_setting(target.text).empty())
      warn(target.span, fmt::format("`{}` is no setting, and nothing reads it", target.text),
           unread_hint(target.text, train));
  });
}

Setting Elaborator::setting_of(const Object& object, const SourceSpan& span) {
  const Object& known = known_of(checked(object, span));
  if (known.is<Nothing>()) return {};
  if (const auto* value = known.as<bool>()) return {*value};
  if (const auto* value = known.as<int64_t>()) return {*value};
  if (const auto* value = known.as<double>()) return {*value};
  if (const auto* value = known.as<std::string>()) return {*value};
  if (const auto* list = known.as<ListObject>()) {
    std::vector<Setting> items;
    for (const Object& item : *list->items) items.push_back(setting_of(item, span));
    return {std::move(items)};
  }
  error(span, fmt::format("this must be known before the program runs, found {}", describe(object)));
}

// What the language does not know itself is passed on as words: names of metrics, kinds of columns.
Setting Elaborator::setting_of(const Expression& expression) {
  if (const auto* name = expression.as<Name>())
    if (!activation_->environment->names.contains(name->text) && !unit_.find(name->text))
      return {Word{name->text}};
  if (const auto* member = expression.as<Member>())
    if (const auto* base = member->base->as<Name>()) return {Word{base->text + "." + member->name.text}};
  if (const auto* call = expression.as<Call>())
    if (const auto* callee = call->callee->as<Name>();
        callee && (!lookup(callee->text, true, expression.span) || !find_builtin(callee->text)))
      if (const Symbol* symbol = unit_.find(callee->text); !symbol)
        return {std::make_shared<const SettingCall>(
            setting_call(callee->text, call->arguments, expression.span))};
  if (const auto* list = expression.as<List>()) {
    std::vector<Setting> items;
    for (const ExpressionPointer& element : list->elements) items.push_back(setting_of(*element));
    return {std::move(items)};
  }
  return setting_of(evaluate(expression), expression.span);
}

SettingCall Elaborator::setting_call(const std::string& name, const Arguments& arguments,
                                     const SourceSpan& span) {
  SettingCall call;
  call.name = name;
  call.span = span;
  for (const Argument& argument : arguments) {
    SettingCall::Argument given;
    given.span = argument.name ? argument.name->span : argument.value.span;
    if (argument.name) given.name = argument.name->text;
    for (const SettingCall::Argument& other : call.arguments)
      if (!given.name.empty() && other.name == given.name)
        error(given.span, fmt::format("`{}` is given twice", given.name));
    given.value = argument.value.is_range ? setting_of(list_of(argument.value), given.span)
                                          : setting_of(*argument.value.first);
    call.arguments.push_back(std::move(given));
  }
  return call;
}

}  // namespace gradus::language
