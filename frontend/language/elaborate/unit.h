// The symbol table over the parsed files: the user's file hides the library, for that file only.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "frontend/language/elaborate.h"
#include "frontend/language/syntax.h"

namespace gradus::language {

struct SourceFile {
  std::string text;
  File tree;
  bool library = false;
};

struct Symbol {
  const SourceFile* file = nullptr;
  const Item* item = nullptr;

  const Definition* definition() const { return item->as<Definition>(); }
  const Constant* constant() const { return item->as<Constant>(); }
  const Train* train() const { return item->as<Train>(); }
  const Program* program() const { return item->as<Program>(); }
};

struct UnitImplementation : std::enable_shared_from_this<UnitImplementation> {
  std::vector<std::unique_ptr<SourceFile>> files;  // the library's, then the user's
  std::map<std::string, Symbol, std::less<>> library;
  std::map<std::string, Symbol, std::less<>> user;
  std::vector<Symbol> trains;
  std::vector<Symbol> programs;

  // What a name means in a file, definitions and constants only; null if nothing.
  const Symbol* find(std::string_view name, bool from_library) const;
  const SourceFile& user_file() const { return *files.back(); }
};

// The name closest to `wanted` among `names`, "" if none is close.
std::string closest(std::string_view wanted, const std::vector<std::string>& names);

}  // namespace gradus::language
