#include "frontend/language/elaborate/catalog.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "frontend/language/elaborate/builtins.h"
#include "frontend/language/elaborate/unit.h"
#include "frontend/language/print.h"

namespace gradus::language {

namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (size_t start = 0; start < text.size();) {
    const size_t end = std::min(text.find('\n', start), text.size());
    lines.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return lines;
}

std::string joined(const std::vector<std::string>& lines, size_t first, size_t limit) {
  std::string out;
  for (size_t i = first; i < limit && i < lines.size(); ++i) out += lines[i] + "\n";
  return out;
}

// Neither code nor part of a definition.
bool between_definitions(const std::string& line) {
  const size_t first = line.find_first_not_of(" \t\r");
  return first == std::string::npos || line[first] == '#';
}

// A definition goes to the line before the next one; comments and blank lines in between belong to that.
std::string text_of(const std::vector<std::string>& lines, uint32_t line, uint32_t next) {
  size_t limit = next - 1;
  while (limit > line && between_definitions(lines[limit - 1])) --limit;
  return joined(lines, line - 1, limit);
}

const char* kind_name(Definition::Kind kind) {
  switch (kind) {
    case Definition::Kind::layer:
      return "layer";
    case Definition::Kind::model:
      return "model";
    case Definition::Kind::function:
      return "function";
    case Definition::Kind::optimizer:
      return "optimizer";
  }
  return "";
}

std::string signature_of(const Definition& definition) {
  std::string out = definition.name.text + "(";
  for (const Parameter& parameter : definition.parameters)
    out += (out.back() == '(' ? "" : ", ") + print(parameter);
  out += ")";
  for (const Result& result : definition.results)
    out += (&result == definition.results.data() ? " -> " : ", ") + result.name.text;
  return out;
}

// The comment at the head of a file, if a blank line follows it.
std::string introduction_of(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines) {
    if (line.empty()) return out;
    if (line[0] != '#') return "";
    out += line.substr(std::min<size_t>(line.find_first_not_of("# "), line.size())) + "\n";
  }
  return out;
}

Catalog catalog_of(const SourceFile& file) {
  const std::vector<std::string> lines = lines_of(file.text);
  Catalog catalog{file.tree.name, introduction_of(lines), {}};
  for (size_t i = 0; i < file.tree.items.size(); ++i) {
    const Item& item = file.tree.items[i];
    CatalogEntry entry = entry_of(item);
    if (entry.name.empty()) continue;  // an import
    const uint32_t next = i + 1 < file.tree.items.size() ? file.tree.items[i + 1].span.line
                                                         : static_cast<uint32_t>(lines.size()) + 1;
    entry.text = text_of(lines, item.span.line, std::max(next, item.span.line + 1));
    catalog.entries.push_back(std::move(entry));
  }
  return catalog;
}

}  // namespace

CatalogEntry entry_of(const Item& item) {
  CatalogEntry entry;
  entry.documentation = item.documentation;
  entry.line = item.span.line;
  if (const auto* definition = item.as<Definition>()) {
    entry.name = definition->name.text;
    entry.kind = kind_name(definition->kind);
    entry.signature = signature_of(*definition);
  } else if (const auto* constant = item.as<Constant>()) {
    entry.name = constant->name.text;
    entry.kind = "constant";
  } else if (const auto* train = item.as<Train>()) {
    entry.name = train->name.text;
    entry.kind = "train";
  } else if (const auto* program = item.as<Program>()) {
    entry.name = program->name.text;
    entry.kind = "program";
  }
  return entry;
}

const CatalogEntry* Catalog::find(std::string_view name) const {
  // A block may be called as the model that it trains; the definition comes first.
  for (const CatalogEntry& entry : entries)
    if (entry.name == name) return &entry;
  return nullptr;
}

std::vector<Catalog> library_catalogs() {
  const Unit unit = load_unit("-", "");
  std::vector<Catalog> catalogs;
  for (const auto& file : unit.implementation().files)
    if (file->library) catalogs.push_back(catalog_of(*file));
  return catalogs;
}

Catalog user_catalog(const Unit& unit) { return catalog_of(*unit.implementation().user); }

std::vector<BuiltinSignature> builtin_signatures() {
  std::vector<BuiltinSignature> signatures;
  for (const Builtin& builtin : builtins())
    signatures.push_back(
        {builtin.name, fmt::format("{}({})", builtin.name, fmt::join(builtin.parameters, ", "))});
  return signatures;
}

}  // namespace gradus::language
