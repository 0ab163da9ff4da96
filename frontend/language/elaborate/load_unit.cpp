// Parses the library, the user's file and what it imports, and says which names each file sees.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "frontend/language/elaborate/unit.h"
#include "frontend/language/parse.h"
#include "frontend/library/library.h"

namespace gradus::language {

namespace {

constexpr size_t most_files = 1000;
constexpr size_t deepest_import = 100;

const Identifier* name_of(const Item& item) {
  if (const auto* definition = item.as<Definition>()) return &definition->name;
  if (const auto* constant = item.as<Constant>()) return &constant->name;
  return nullptr;
}

class Loader {
 public:
  Loader(UnitImplementation& unit, const ReadSource& read) : unit_(unit), read_(read) {}

  void load_library() {
    for (const library::Text& text : library::texts()) {
      SourceFile& file = parse_file(std::string(text.name), std::string(text.text), true);
      for (const auto& [name, symbol] : file.defined) {
        const auto [at, fresh] = unit_.library.emplace(name, &symbol);
        if (!fresh) defined_twice(symbol, *at->second);
      }
    }
  }

  void load_user(const std::string& name, const std::string& text) {
    SourceFile& file = parse_file(name, text, false);
    unit_.user = &file;
    for (const Item& item : file.tree.items) enter_block(file, item);
    loaded_[identity(name)] = &file;
    import_all(file);
  }

  std::vector<Diagnostic> diagnostics;

 private:
  SourceFile& parse_file(std::string name, std::string text, bool library) {
    unit_.files.push_back(std::make_unique<SourceFile>());
    SourceFile& file = *unit_.files.back();
    file.text = std::move(text);
    file.library = library;
    file.tree = parse(file.text, std::move(name), diagnostics);
    for (const Item& item : file.tree.items) {
      const Identifier* defined = name_of(item);
      if (!defined) continue;
      const auto [at, fresh] = file.defined.emplace(defined->text, Symbol{&file, &item});
      if (!fresh) defined_twice(Symbol{&file, &item}, at->second);
    }
    if (!library)
      for (const auto& [defined, symbol] : file.defined) file.visible.emplace(defined, &symbol);
    return file;
  }

  void report(const SourceSpan& span, std::string message, std::string hint = {},
              std::vector<Diagnostic::Note> notes = {}) {
    diagnostics.push_back({Severity::error, std::move(message), span, std::move(notes), std::move(hint)});
  }

  void defined_twice(const Symbol& symbol, const Symbol& first) {
    const Identifier& name = *name_of(*symbol.item);
    report(name.span, fmt::format("`{}` is defined twice", name.text), "",
           {{"the first definition", name_of(*first.item)->span}});
  }

  // A train block or program.
  void enter_block(const SourceFile& file, const Item& item) {
    if (!item.as<Train>() && !item.as<Program>()) return;
    auto& blocks = item.as<Train>() ? unit_.trains : unit_.programs;
    const Identifier& name = item.as<Train>() ? item.as<Train>()->name : item.as<Program>()->name;
    for (const Symbol& other : blocks)
      if ((other.train() ? other.train()->name : other.program()->name).text == name.text)
        report(name.span,
               fmt::format("there are two `{} {}` blocks", item.as<Train>() ? "train" : "program", name.text),
               item.as<Train>() ? fmt::format("give one another name: train Other of {}", name.text) : "");
    blocks.push_back({&file, &item});
  }

  // One file under different spellings is one file.
  static std::string identity(const std::string& name) {
    std::error_code error;
    const std::filesystem::path path = std::filesystem::weakly_canonical(name, error);
    return error ? name : path.string();
  }

  void import_all(SourceFile& file) {
    running_.push_back(&file);
    for (const Item& item : file.tree.items)
      if (const auto* import = item.as<Import>()) import_file(file, *import, item.span);
    running_.pop_back();
  }

  void import_file(SourceFile& file, const Import& import, const SourceSpan& span) {
    SourceFile* imported = open(file, import, span);
    if (!imported) return;
    const auto begin = std::find(running_.begin(), running_.end(), imported);
    if (begin != running_.end()) {
      std::string circle;
      for (auto at = begin; at != running_.end(); ++at) circle += (*at)->tree.name + " → ";
      return report(span, "imports go in a circle: " + circle + imported->tree.name,
                    "put what both need into a third file");
    }
    for (const auto& [name, symbol] : imported->visible) {
      const auto [at, fresh] = file.visible.emplace(name, symbol);
      if (fresh || at->second == symbol) continue;
      const bool own = at->second->file == &file;
      report(own ? name_of(*at->second->item)->span : span,
             fmt::format("`{}` is defined twice: {} has it, too", name, symbol->file->tree.name),
             "give one of them another name",
             {{own ? "imported here" : "one definition", own ? span : name_of(*at->second->item)->span},
              {"the other definition", name_of(*symbol->item)->span}});
    }
  }

  // The imported file, loaded unless it is already; null after an error.
  SourceFile* open(const SourceFile& from, const Import& import, const SourceSpan& span) {
    namespace fs = std::filesystem;
    const bool control = std::any_of(import.file.begin(), import.file.end(),
                                     [](char c) { return static_cast<unsigned char>(c) < 32; });
    if (import.file.empty() || control || fs::path(import.file).is_absolute()) {
      report(span, fmt::format("`{}` is not a file to import", import.file),
             "its name is relative to this file: import \"unet.gradus\"");
      return nullptr;
    }
    if (!read_) {
      report(span, "there is no file to import from here");
      return nullptr;
    }
    const fs::path folder = from.tree.name == "-" ? fs::path() : fs::path(from.tree.name).parent_path();
    const std::string name = (folder / import.file).lexically_normal().string();
    const std::string key = identity(name);
    if (const auto at = loaded_.find(key); at != loaded_.end()) return at->second;
    if (running_.size() >= deepest_import || loaded_.size() >= most_files) {
      report(span, fmt::format("more than {} imported files", running_.size() >= deepest_import
                                                                  ? fmt::format("{} nested", deepest_import)
                                                                  : std::to_string(most_files)));
      return nullptr;
    }
    std::string text;
    try {
      text = read_(name);
    } catch (const Error& error) {
      for (const Diagnostic& cause : error.diagnostics()) report(span, cause.message, cause.hint);
      loaded_.emplace(key, nullptr);  // said once
      return nullptr;
    }
    SourceFile& file = parse_file(name, std::move(text), false);
    loaded_.emplace(key, &file);
    import_all(file);
    return &file;
  }

  UnitImplementation& unit_;
  const ReadSource& read_;
  std::map<std::string, SourceFile*> loaded_;
  std::vector<SourceFile*> running_;  // whose imports are being read, outermost first
};

}  // namespace

Unit load_unit(const std::string& file, const std::string& text, const ReadSource& read) {
  auto unit = std::make_shared<UnitImplementation>();
  Loader loader(*unit, read);
  loader.load_library();
  loader.load_user(file, text);
  if (!loader.diagnostics.empty()) throw Error(ErrorKind::program, std::move(loader.diagnostics));
  return Unit(std::move(unit));
}

}  // namespace gradus::language
