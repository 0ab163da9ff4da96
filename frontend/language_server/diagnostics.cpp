#include <fmt/format.h>

#include "frontend/language_server/answers.h"
#include "ir/shown_text.h"

namespace gradus::language_server {

namespace {

enum class DiagnosticSeverity { error = 1, warning = 2, information = 3 };

const ParsedText* text_named(const Program& program, const std::string& file) {
  if (program.own->name == file) return program.own.get();
  for (const ParsedTexts* texts : {&program.imported, &library_texts()})
    for (const auto& text : *texts)
      if (text->name == file) return text.get();
  return nullptr;
}

class Translator {
 public:
  Translator(const Program& program, bool related_information)
      : program_(program), related_information_(related_information) {}

  Json translate(const Diagnostic& diagnostic, DiagnosticSeverity severity) const {
    const bool here = diagnostic.span.file == program_.own->name;
    const Json range =
        to_json(here ? program_.own->lines.range(diagnostic.span) : place_of_import(diagnostic.span));
    std::string message = printable_message(diagnostic.message);
    Json related = Json::array();
    const auto add = [&](const std::string& word, const std::string& text, const SourceSpan& span) {
      const std::string line = word + printable_message(text);
      Json place = location(span);
      if (place.is_null()) place = {{"uri", program_.own->uri}, {"range", range}};
      if (related_information_)
        related.push_back({{"location", std::move(place)}, {"message", line}});
      else
        message += "\n" + line;
    };
    if (!here && diagnostic.span.known()) add("", diagnostic.message, diagnostic.span);
    for (const Diagnostic::Note& note : diagnostic.notes) add("note: ", note.message, note.span);
    if (!diagnostic.hint.empty()) add("hint: ", diagnostic.hint, {});
    Json json = {{"range", range},
                 {"severity", static_cast<int>(severity)},
                 {"source", "gradus"},
                 {"message", std::move(message)}};
    if (related_information_) json["relatedInformation"] = std::move(related);
    return json;
  }

 private:
  Json location(const SourceSpan& span) const {
    const ParsedText* text = span.known() ? text_named(program_, span.file) : nullptr;
    return text ? location_of(*text, span) : Json(nullptr);
  }

  // Of what is wrong in another file: the import that leads there, else the first line.
  Range place_of_import(const SourceSpan& span) const {
    for (const language::Item& item : program_.own->tree.items) {
      const auto* import = item.as<language::Import>();
      if (import && imported_path(*program_.own, *import) == span.file)
        return program_.own->lines.range(item.span);
    }
    return {};
  }

  const Program& program_;
  bool related_information_;
};

}  // namespace

Json diagnostics_of(const Program& program, const Analysis& analysis, bool related_information) {
  const Translator translator(program, related_information);
  Json list = Json::array();
  for (const Diagnostic& diagnostic : analysis.diagnostics)
    list.push_back(translator.translate(diagnostic, diagnostic.severity == Severity::error
                                                        ? DiagnosticSeverity::error
                                                        : DiagnosticSeverity::warning));
  for (const Diagnostic& remark : analysis.remarks)
    list.push_back(translator.translate(remark, DiagnosticSeverity::information));
  return list;
}

}  // namespace gradus::language_server
