// `model` in a train block: made once, called on the bindings of its inputs' names where an output is first
// read.
#include <fmt/format.h>

#include <algorithm>

#include "frontend/language/elaborate/elaborator.h"

namespace gradus::language {

void Elaborator::make_model(const Symbol& symbol) {
  const Train& train = *symbol.train();
  const std::string& name = train.of ? train.of->text : train.name.text;
  const Symbol* model = unit_.find(name);
  if (!model || !model->definition() ||
      (model->definition()->kind != Definition::Kind::model &&
       model->definition()->kind != Definition::Kind::layer)) {
    if (train.of) {
      std::vector<std::string> names;
      for (const auto& [each, other] : unit_.user->visible) names.push_back(each);
      const std::string near = closest(name, names);
      error(train.of->span, fmt::format("there is no model `{}`", name),
            near.empty() ? "" : fmt::format("did you mean `{}`?", near));
    }
    if (!train.arguments.empty())
      error(train.name.span, fmt::format("there is no model `{}` that these settings could be for", name));
    return;
  }
  const Definition& definition = *model->definition();
  std::map<std::string, Object> given;
  ArgumentValues arguments = evaluate_arguments(train.arguments, model);
  const SourceSpan& span = train.of ? train.of->span : train.name.span;
  // Overrides reach the model's settings where the block has none of that name.
  for (const Parameter& parameter : definition.parameters) {
    if (parameter.is_input()) continue;
    const bool assigned =
        std::any_of(train.body.statements.begin(), train.body.statements.end(), [&](const auto& s) {
          const auto* assignment = s.template as<Assignment>();
          return assignment && assignment->targets.size() == 1 &&
                 assignment->targets[0].text == parameter.name.text;
        });
    if (assigned) continue;
    if (std::optional<Object> forced = override_of(parameter.name.text)) {
      std::erase_if(arguments, [&](const ArgumentValue& a) { return a.name == parameter.name.text; });
      arguments.push_back({parameter.name.text, std::move(*forced), span});
    }
  }
  given = bind_arguments(*model, arguments, Binding::settings, span);
  model_ = std::make_shared<Instance>();
  model_->symbol = model;
  model_->settings = std::move(given);
  model_->span = span;
  block_environment_->names["model"] = model_;
}

// The first use of an output calls the model on the current bindings of its inputs' names.
std::optional<Object> Elaborator::model_output(const std::string& name, const SourceSpan& span) {
  if (!model_ || model_called_) return std::nullopt;
  const Environment* outermost = activation_->environment;
  while (outermost->parent) outermost = outermost->parent;
  if (outermost != block_environment_) return std::nullopt;
  const Definition& definition = *model_->symbol->definition();
  const bool output = std::any_of(definition.results.begin(), definition.results.end(),
                                  [&](const Result& result) { return result.name.text == name; });
  if (!output) return std::nullopt;
  call_model(name, span);
  return block_environment_->names.at(name);
}

// `wanted` is what is read and so calls it.
void Elaborator::call_model(const std::string& wanted, const SourceSpan& span) {
  const Definition& definition = *model_->symbol->definition();
  model_called_ = true;
  std::map<std::string, Object> given;
  for (const Parameter& parameter : definition.parameters) {
    if (!parameter.is_input()) continue;
    const auto at = block_environment_->names.find(parameter.name.text);
    if (at == block_environment_->names.end()) {
      if (parameter.default_value) continue;
      model_called_ = false;
      error(span,
            fmt::format("`{}` calls {}, whose input `{}` is not bound", wanted, definition.name.text,
                        parameter.name.text),
            fmt::format("give a data column that name: data … -> {}", parameter.name.text));
    }
    if (at->second.is<Poison>()) {
      for (const Result& result : definition.results)
        block_environment_->names.emplace(result.name.text, Poison{});
      throw Abandon{};
    }
    given.emplace(parameter.name.text, at->second);
  }
  const auto bind_all = [&](const Object& result) {
    for (size_t i = 0; i < definition.results.size(); ++i) {
      const auto* several = result.as<ResultsObject>();
      block_environment_->names.emplace(definition.results[i].name.text,
                                        several ? (*several->values)[i] : result);
    }
  };
  Frame* inner = frame_;
  frame_ = root_.get();
  try {
    const bool has_inputs = !given.empty();
    const Object result = run_instance(model_, std::move(given), span);
    bind_all(result);
    const auto* several = result.as<ResultsObject>();
    for (size_t i = 0; has_inputs && i < definition.results.size(); ++i)
      model_results.emplace_back(definition.results[i].name.text, several ? (*several->values)[i] : result);
  } catch (const Abandon&) {
    frame_ = inner;
    bind_all(Poison{});
    throw;
  }
  frame_ = inner;
}

}  // namespace gradus::language
