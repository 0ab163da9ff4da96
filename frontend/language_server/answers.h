// What an editor asks about a place of a text.
#pragma once

#include "frontend/language_server/analysis.h"
#include "frontend/language_server/names.h"

namespace gradus::language_server {

// null if there is nothing to say.
Json hover(const Program& program, const Analysis& analysis, Position position);
Json definition(const Program& program, Position position);
Json completion(const Program& program, Position position);
Json document_symbols(const ParsedText& text);
// Edits that give the text its canonical layout; null if it has errors.
Json formatting(const ParsedText& text);

// What `textDocument/publishDiagnostics` tells. Notes and hints are related information if the client shows
// that, otherwise part of the message.
Json diagnostics_of(const Program& program, const Analysis& analysis, bool related_information);

// A place in a text of the program or the library, for a client to open; null if that is impossible.
Json location_of(const ParsedText& text, const SourceSpan& span);

// Markdown about a definition: its signature and documentation.
std::string described(const Definition& definition);

}  // namespace gradus::language_server
