// What the compiler says about a text that is being written.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "frontend/language_server/documents.h"

namespace gradus::language_server {

struct Analysis {
  std::vector<Diagnostic> diagnostics;
  std::vector<Diagnostic> remarks;  // what was not checked, and why
  // By line and column of a name in the text: what it means there, one entry for each way it is called.
  std::map<std::pair<uint32_t, uint32_t>, std::vector<std::string>> meanings;
};

// Parses, then builds the graph of each block, and of each model whose sizes are known; nothing is compiled
// or run. Data are read if they are small and there: a block without them is not built.
Analysis analyze(const ParsedText& text, const Documents& documents);

}  // namespace gradus::language_server
