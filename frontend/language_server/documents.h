// Texts: those that are open in the editor, those on the disk, and the library's.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "frontend/language/elaborate.h"
#include "frontend/language/lexer.h"
#include "frontend/language/syntax.h"
#include "frontend/language_server/positions.h"

namespace gradus::language_server {

std::string path_of_uri(std::string_view uri);  // empty if it names no file
std::string uri_of_path(std::string_view path);

// A text with its tokens and as much of its syntax tree as could be read.
struct ParsedText {
  ParsedText(std::string name, std::string text);
  ParsedText(const ParsedText&) = delete;
  ParsedText& operator=(const ParsedText&) = delete;

  std::string name;  // that places in it have
  std::string text;
  std::string uri;  // as the client calls it, if it is open there
  bool library = false;
  Lines lines;
  std::vector<Diagnostic> diagnostics;  // of its syntax
  language::Tokens tokens;
  language::File tree;
};

using ParsedTexts = std::vector<std::shared_ptr<const ParsedText>>;

// The library's, parsed once.
const ParsedTexts& library_texts();
// A file that an editor can open, with this text of the library: in the user's cache, written when it is
// first asked for. Empty if it cannot be written.
std::string library_file(const ParsedText& text);

// What is open.
class Documents {
 public:
  struct Document {
    std::string uri;
    int64_t version = 0;
    std::shared_ptr<const ParsedText> parsed;
  };

  void open(const std::string& uri, int64_t version, std::string text);
  // Changes are applied one after the other; one without a range is the whole text.
  void change(const std::string& uri, int64_t version, const Json& changes);
  void close(const std::string& uri) { documents_.erase(uri); }
  const Document& at(const std::string& uri) const;  // ProtocolError if it is not open
  const Document* find_path(const std::string& path) const;
  const std::map<std::string, Document>& all() const { return documents_; }

  // The text of a file, as it is in the editor if it is open there. Throws Error.
  std::string read(const std::string& path) const;

 private:
  std::map<std::string, Document> documents_;
};

}  // namespace gradus::language_server
