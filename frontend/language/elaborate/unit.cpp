#include "frontend/language/elaborate/unit.h"

#include <fmt/format.h>

#include <algorithm>

#include "frontend/language/parse.h"
#include "frontend/library/library.h"

namespace gradus::language {

namespace {

const Identifier* name_of(const Item& item) {
  if (const auto* definition = item.as<Definition>()) return &definition->name;
  if (const auto* constant = item.as<Constant>()) return &constant->name;
  return nullptr;
}

void enter(UnitImplementation& unit, const SourceFile& file, std::vector<Diagnostic>& diagnostics) {
  auto& table = file.library ? unit.library : unit.user;
  for (const Item& item : file.tree.items) {
    if (item.as<Import>())
      diagnostics.push_back({Severity::error, "`import` is not supported yet", item.span, {}, ""});
    if (const Identifier* name = name_of(item)) {
      const auto [at, fresh] = table.emplace(name->text, Symbol{&file, &item});
      if (!fresh) {
        Diagnostic diagnostic{
            Severity::error, fmt::format("`{}` is defined twice", name->text), name->span, {}, ""};
        diagnostic.notes.push_back({"the first definition", name_of(*at->second.item)->span});
        diagnostics.push_back(std::move(diagnostic));
      }
    }
    auto& runnable = item.as<Train>() ? unit.trains : unit.programs;
    if (!item.as<Train>() && !item.as<Program>()) continue;
    const Identifier& name = item.as<Train>() ? item.as<Train>()->name : item.as<Program>()->name;
    for (const Symbol& other : runnable)
      if ((other.train() ? other.train()->name : other.program()->name).text == name.text)
        diagnostics.push_back(
            {Severity::error,
             fmt::format("there are two `{} {}` blocks", item.as<Train>() ? "train" : "program", name.text),
             name.span,
             {},
             item.as<Train>() ? fmt::format("give one another name: train Other of {}", name.text) : ""});
    runnable.push_back({&file, &item});
  }
}

size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t above = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

}  // namespace

std::string closest(std::string_view wanted, const std::vector<std::string>& names) {
  std::string best;
  size_t best_distance = std::max<size_t>(1, wanted.size() / 3) + 1;
  for (const std::string& name : names) {
    const size_t distance = edit_distance(wanted, name);
    if (distance > 0 && distance < best_distance) {
      best_distance = distance;
      best = name;
    }
  }
  return best;
}

const Symbol* UnitImplementation::find(std::string_view name, bool from_library) const {
  if (!from_library)
    if (const auto at = user.find(name); at != user.end()) return &at->second;
  const auto at = library.find(name);
  return at == library.end() ? nullptr : &at->second;
}

Unit load_unit(const std::string& file, const std::string& text) {
  auto unit = std::make_shared<UnitImplementation>();
  std::vector<Diagnostic> diagnostics;
  const auto load = [&](std::string name, std::string source, bool library) {
    auto loaded = std::make_unique<SourceFile>();
    loaded->text = std::move(source);
    loaded->library = library;
    loaded->tree = parse(loaded->text, std::move(name), diagnostics);
    unit->files.push_back(std::move(loaded));
    enter(*unit, *unit->files.back(), diagnostics);
  };
  for (const library::Text& library_text : library::texts())
    load(std::string(library_text.name), std::string(library_text.text), true);
  load(file, text, false);
  if (!diagnostics.empty()) throw Error(ErrorKind::program, std::move(diagnostics));
  return Unit(std::move(unit));
}

std::vector<std::string> Unit::trains() const {
  std::vector<std::string> names;
  for (const Symbol& symbol : implementation_->trains) names.push_back(symbol.train()->name.text);
  return names;
}

std::vector<std::string> Unit::programs() const {
  std::vector<std::string> names;
  for (const Symbol& symbol : implementation_->programs) names.push_back(symbol.program()->name.text);
  return names;
}

const std::string* Unit::source(const std::string& file) const {
  for (const auto& loaded : implementation_->files)
    if (loaded->tree.name == file) return &loaded->text;
  return nullptr;
}

}  // namespace gradus::language
