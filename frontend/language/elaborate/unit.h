// The symbol table over the parsed files: the library, the user's file and the files that it imports.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "frontend/language/elaborate.h"
#include "frontend/language/syntax.h"

namespace gradus::language {

struct SourceFile;

struct Symbol {
  const SourceFile* file = nullptr;
  const Item* item = nullptr;

  const Definition* definition() const { return item->as<Definition>(); }
  const Constant* constant() const { return item->as<Constant>(); }
  const Train* train() const { return item->as<Train>(); }
  const Program* program() const { return item->as<Program>(); }
};

struct SourceFile {
  std::string text;
  File tree;
  bool library = false;
  std::map<std::string, Symbol, std::less<>> defined;         // definitions and constants
  std::map<std::string, const Symbol*, std::less<>> visible;  // these and the imported ones
};

struct UnitImplementation : std::enable_shared_from_this<UnitImplementation> {
  std::vector<std::unique_ptr<SourceFile>> files;  // the library's, then the user's, then what it imports
  const SourceFile* user = nullptr;
  std::map<std::string, const Symbol*, std::less<>> library;
  std::vector<Symbol> trains;  // of the user's file: what is imported is not run
  std::vector<Symbol> programs;

  // What a name means in a file, definitions and constants only; null if nothing. A file's own names and
  // those that it imports hide the library's.
  const Symbol* find(std::string_view name, const SourceFile& file) const;
  const Symbol* find(std::string_view name) const { return find(name, *user); }
};

// The name closest to `wanted` among `names`, "" if none is close.
std::string closest(std::string_view wanted, const std::vector<std::string>& names);
// For a name that is none of the arguments `names` of a function with this signature.
std::string argument_hint(std::string_view wanted, const std::vector<std::string>& names,
                          std::string_view signature);

}  // namespace gradus::language
