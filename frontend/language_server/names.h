// What a name in a text means, by the text alone: it may have errors elsewhere, or here.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "frontend/language_server/documents.h"

namespace gradus::language_server {

// The text that is asked about, then those that it imports, directly or not; the library comes after them.
struct Program {
  std::shared_ptr<const ParsedText> own;
  ParsedTexts imported;
};
Program program_of(const Documents::Document& document, const Documents& documents);
// The file that an import names.
std::string imported_path(const ParsedText& from, const language::Import& import);

// A definition or constant of some text.
struct Definition {
  const ParsedText* text = nullptr;
  const language::Item* item = nullptr;
};
const language::Identifier* name_of(const language::Item& item);  // null for an import
// Definitions and constants; blocks only if nothing else has the name.
std::optional<Definition> find_definition(const Program& program, std::string_view name);

// The model or layer that a block trains, whose outputs are names in it.
std::optional<Definition> model_of(const Program& program, const language::Item& block);
const std::vector<language::Result>& results_of(const Definition& definition);

// A name that a definition or block binds: a parameter, a result, a variable, a carry, an instance.
struct Binding {
  language::Identifier name;
  std::string_view kind;
  const language::Parameter* parameter = nullptr;
};
std::vector<Binding> bindings_of(const language::Item& item);
const language::Item* item_at(const ParsedText& text, uint32_t line);
// The last binding of the name at or before the place, else the first one.
std::optional<Binding> find_binding(const ParsedText& text, std::string_view name, const SourceSpan& place);

// The word at a place of a text, and what it is there.
struct Word {
  size_t token = 0;  // its number
  std::string_view text;
  SourceSpan span;
  bool member = false;                // after a point
  std::string_view argument_of = {};  // the function, if it names an argument of a call
};
std::optional<Word> word_at(const ParsedText& text, size_t offset);

// The function whose ( is the innermost open bracket before this token; empty if there is none.
std::string_view enclosing_call(const ParsedText& text, size_t token);

}  // namespace gradus::language_server
