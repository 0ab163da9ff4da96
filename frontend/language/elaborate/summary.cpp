// What a summary of a model needs: types of what layers give, and a model elaborated by itself.
#include <fmt/format.h>

#include <algorithm>

#include "frontend/language/elaborate/elaborator.h"

namespace gradus::language {

std::vector<Type> Elaborator::output_types(const Object& result) const {
  std::vector<Type> types;
  const auto add = [&](const Object& object) {
    if (const auto* tensor = object.as<Tensor>()) types.push_back(tensor->frame->builder.type(tensor->value));
  };
  if (const auto* several = result.as<ResultsObject>()) {
    for (const Object& each : *several->values) add(each);
  } else {
    add(result);
  }
  return types;
}

// Functions stand between layers in the text of a model: pools, flatten. Those inside of library layers and
// functions do not.
void Elaborator::record_function(const Symbol& symbol, const Object& result) {
  const Symbol* caller = activation_->symbol;
  if (!caller || activation_->library || activation_->line || !initializing_.empty()) return;
  const Definition::Kind kind = caller->definition()->kind;
  if (kind != Definition::Kind::layer && kind != Definition::Kind::model) return;
  std::vector<Type> types = output_types(result);
  if (types.empty() || types[0].shape.empty()) return;
  layers.push_back({path_->path, symbol.definition()->name.text, true, std::move(types)});
}

bool Elaborator::run_model(const Symbol& symbol, std::vector<std::string>& open_sizes) {
  stack_base_ = frame_address();
  const Definition& definition = *symbol.definition();
  const SourceSpan& span = definition.name.span;
  Environment environment;
  Activation activation;
  activation.name = definition.name.text;
  activation.environment = &environment;
  PathScope scope;
  activation_ = &activation;
  path_ = &scope;
  block_environment_ = &environment;
  settings.batch = options_.batch.value_or(1);
  environment.names["batch"] = Object(settings.batch);
  std::map<std::string, Object> inputs;
  ArgumentValues arguments;
  try {
    for (const Parameter& parameter : definition.parameters) {
      const std::string& name = parameter.name.text;
      if (!parameter.is_input()) {
        if (std::optional<Object> given = override_of(name))
          arguments.push_back({name, std::move(*given), span});
        else if (!parameter.default_value)
          open_sizes.push_back(name);
        continue;
      }
      if (parameter.default_value) continue;
      Shape shape;
      for (const ExpressionPointer& axis : *parameter.type->shape) {
        const auto* size = axis->as<Name>();
        if (size && !environment.names.contains(size->text)) {
          std::optional<Object> given = override_of(size->text);
          if (!given) {
            open_sizes.push_back(size->text);
            continue;
          }
          environment.names[size->text] = std::move(*given);
        }
        if (!axis->as<Ellipsis>() && !axis->as<Placeholder>())
          shape.push_back(to_shape(make_list({evaluate(*axis)}), axis->span)[0]);
      }
      put_origin(parameter.name.span);
      inputs.emplace(name, tensor(root_->builder.input(name, InputKind::data,
                                                       Type(pattern_element(*parameter.type), shape))));
    }
    if (!open_sizes.empty()) return false;
    model_ = std::make_shared<Instance>();
    model_->symbol = &symbol;
    model_->settings = bind_arguments(symbol, arguments, Binding::settings, span);
    model_->span = span;
    run_instance(model_, std::move(inputs), span);
  } catch (const Abandon&) {
    throw_if_errors();
  }
  throw_if_errors();
  activation_ = nullptr;
  path_ = nullptr;
  return true;
}

ModelProgram elaborate_model(const Unit& unit, const std::string& name, const TrainOptions& options) {
  const Symbol* symbol = unit.implementation().find(name);
  if (!symbol || !symbol->definition()) fail_program(fmt::format("there is no model `{}`", name));
  Elaborator elaborator(unit.implementation(), {.mode = Mode::prediction,
                                                .precision = options.precision,
                                                .memoize = options.memoize,
                                                .name = name,
                                                .overrides = options.overrides,
                                                .columns = {},
                                                .batch = options.batch,
                                                .when = {},
                                                .observer = options.observer});
  ModelProgram program;
  if (!elaborator.run_model(*symbol, program.open_sizes)) return program;
  program.layers = std::move(elaborator.layers);
  program.storage = elaborator.storage_rows();
  return program;
}

}  // namespace gradus::language
