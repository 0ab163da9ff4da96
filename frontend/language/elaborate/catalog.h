// What can be looked up by name: definitions as they are written, with their documentation.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "frontend/language/elaborate.h"
#include "frontend/language/syntax.h"

namespace gradus::language {

struct CatalogEntry {
  std::string name;
  std::string kind;           // layer, model, function, optimizer, train, program, constant
  std::string signature;      // dense(x: [..., inputs], units: int, …); empty for blocks and constants
  std::string documentation;  // lines of the comment above
  std::string text;           // as written, without the comment
  uint32_t line = 0;
};

// One file, in the order of its text.
struct Catalog {
  std::string file;
  std::string introduction;  // the comment at its head that belongs to no definition
  std::vector<CatalogEntry> entries;

  const CatalogEntry* find(std::string_view name) const;
};

CatalogEntry entry_of(const Item& item);  // without its text; without a name for an import

std::vector<Catalog> library_catalogs();  // by file: "library/activations.gradus", …
Catalog user_catalog(const Unit& unit);   // the user's own file

struct BuiltinSignature {
  std::string name;
  std::string signature;
};
std::vector<BuiltinSignature> builtin_signatures();

}  // namespace gradus::language
