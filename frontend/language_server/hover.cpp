#include <fmt/format.h>
#include <fmt/ranges.h>

#include "frontend/driver/data/readers.h"
#include "frontend/language/elaborate/block_forms.h"
#include "frontend/language/elaborate/builtins.h"
#include "frontend/language/elaborate/catalog.h"
#include "frontend/language/print.h"
#include "frontend/language/words.h"
#include "frontend/language_server/answers.h"

namespace gradus::language_server {

namespace {

std::string code(const std::string& text) { return fmt::format("```gradus\n{}\n```", text); }

std::string with_text(const std::string& head, std::string_view text) {
  return text.empty() ? code(head) : fmt::format("{}\n\n{}", code(head), text);
}

// What the word means at its place, where the graph was built.
std::string meaning_of(const Analysis& analysis, const Word& word) {
  const auto found = analysis.meanings.find({word.span.line, word.span.column});
  return found == analysis.meanings.end() ? "" : fmt::format("{}", fmt::join(found->second, "; "));
}

std::string described_binding(const Binding& binding, const std::string& meaning) {
  const std::string head = binding.parameter ? language::print(*binding.parameter) : binding.name.text;
  return fmt::format("{}\n\n{}", code(meaning.empty() ? head : fmt::format("{}    # {}", head, meaning)),
                     binding.kind);
}

// A parameter of a definition, in a call of it.
std::string described_argument(const Program& program, const Word& word) {
  const std::optional<Definition> callee = find_definition(program, word.argument_of);
  const auto* definition = callee ? callee->item->as<language::Definition>() : nullptr;
  if (definition)
    for (const language::Parameter& parameter : definition->parameters)
      if (parameter.name.text == word.text)
        return fmt::format("{}\n\nargument of {}", code(language::print(parameter)), definition->name.text);
  if (const language::Builtin* builtin = language::find_builtin(word.argument_of))
    for (const std::string& parameter : builtin->parameters)
      if (parameter.substr(0, parameter.find(' ')) == word.text)
        return fmt::format("{}\n\nargument of {}", code(parameter), builtin->name);
  return "";
}

bool in_train_block(const ParsedText& text, const Word& word) {
  const language::Item* item = item_at(text, word.span.line);
  return item && item->as<language::Train>();
}

// What the language itself knows by this name.
std::string described_word(const ParsedText& text, const Word& word) {
  const std::vector<language::Token>& tokens = text.tokens.tokens;
  const bool assigned = word.token + 1 < tokens.size() && tokens[word.token + 1].is("=");
  const bool called = word.token + 1 < tokens.size() && tokens[word.token + 1].is("(");
  if (in_train_block(text, word)) {
    for (const language::TrainSetting& setting : language::train_settings())
      if (assigned && setting.name == word.text)
        return with_text(fmt::format("{} = {}", setting.name, setting.otherwise), setting.documentation);
    if (const language::TrainAction* action = language::find_train_action(word.text); action && called)
      return with_text(fmt::format("{}({})", action->name, fmt::join(action->arguments, ", ")),
                       action->documentation);
    for (const DataReader& reader : data_readers())
      if (reader.name == word.text && word.token > 0 && tokens[word.token - 1].text == "data")
        return with_text(std::string(reader.example), "a reader of data");
  }
  for (const auto words :
       {language::reserved_words(), language::statement_words(), language::definition_words()})
    if (const language::Keyword* keyword = language::find_keyword(words, word.text);
        keyword && !keyword->form.empty())
      if (!assigned) return code(std::string(keyword->form));
  return "";
}

std::string described_builtin(const Word& word) {
  for (const language::BuiltinSignature& builtin : language::builtin_signatures())
    if (builtin.name == word.text) return with_text(builtin.signature, "built in");
  for (const language::SpecialName& special : language::special_names())
    if (special.name == word.text) return with_text(std::string(special.name), special.documentation);
  return "";
}

std::string text_about(const Program& program, const Analysis& analysis, const Word& word) {
  if (!word.argument_of.empty()) return described_argument(program, word);
  const std::string meaning = meaning_of(analysis, word);
  if (word.member) return meaning.empty() ? "" : code(fmt::format("{}: {}", word.text, meaning));
  if (std::string text = described_word(*program.own, word); !text.empty()) return text;
  const language::Item* item = item_at(*program.own, word.span.line);
  const language::Identifier* own = item ? name_of(*item) : nullptr;
  const bool defines = own && own->span == word.span;
  if (const auto binding = find_binding(*program.own, word.text, word.span); binding && !defines)
    return described_binding(*binding, meaning);
  if (const auto found = find_definition(program, word.text)) return described(*found);
  if (std::string text = described_builtin(word); !text.empty())
    return meaning.empty() ? text : fmt::format("{}\n\n{}", text, meaning);
  return meaning.empty() ? "" : code(fmt::format("{}: {}", word.text, meaning));
}

}  // namespace

std::string described(const Definition& definition) {
  const language::CatalogEntry entry = language::entry_of(*definition.item);
  const std::string head =
      entry.kind == "constant"
          ? language::print(*definition.item)
          : fmt::format("{} {}", entry.kind, entry.signature.empty() ? entry.name : entry.signature);
  if (entry.kind == "constant") return code(head);
  return with_text(head, entry.documentation);
}

Json hover(const Program& program, const Analysis& analysis, Position position) {
  const ParsedText& text = *program.own;
  const std::optional<Word> word = word_at(text, text.lines.offset(position));
  if (!word) return nullptr;
  const std::string about = text_about(program, analysis, *word);
  if (about.empty()) return nullptr;
  return {{"contents", {{"kind", "markdown"}, {"value", about}}},
          {"range", to_json(text.lines.range(word->span))}};
}

}  // namespace gradus::language_server
