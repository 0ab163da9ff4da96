// Parameters: patterns bind sizes, settings are checked against their types.
#include <fmt/format.h>

#include <algorithm>

#include "frontend/language/elaborate/builtin_call.h"
#include "frontend/language/elaborate/elaborator.h"
#include "frontend/language/elaborate/number_kind.h"
#include "frontend/language/elaborate/setting_type.h"
#include "frontend/language/print.h"
#include "frontend/language/words.h"
#include "ir/dependence.h"

namespace gradus::language {

std::string print_shape(const TypePattern& pattern) {
  std::string out = pattern.name + "[";
  for (const ExpressionPointer& axis : *pattern.shape) out += (out.back() == '[' ? "" : ", ") + print(*axis);
  return out + "]";
}

namespace {

bool is_name(const Expression& expression, std::string_view text) {
  const auto* name = expression.as<Name>();
  return name && name->text == text;
}

}  // namespace

ElementType Elaborator::pattern_element(const TypePattern& pattern) const {
  if (pattern.name == "int") return ElementType::i32;
  if (const auto element = element_type_named(pattern.name)) return *element;
  return options_.precision;  // "", float and kinds of numbers
}

void Elaborator::bind_parameters(const Symbol& symbol, const std::map<std::string, Object>& given,
                                 Environment& environment, const SourceSpan& span) {
  const Definition& definition = *symbol.definition();
  // Inputs first: their patterns give the sizes that the defaults of settings may read.
  for (const Parameter& parameter : definition.parameters) {
    if (!parameter.is_input()) continue;
    const auto at = given.find(parameter.name.text);
    if (at == given.end() || at->second.is<Nothing>()) {
      if (!parameter.default_value)
        error(span, fmt::format("{} needs its input `{}`", definition.name.text, parameter.name.text));
      const Object& bound = environment.names[parameter.name.text] =
          parameter.default_value->as<None>()
              ? Object(Nothing{})
              : bind_input(definition, parameter, given, evaluate(*parameter.default_value), span);
      observe(parameter.name.span, bound);
      continue;
    }
    observe(parameter.name.span, environment.names[parameter.name.text] =
                                     bind_input(definition, parameter, given, at->second, span));
  }
  for (const Parameter& parameter : definition.parameters) {
    if (parameter.is_input()) continue;
    const auto at = given.find(parameter.name.text);
    Object value = at != given.end() ? at->second : evaluate(*parameter.default_value);
    if (value.is<Poison>()) throw Abandon{};
    check_setting(definition, parameter, value, span);
    observe(parameter.name.span, value);
    environment.names[parameter.name.text] = std::move(value);
  }
}

std::string Elaborator::float_for_integer_hint(const Definition& definition, const Parameter& parameter,
                                               const std::map<std::string, Object>& given,
                                               const SourceSpan& span) {
  const std::string cast = fmt::format("cast it: {}(…)", name(pattern_element(*parameter.type)));
  const Parameter& first = definition.parameters.front();
  const auto at = given.find(first.name.text);
  const bool swapped = &parameter == &first + 1 && first.is_input() &&
                       is_float(pattern_element(*first.type)) && at != given.end() &&
                       is_integer(element_of(at->second, span));
  return swapped
             ? fmt::format("`{}` comes first, then `{}`; or {}", first.name.text, parameter.name.text, cast)
             : cast;
}

Object Elaborator::bind_input(const Definition& definition, const Parameter& parameter,
                              const std::map<std::string, Object>& given, const Object& value,
                              const SourceSpan& span) {
  const std::string what = fmt::format("input `{}` of {}", parameter.name.text, definition.name.text);
  const TypePattern& pattern = *parameter.type;
  if (!pattern.name.empty() && pattern.name != "float" && pattern.name != "int" &&
      !element_type_named(pattern.name) && !number_kind(pattern.name))
    error(pattern.span, fmt::format("unknown element type `{}`", pattern.name));
  // Blamed on the caller's line.
  Activation* inner = activation_;
  const auto from_caller = [&](auto action) {
    activation_ = inner->caller;
    try {
      auto result = action();
      activation_ = inner;
      return result;
    } catch (...) {
      activation_ = inner;
      throw;
    }
  };
  const ElementType element = pattern_element(pattern);
  const Value converted = from_caller([&] {
    checked(value, span);
    if (!value.is<Tensor>() && !value.is<ListObject>() && !is_known_scalar(value))
      error(span, fmt::format("{} must be a tensor, found {}", what, describe(value)));
    if (is_float(element_of(value, span)) && !is_float(element))
      error(span, fmt::format("{} must be {}, found {}", what, print_shape(pattern), describe(value)),
            float_for_integer_hint(definition, parameter, given, span));
    // What is known takes the width that it meets.
    const bool known_integers = is_integer(element) && weak(value);
    return known_integers ? to_value(value, element, span)
                          : promote(to_value(value, span), element, span, what);
  });
  const Shape shape = frame_->builder.shape(converted);
  const bool class_numbers = is_float(element) && is_integer(element_of(value, span)) &&
                             !pattern.shape->empty() && is_name(*pattern.shape->back(), "classes");
  match_shape(*pattern.shape, shape, what, span, print_shape(pattern),
              class_numbers ? "class numbers become rows by one_hot(label, classes), and "
                              "sparse_categorical_cross_entropy(logits, label) takes them as they are"
                            : "");
  if (number_kind(pattern.name)) warn_of_numbers(definition, parameter, converted, span);
  return tensor(converted);
}

// Only where a model is trained: a lesson may well show what comes of it. Blamed on the caller's line.
void Elaborator::warn_of_numbers(const Definition& definition, const Parameter& parameter, Value value,
                                 const SourceSpan& span) {
  if (options_.mode != Mode::training || frame_ != root_.get()) return;
  const std::string& function = definition.name.text;
  Activation* inner = activation_;
  activation_ = inner->caller;
  const Expression* last = parameter.type->shape->empty() ? nullptr : parameter.type->shape->back().get();
  if (last && is_name(*last, "classes") && type_of(value).shape.back() == 1) {
    warn(span,
         fmt::format("{} tells classes apart, and `{}` has one only: {}", function, parameter.name.text,
                     to_string(type_of(value))),
         "an output for each class: dense(10); for one output that says yes or no: "
         "binary_cross_entropy_logits(logit, target)",
         {maker_note(value)});
  } else if (const std::string_view found = contradiction(*number_kind(parameter.type->name), value);
             !found.empty()) {
    const NumberKind& kind = *number_kind(parameter.type->name);
    warn(span, fmt::format("{} {}, and {}", function, kind.takes, found), std::string(kind.hint),
         {maker_note(value)});
  }
  activation_ = inner;
}

// Empty also for what is not learned: a number to compare with may be any.
std::string_view Elaborator::contradiction(const NumberKind& kind, Value value) const {
  const Graph& graph = root_->builder.graph();
  std::set<Value> parameters;
  for (const auto& storage : storages_)
    if (storage->trainable) parameters.insert(storage->versions.begin(), storage->versions.end());
  const std::string_view found = kind.contradiction(root_->builder, value, parameters);
  if (found.empty()) return found;
  const std::vector<bool> needed = needed_by(graph, marked(graph, value));
  const bool learned =
      std::any_of(parameters.begin(), parameters.end(), [&](Value each) { return needed[each.node]; });
  return learned ? found : std::string_view();
}

// Matches in the callee's environment; a mismatch is blamed on the caller's line.
void Elaborator::match_shape(const std::vector<ExpressionPointer>& axes, const Shape& shape,
                             const std::string& what, const SourceSpan& span, const std::string& pattern,
                             std::string_view advice) {
  Activation* inner = activation_;
  const auto mismatch = [&](const std::string& why) {
    const bool call = inner->caller && span == inner->call_span;
    if (call) activation_ = inner->caller;
    try {
      error(span, fmt::format("{} must be {}, found {}", what, pattern, to_string(shape)),
            advice.empty() ? why : fmt::format("{}; {}", why, advice),
            call ? std::vector<Diagnostic::Note>{{fmt::format("{} is defined here", inner->name),
                                                  inner->symbol ? inner->symbol->item->span : SourceSpan{}}}
                 : std::vector<Diagnostic::Note>{});
    } catch (...) {
      activation_ = inner;
      throw;
    }
  };
  std::ptrdiff_t dots = -1;
  for (size_t i = 0; i < axes.size(); ++i)
    if (axes[i]->as<Ellipsis>()) {
      if (dots >= 0) error(axes[i]->span, "a pattern has one `...` at most");
      dots = static_cast<std::ptrdiff_t>(i);
    }
  const size_t fixed = axes.size() - (dots >= 0 ? 1 : 0);
  if (shape.size() < fixed || (dots < 0 && shape.size() != fixed))
    mismatch(
        fmt::format("it has {} axes instead of {}{}", shape.size(), dots >= 0 ? "at least " : "", fixed));
  const size_t covered = shape.size() - fixed;  // axes under `...`
  const auto axis_of = [&](size_t i) {
    return dots >= 0 && static_cast<std::ptrdiff_t>(i) > dots ? i - 1 + covered : i;
  };
  if (dots >= 0) {
    EllipsisBinding binding;
    for (size_t i = 0; i < covered; ++i) {
      binding.sizes.push_back(shape[static_cast<size_t>(dots) + i]);
      binding.axes.push_back(dots + static_cast<int64_t>(i));
    }
    if (activation_->ellipsis && activation_->ellipsis->sizes != binding.sizes)
      mismatch(fmt::format("`...` stands for {} already", to_string(activation_->ellipsis->sizes)));
    if (!activation_->ellipsis) activation_->ellipsis = std::move(binding);
  }
  Environment& environment = *activation_->environment;
  for (size_t i = 0; i < axes.size(); ++i) {
    if (axes[i]->as<Ellipsis>() || axes[i]->as<Placeholder>()) continue;
    const int64_t extent = shape[axis_of(i)];
    const auto* name = axes[i]->as<Name>();
    if (name && !environment.names.contains(name->text)) {
      // A size that is a setting with a known value would be bound later; a pattern's name binds first.
      environment.names[name->text] = Object(extent);
      continue;
    }
    const int64_t expected = to_integer(evaluate(*axes[i]), "a size in a pattern", axes[i]->span);
    if (expected != extent)
      mismatch(name ? fmt::format("`{}` is {} already", name->text, expected)
                    : fmt::format("axis {} is {} instead of {}", axis_of(i), extent, expected));
  }
}

void Elaborator::check_setting(const Definition& definition, const Parameter& parameter, const Object& value,
                               const SourceSpan& span) {
  if (!parameter.type) return;
  const Object& known = known_of(value);
  std::vector<std::string> alternatives = parameter.type->alternatives;
  if (alternatives.empty()) {
    alternatives.push_back(parameter.type->name);
    if (!find_setting_type(parameter.type->name))
      error(parameter.type->span, fmt::format("unknown type `{}`", parameter.type->name),
            fmt::format("types of settings are {}, or words: same | valid", setting_type_names()));
  } else if (value.is<Nothing>()) {
    return;
  }
  std::string expected, hint;
  const auto* word = value.as<std::string>();
  for (const std::string& each : alternatives) {
    const SettingType* type = find_setting_type(each);
    if (type ? type->accepts(value) : word && *word == each) return;
    expected += (expected.empty() ? "" : " or ") + (type ? std::string(type->expected) : each);
  }
  if (alternatives.front() == "function")
    hint =
        word
            ? fmt::format("names stand without quotes: `{}: {}`", parameter.name.text, *word)
            : "the name alone is one: relu; with arguments of its own it leaves a place: leaky_relu(_, 0.2), "
              "l2(_, 1e-4)";
  if (value.is<Nothing>() && parameter.default_value && parameter.default_value->as<None>()) return;
  Activation* inner = activation_;
  activation_ = inner->caller;
  try {
    error(span,
          fmt::format("argument `{}` of {} must be {}, found {}", parameter.name.text, definition.name.text,
                      expected, describe(known)),
          hint);
  } catch (...) {
    activation_ = inner;
    throw;
  }
}

}  // namespace gradus::language
