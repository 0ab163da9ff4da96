#include <algorithm>

#include "frontend/language/elaborate/catalog.h"
#include "frontend/language/format.h"
#include "frontend/language_server/answers.h"

namespace gradus::language_server {

namespace {

// Numbers of the protocol.
enum class SymbolKind {
  module = 2,
  class_ = 5,
  method = 6,
  function = 12,
  variable = 13,
  constant = 14,
  object = 19,
  event = 24
};

SymbolKind kind_of(const language::Item& item) {
  if (item.as<language::Constant>()) return SymbolKind::constant;
  if (item.as<language::Train>()) return SymbolKind::event;
  if (item.as<language::Program>()) return SymbolKind::module;
  return item.as<language::Definition>()->kind == language::Definition::Kind::function ? SymbolKind::function
                                                                                       : SymbolKind::class_;
}

Json symbol(const std::string& name, std::string_view detail, SymbolKind kind, const Range& range,
            const Range& selection) {
  return {{"name", name},
          {"detail", detail},
          {"kind", static_cast<int>(kind)},
          {"range", to_json(range)},
          {"selectionRange", to_json(selection)}};
}

// What has a name that others may read: instances, metrics, columns.
Json children(const ParsedText& text, const language::Item& item) {
  constexpr std::string_view shown[] = {"instance", "scope", "metric", "column", "input"};
  Json list = Json::array();
  if (item.as<language::Constant>()) return list;
  for (const Binding& binding : bindings_of(item)) {
    if (std::find(std::begin(shown), std::end(shown), binding.kind) == std::end(shown)) continue;
    const Range range = text.lines.range(binding.name.span);
    const SymbolKind kind =
        binding.kind == "instance" || binding.kind == "scope" ? SymbolKind::object : SymbolKind::variable;
    list.push_back(symbol(binding.name.text, binding.kind, kind, range, range));
  }
  return list;
}

// The end of the last token before the next item.
Position end_of(const ParsedText& text, size_t item) {
  const std::vector<language::Token>& tokens = text.tokens.tokens;
  const std::vector<language::Item>& items = text.tree.items;
  const auto begins_next = [&](const language::Token& token) {
    return token.kind == language::Token::Kind::end ||
           (item + 1 < items.size() &&
            (token.line > items[item + 1].span.line ||
             (token.line == items[item + 1].span.line && token.column >= items[item + 1].span.column)));
  };
  const auto next = std::find_if(tokens.begin(), tokens.end(), begins_next);
  if (next == tokens.begin() || next == tokens.end()) return {};
  return text.lines.position((next - 1)->line, (next - 1)->end_column());
}

}  // namespace

Json document_symbols(const ParsedText& text) {
  Json list = Json::array();
  for (size_t i = 0; i < text.tree.items.size(); ++i) {
    const language::Item& item = text.tree.items[i];
    const language::Identifier* name = name_of(item);
    if (!name) continue;
    const language::CatalogEntry entry = language::entry_of(item);
    const Range selection = text.lines.range(name->span);
    const Range range{text.lines.position(item.span.line, item.span.column),
                      std::max(selection.end, end_of(text, i))};
    list.push_back(symbol(name->text, entry.kind, kind_of(item), range, selection));
    list.back()["children"] = children(text, item);
  }
  return list;
}

Json formatting(const ParsedText& text) {
  if (!text.diagnostics.empty()) return nullptr;
  std::string formatted = language::format(text.text, text.name);
  if (formatted == text.text) return Json::array();
  return Json::array({{{"range", to_json(text.lines.everything())}, {"newText", std::move(formatted)}}});
}

}  // namespace gradus::language_server
