#include "frontend/driver/analysis/place_text.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace gradus {

std::string with_place(const std::string& text, const SourceSpan& span) {
  return span.known() ? fmt::format("{} ({}:{}:{})", text, span.file, span.line, span.column) : text;
}

nlohmann::json place_json(const SourceSpan& span) {
  if (!span.known()) return nullptr;
  return {{"file", span.file}, {"line", span.line}, {"column", span.column}};
}

}  // namespace gradus
