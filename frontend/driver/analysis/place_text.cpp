#include "frontend/driver/analysis/place_text.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "ir/shown_text.h"

namespace gradus {

std::string with_place(const std::string& text, const SourceSpan& span) {
  if (!span.known()) return text;
  return fmt::format("{} ({}:{}:{})", text, printable(span.file), span.line, span.column);
}

nlohmann::json place_json(const SourceSpan& span) {
  if (!span.known()) return nullptr;
  return {{"file", span.file}, {"line", span.line}, {"column", span.column}};
}

}  // namespace gradus
