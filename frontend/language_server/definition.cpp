#include <algorithm>

#include "frontend/language_server/answers.h"

namespace gradus::language_server {

namespace {

// The import whose file name stands at this place.
const language::Import* import_at(const ParsedText& text, size_t offset) {
  for (const language::Item& item : text.tree.items) {
    const auto* import = item.as<language::Import>();
    if (import && text.lines.position(offset).line + 1 == item.span.line) return import;
  }
  return nullptr;
}

Json place_of(const Definition& definition) {
  const language::Identifier* name = name_of(*definition.item);
  return location_of(*definition.text, name ? name->span : definition.item->span);
}

Json argument_place(const Program& program, const Word& word) {
  const std::optional<Definition> callee = find_definition(program, word.argument_of);
  const auto* definition = callee ? callee->item->as<language::Definition>() : nullptr;
  if (!definition) return nullptr;
  for (const language::Parameter& parameter : definition->parameters)
    if (parameter.name.text == word.text) return location_of(*callee->text, parameter.name.span);
  return nullptr;
}

// An output of the model that a block trains, or the model itself.
Json model_place(const Program& program, const Word& word) {
  const language::Item* item = item_at(*program.own, word.span.line);
  const std::optional<Definition> model = item ? model_of(program, *item) : std::nullopt;
  if (!model) return nullptr;
  if (word.text == "model") return place_of(*model);
  for (const language::Result& result : results_of(*model))
    if (result.name.text == word.text) return location_of(*model->text, result.name.span);
  return nullptr;
}

// What `train M` and `train … of M` are about.
bool names_model(const ParsedText& text, const Word& word) {
  const language::Item* item = item_at(text, word.span.line);
  const auto* train = item ? item->as<language::Train>() : nullptr;
  return train && (train->name.span == word.span || (train->of && train->of->span == word.span));
}

}  // namespace

Json location_of(const ParsedText& text, const SourceSpan& span) {
  std::string uri = text.uri;
  if (uri.empty()) {
    const std::string file = text.library ? library_file(text) : text.name;
    if (file.empty()) return nullptr;
    uri = uri_of_path(file);
  }
  return {{"uri", std::move(uri)}, {"range", to_json(text.lines.range(span))}};
}

Json definition(const Program& program, Position position) {
  const ParsedText& text = *program.own;
  const size_t offset = text.lines.offset(position);
  if (const language::Import* import = import_at(text, offset)) {
    const std::string path = imported_path(text, *import);
    for (const auto& imported : program.imported)
      if (imported->name == path) return location_of(*imported, {path, 1, 1, 1});
    return nullptr;
  }
  const std::optional<Word> word = word_at(text, offset);
  if (!word || word->member) return nullptr;
  if (!word->argument_of.empty()) return argument_place(program, *word);
  if (!names_model(text, *word))
    if (const auto binding = find_binding(text, word->text, word->span))
      return location_of(text, binding->name.span);
  if (Json place = model_place(program, *word); !place.is_null()) return place;
  const std::optional<Definition> found = find_definition(program, word->text);
  return found ? place_of(*found) : Json(nullptr);
}

}  // namespace gradus::language_server
