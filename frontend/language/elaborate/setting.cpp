// Settings of a train block, its overrides, and calls that are passed on to the reader of data.
#include <fmt/format.h>

#include <algorithm>

#include "frontend/language/elaborate/elaborator.h"
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

void Elaborator::take_setting(const std::string& name, const Object& value, const SourceSpan& span) {
  if (name == "batch" || name == "epochs" || name == "seed") {
    const int64_t number = to_integer(value, fmt::format("`{}`", name), span);
    if (name != "seed" && number < 1)
      error(span, fmt::format("`{}` must be at least 1, found {}", name, number));
    if (name == "batch") {
      settings.batch = options_.batch.value_or(number);
    } else {
      (name == "epochs" ? settings.epochs : settings.seed) = number;
    }
  }
  if (name == "shuffle") settings.shuffle = to_bool(value, "`shuffle`", span);
  if (name == "drop_last") settings.drop_last = to_bool(value, "`drop_last`", span);
  constexpr std::pair<std::string_view, std::string_view> habits[] = {
      {"learning_rate", "a rate is given to the optimizer: with adam(1e-3)"},
      {"lr", "a rate is given to the optimizer: with adam(1e-3)"},
      {"batch_size", "the setting is called `batch`"},
      {"batchsize", "the setting is called `batch`"},
      {"epoch", "the setting is called `epochs`"},
      {"Epochs", "the setting is called `epochs`"},
      {"n_epochs", "the setting is called `epochs`"},
      {"num_epochs", "the setting is called `epochs`"},
  };
  for (const auto& [habit, hint] : habits)
    if (name == habit && is_known(value))
      warn(span, fmt::format("`{}` is a name like any other here", name), std::string(hint));
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
