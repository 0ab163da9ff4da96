// Calls: arguments, placeholders, functions and their memory.
#include <fmt/format.h>

#include "frontend/language/elaborate/builtin_call.h"
#include "frontend/language/elaborate/elaborator.h"
#include "frontend/language/elaborate/setting_type.h"
#include "frontend/language/print.h"

namespace gradus::language {

namespace {

constexpr int64_t deepest = 256;
constexpr int64_t most_calls = 1'000'000;

// An optimizer's name without arguments: `halve |> sgd(0.1)`.
bool is_optimizer(const Object& object) {
  const auto* function = object.as<FunctionObject>();
  return function && function->symbol && !function->given &&
         function->symbol->definition()->kind == Definition::Kind::optimizer;
}

}  // namespace

// As the first argument, a number or a layer would pass for the optimizer's rate.
void Elaborator::check_before_optimizer(const Expression& target, const Object& piped,
                                        const SourceSpan& piped_span) {
  const Expression* callee = &target;
  if (const auto* named = callee->as<Named>()) callee = named->value.get();
  if (const auto* call = callee->as<Call>()) callee = call->callee.get();
  const auto* name = callee->as<Name>();
  if (!name || piped.is<Poison>() || piped.is<OptimizerObject>() || is_optimizer(piped)) return;
  const std::optional<Object> found = lookup(name->text, true, callee->span);
  if (!found || !is_optimizer(*found)) return;
  error(piped_span, fmt::format("{} is piped into {}, but is no optimizer", describe(piped), name->text),
        "what stands before an optimizer changes its gradient: clip_norm(1.0) |> adam(1e-3); its rate is an "
        "argument: adam(1e-3)");
}

Object Elaborator::evaluate_call(const Call& call, const Expression& expression, const Object* piped,
                                 const Path* name) {
  const SourceSpan& span = expression.span;
  Object callee;
  if (const auto* callee_name = call.callee->as<Name>()) {
    std::optional<Object> found = lookup(callee_name->text, true, span);
    if (!found) {
      if (std::optional<Object> other = lookup(callee_name->text, false, span)) {
        checked(*other, span);
        error(span, fmt::format("`{}` is {}, not a function", callee_name->text, describe(*other)));
      }
      unknown_name(callee_name->text, span, true);
    }
    callee = std::move(*found);
  } else {
    callee = evaluate_place(*call.callee);
  }
  if (callee.is<Poison>()) throw Abandon{};
  const auto* function = callee.as<FunctionObject>();
  ArgumentValues arguments = evaluate_arguments(call.arguments, function ? function->symbol : nullptr);
  bool placeholders = false;
  for (const ArgumentValue& argument : arguments) placeholders |= argument.placeholder;
  if (piped && placeholders) {
    for (ArgumentValue& argument : arguments)
      if (argument.placeholder) argument = {argument.name, *piped, argument.span};
  } else if (piped) {
    arguments.insert(arguments.begin(), {"", *piped, span});
  } else if (placeholders) {
    if (!function) error(span, "`_` makes a function of a call, and an instance is one already");
    if (function->given) not_supported(span, "`_` in a call of a function that has arguments already");
    auto given = std::make_shared<std::vector<FunctionObject::Given>>();
    FunctionObject partial = *function;
    for (const ArgumentValue& argument : arguments) {
      given->push_back(
          {argument.name, argument.placeholder ? nullptr : std::make_shared<const Object>(argument.value)});
      if (!argument.placeholder) partial.extent.add(argument.value);
    }
    partial.given = std::move(given);
    return require_short(std::move(partial), span);
  }
  return call_object(callee, std::move(arguments), span, name);
}

ArgumentValues Elaborator::evaluate_arguments(const Arguments& arguments, const Symbol* callee) {
  ArgumentValues values;
  const Definition* definition = callee ? callee->definition() : nullptr;
  // The argument takes words, and this is one of them (or no name at all: then it is a wrong word).
  const auto is_word = [&](const Argument& argument, const std::string& text) {
    if (!definition) return false;
    for (const Parameter& parameter : definition->parameters)
      if (parameter.type && (!argument.name || argument.name->text == parameter.name.text)) {
        for (const std::string& word : parameter.type->alternatives)
          if (word == text && !find_setting_type(word)) return true;
        if (argument.name && !parameter.type->alternatives.empty() &&
            !lookup(text, false, argument.value.span) && !lookup(text, true, argument.value.span))
          return true;
      }
    return false;
  };
  for (const Argument& argument : arguments) {
    ArgumentValue value;
    if (argument.name) value.name = argument.name->text;
    value.span = argument.name ? argument.name->span : argument.value.span;
    const Expression* expression = argument.value.is_range ? nullptr : argument.value.first.get();
    value.expression = expression;
    if (!expression) {
      value.value = list_of(argument.value);
    } else if (expression->as<Placeholder>()) {
      value.placeholder = true;
    } else if (const auto* word = expression->as<Name>();
               word && is_word(argument, word->text) &&
               (argument.name || !lookup(word->text, false, value.span))) {
      value.value = Object(word->text);
    } else if (expression->as<Ellipsis>()) {  // `over: ...` is its axes
      if (!activation_->ellipsis)
        error(expression->span,
              "`...` is not bound here: no parameter of this definition has `...` in its pattern");
      Items axes;
      for (int64_t axis : activation_->ellipsis->axes) axes.push_back(Object(axis));
      value.value = make_list(std::move(axes));
    } else {
      value.value = evaluate(*expression);
      if (value.value.is<Poison>()) throw Abandon{};
    }
    values.push_back(std::move(value));
  }
  return values;
}

Object Elaborator::call_object(const Object& callee, ArgumentValues arguments, const SourceSpan& span,
                               const Path* name) {
  if (callee.is<Poison>()) throw Abandon{};
  if (++calls_ > most_calls)
    fatal(span, fmt::format("more than {} calls", most_calls),
          "is there a recursion that grows exponentially?");
  const std::optional<bool> training = [&]() -> std::optional<bool> {
    const auto* function = callee.as<FunctionObject>();
    if (function && function->builtin) return std::nullopt;
    return training_argument(arguments);
  }();
  struct Restore {
    bool& at;
    bool saved;
    ~Restore() { at = saved; }
  } restore{training_, training_};
  if (training) training_ = *training;
  if (const auto* instance = callee.as<std::shared_ptr<Instance>>()) {
    if (name) error(span, fmt::format("this instance has its name already: {}", (*instance)->path));
    return call_instance(*instance, std::move(arguments), span);
  }
  const auto* function = callee.as<FunctionObject>();
  if (!function) error(span, fmt::format("{} is not a function", describe(callee)));
  if (function->given) {
    ArgumentValues merged;
    size_t next = 0;
    for (const FunctionObject::Given& given : *function->given) {
      if (given.value) {
        merged.push_back({given.name, *given.value, span});
        continue;
      }
      if (next >= arguments.size() || !arguments[next].name.empty())
        error(span, fmt::format("{} needs an argument for `_`", function->name()));
      merged.push_back({given.name, arguments[next].value, arguments[next].span});
      ++next;
    }
    // Positional arguments come first.
    const auto first_named =
        std::find_if(merged.begin(), merged.end(), [](const auto& a) { return !a.name.empty(); });
    std::vector<ArgumentValue> named(first_named, merged.end());
    merged.erase(first_named, merged.end());
    for (; next < arguments.size(); ++next)
      (arguments[next].name.empty() ? merged : named).push_back(arguments[next]);
    merged.insert(merged.end(), named.begin(), named.end());
    arguments = std::move(merged);
  }
  if (function->builtin) {
    put_origin(span);
    BuiltinCall call(*this, *function->builtin, std::move(arguments), span, name);
    return call.run();
  }
  return call_definition(*function->symbol, std::move(arguments), span, name);
}

std::optional<bool> Elaborator::training_argument(ArgumentValues& arguments) {
  for (size_t i = 0; i < arguments.size(); ++i)
    if (arguments[i].name == "training") {
      const bool value = to_bool(arguments[i].value, "`training`", arguments[i].span);
      arguments.erase(arguments.begin() + static_cast<std::ptrdiff_t>(i));
      return value;
    }
  return std::nullopt;
}

Object Elaborator::call_definition(const Symbol& symbol, ArgumentValues arguments, const SourceSpan& span,
                                   const Path* name) {
  const Definition& definition = *symbol.definition();
  switch (definition.kind) {
    case Definition::Kind::layer:
    case Definition::Kind::model:
      return call_layer(symbol, std::move(arguments), span, name);
    case Definition::Kind::optimizer: {
      auto stages = std::make_shared<std::vector<OptimizerStage>>();
      if (!arguments.empty()) {
        Object before = arguments[0].value;
        if (is_optimizer(before)) before = call_object(before, {}, arguments[0].span, nullptr);
        if (const auto* pipe = before.as<OptimizerObject>()) {
          *stages = *pipe->stages;
          arguments.erase(arguments.begin());
        }
      }
      stages->push_back({&symbol, bind_arguments(symbol, arguments, Binding::all, span),
                         name ? local_name(*name) : "", user_span(span)});
      return OptimizerObject{std::move(stages)};
    }
    case Definition::Kind::function:
      break;
  }
  std::map<std::string, Object> given = bind_arguments(symbol, arguments, Binding::all, span);
  if (!name) {
    Object result = call_function(symbol, std::move(given), span);
    record_function(symbol, result);
    return result;
  }
  PathScope scope;
  scope.path = claim(local_name(*name), name->span);
  scope.owner = path_->owner;
  PathScope* outer = path_;
  path_ = &scope;
  try {
    Object result = call_function(symbol, std::move(given), span);
    record_function(symbol, result);
    path_ = outer;
    bind_path(*name, PathObject{scope.path});
    return result;
  } catch (...) {
    path_ = outer;
    throw;
  }
}

Object Elaborator::call_function(const Symbol& symbol, std::map<std::string, Object> given,
                                 const SourceSpan& span) {
  CallCount& count = calls[symbol.definition()->name.text];
  ++count.calls;
  bool possible = options_.memoize;
  const std::string key = possible ? memo_key(symbol, given, possible) : "";
  if (possible)
    if (const auto at = frame_->memo.find(key); at != frame_->memo.end()) {
      ++count.from_memory;
      return at->second;
    }
  const uint64_t effects = effects_;
  Object result = run_definition(symbol, given, span);
  if (possible && effects == effects_ && !result.is<Poison>()) frame_->memo.emplace(key, result);
  return result;
}

namespace {

constexpr size_t longest_key = 1 << 14;

// The arguments as text; `possible` becomes false for what has no short identity.
void append_key(std::string& key, const Object& object, bool& possible) {
  if (key.size() > longest_key) possible = false;
  if (!possible) return;
  struct Visit {
    std::string& key;
    bool& possible;
    void operator()(const Nothing&) const { key += "none"; }
    void operator()(const Poison&) const { possible = false; }
    void operator()(bool value) const { key += value ? "true" : "false"; }
    void operator()(int64_t value) const { key += std::to_string(value); }
    void operator()(double value) const { key += fmt::format("{:a}f", value); }
    void operator()(const std::string& value) const { key += fmt::format("\"{}\"", value); }
    void operator()(const Tensor& value) const {
      key += fmt::format("%{}.{}@{}{}", value.value.node, value.value.result,
                         static_cast<const void*>(value.frame), value.known ? "k" : "");
    }
    void operator()(const ListObject& list) const {
      if (list.items->size() > 64) possible = false;
      key += '[';
      for (const Object& item : *list.items) {
        append_key(key, item, possible);
        if (!possible) return;
        key += ',';
      }
      key += ']';
    }
    void operator()(const ResultsObject& results) const {
      key += fmt::format("r{}", static_cast<const void*>(results.values.get()));
      possible = false;
    }
    void operator()(const FunctionObject& function) const {
      key += fmt::format("f{}{}(", static_cast<const void*>(function.builtin),
                         static_cast<const void*>(function.symbol));
      if (function.given)
        for (const auto& given : *function.given) {
          key += given.name + ":";
          if (given.value) append_key(key, *given.value, possible);
          key += ',';
        }
      key += ')';
    }
    void operator()(const OptimizerObject&) const { possible = false; }
    void operator()(const std::shared_ptr<Instance>&) const { possible = false; }
    void operator()(const Storage*) const { possible = false; }
    void operator()(const PathObject&) const { possible = false; }
  };
  std::visit(Visit{key, possible}, object.kind);
}

}  // namespace

std::string Elaborator::memo_key(const Symbol& symbol, const std::map<std::string, Object>& given,
                                 bool& possible) const {
  std::string key = fmt::format("{}{}", static_cast<const void*>(&symbol), training_ ? "t" : "");
  for (const auto& [name, value] : given) {
    key += fmt::format("{}=", name);
    append_key(key, value, possible);
    key += ';';
  }
  return key;
}

Object Elaborator::run_definition(const Symbol& symbol, const std::map<std::string, Object>& given,
                                  const SourceSpan& span) {
  const Definition& definition = *symbol.definition();
  if (depth_ >= deepest)
    fatal(span, fmt::format("`{}` is called {} levels deep", definition.name.text, deepest),
          "a recursion must end under a known condition");
  Environment environment;
  Activation activation;
  activation.symbol = &symbol;
  activation.name = definition.name.text;
  activation.library = symbol.file->library;
  activation.file = symbol.file;
  activation.call_span = span;
  activation.caller = activation_;
  activation.environment = &environment;
  struct Enter {
    Elaborator& self;
    Activation* outer;
    Enter(Elaborator& elaborator, Activation* inner) : self(elaborator), outer(elaborator.activation_) {
      self.activation_ = inner;
      ++self.depth_;
    }
    ~Enter() {
      self.activation_ = outer;
      --self.depth_;
    }
  } enter(*this, &activation);

  bind_parameters(symbol, given, environment, span);
  if (definition.expression) return evaluate(*definition.expression);
  run_block(definition.body);
  std::vector<std::string> names;
  Items values;
  for (const Result& result : definition.results) {
    const auto at = environment.names.find(result.name.text);
    if (at == environment.names.end())
      error(result.name.span,
            fmt::format("{} does not set its result `{}`", definition.name.text, result.name.text));
    Object value = at->second;
    if (value.is<Poison>()) throw Abandon{};
    if (auto* storage = value.as<Storage*>()) value = read(**storage);
    if (result.type && result.type->shape) {
      const Value converted = to_value(value, pattern_element(*result.type), result.name.span);
      match_shape(*result.type->shape, frame_->builder.shape(converted),
                  fmt::format("result `{}` of {}", result.name.text, definition.name.text), result.name.span,
                  print_shape(*result.type));
      value = tensor(converted);
    }
    names.push_back(result.name.text);
    values.push_back(std::move(value));
  }
  if (values.size() == 1) return values[0];
  return ResultsObject{definition.name.text, std::move(names),
                       std::make_shared<const Items>(std::move(values))};
}

// --- Arguments to parameters

std::string Elaborator::signature(const Definition& definition) {
  std::string out = definition.name.text + "(";
  for (const Parameter& parameter : definition.parameters)
    out += (out.back() == '(' ? "" : ", ") + print(parameter);
  return out + ")";
}

namespace {

// `dense(8)(x)`: the input is not there, or a number stands in its place.
bool needs_what_comes_in(const Definition& definition, const std::map<std::string, Object>& given) {
  if (definition.parameters.empty() || !definition.parameters[0].is_input()) return false;
  const auto input = given.find(definition.parameters[0].name.text);
  return input == given.end() || is_known_scalar(input->second);
}

}  // namespace

std::map<std::string, Object> Elaborator::bind_arguments(const Symbol& symbol,
                                                         const ArgumentValues& arguments, Binding binding,
                                                         const SourceSpan& span) {
  const Definition& definition = *symbol.definition();
  const auto optional_input = [](const Parameter& p) {
    return p.is_input() && p.default_value && p.default_value->as<None>();
  };
  std::vector<const Parameter*> positional;
  for (const Parameter& parameter : definition.parameters) {
    if (binding == Binding::settings && parameter.is_input()) continue;
    if (binding == Binding::inputs && !parameter.is_input()) continue;
    if (!optional_input(parameter)) positional.push_back(&parameter);
  }
  std::map<std::string, Object> given;
  size_t next = 0;
  for (const ArgumentValue& argument : arguments) {
    const Parameter* target = nullptr;
    if (argument.name.empty()) {
      if (next >= positional.size())
        error(argument.span,
              fmt::format("too many arguments: {} takes {}{}", definition.name.text, positional.size(),
                          binding == Binding::inputs ? " when it is called" : ""),
              "it is " + signature(definition));
      target = positional[next++];
    } else {
      for (const Parameter& parameter : definition.parameters)
        if (parameter.name.text == argument.name) target = &parameter;
      if (!target) {
        std::vector<std::string> names;
        for (const Parameter& parameter : definition.parameters) names.push_back(parameter.name.text);
        error(argument.span, fmt::format("{} has no argument `{}`", definition.name.text, argument.name),
              argument_hint(argument.name, names, signature(definition)));
      }
      if (binding == Binding::settings && target->is_input())
        error(argument.span, fmt::format("`{}` is an input of {}, given when the instance is called",
                                         argument.name, definition.name.text));
      if (binding == Binding::inputs && !target->is_input())
        error(argument.span, fmt::format("`{}` is a setting of this instance of {}, given where it is made",
                                         argument.name, definition.name.text));
    }
    if (!given.emplace(target->name.text, argument.value).second)
      error(argument.span, fmt::format("`{}` is given twice", target->name.text));
  }
  for (const Parameter& parameter : definition.parameters) {
    if (binding == Binding::settings && parameter.is_input()) continue;
    if (binding == Binding::inputs && !parameter.is_input()) continue;
    if (!parameter.default_value && !given.contains(parameter.name.text))
      error(span, fmt::format("{} needs its argument `{}`", definition.name.text, parameter.name.text),
            needs_what_comes_in(definition, given)
                ? fmt::format("what comes in stands first: {0}(x, …), or x |> {0}(…)", definition.name.text)
                : "it is " + signature(definition));
  }
  return given;
}

}  // namespace gradus::language
