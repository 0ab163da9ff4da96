#include "frontend/language_server/documents.h"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>

#include "frontend/language/parse.h"
#include "frontend/library/library.h"
#include "runtime/data/checksum.h"
#include "runtime/data/file.h"

namespace gradus::language_server {

namespace {

constexpr std::string_view file_scheme = "file://";

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool stands_for_itself(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         std::string_view("-._~/").find(c) != std::string_view::npos;
}

}  // namespace

std::string path_of_uri(std::string_view uri) {
  if (!uri.starts_with(file_scheme)) return "";
  uri.remove_prefix(file_scheme.size());
  uri.remove_prefix(std::min(uri.find('/'), uri.size()));  // the host
  std::string path;
  for (size_t i = 0; i < uri.size(); ++i) {
    const int high = uri[i] == '%' && i + 2 < uri.size() ? hex_digit(uri[i + 1]) : -1;
    const int low = high >= 0 ? hex_digit(uri[i + 2]) : -1;
    path += low >= 0 ? static_cast<char>(high * 16 + low) : uri[i];
    if (low >= 0) i += 2;
  }
  return path.find('\0') == std::string::npos ? path : "";
}

std::string uri_of_path(std::string_view path) {
  std::string uri(file_scheme);
  for (const char c : path)
    uri += stands_for_itself(c) ? std::string(1, c) : fmt::format("%{:02X}", c & 0xFF);
  return uri;
}

ParsedText::ParsedText(std::string name_, std::string text_)
    : name(std::move(name_)), text(std::move(text_)), lines(text) {
  tree = language::parse(text, name, diagnostics);
  std::vector<Diagnostic> same;
  tokens = language::lex(text, name, same);
}

const ParsedTexts& library_texts() {
  static const ParsedTexts texts = [] {
    ParsedTexts parsed;
    for (const library::Text& text : library::texts()) {
      auto made = std::make_shared<ParsedText>(std::string(text.name), std::string(text.text));
      made->library = true;
      parsed.push_back(std::move(made));
    }
    return parsed;
  }();
  return texts;
}

namespace {

std::filesystem::path cache_folder() {
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache && *cache == '/') return cache;
  if (const char* home = std::getenv("HOME"); home && *home == '/')
    return std::filesystem::path(home) / ".cache";
  return std::filesystem::temp_directory_path();
}

}  // namespace

// Named by its contents: another version of the compiler has files of its own.
std::string library_file(const ParsedText& text) {
  try {
    const auto bytes = std::as_bytes(std::span(text.text));
    Checksum sum;
    sum.add(bytes);
    const std::filesystem::path file = cache_folder() / "gradus" /
                                       fmt::format("{}-{:08x}", "library", sum.value()) /
                                       std::filesystem::path(text.name).filename();
    if (!file_exists(file.string())) {
      create_folder(file.parent_path().string());
      write_file_atomically(file.string(), std::vector<ByteView>{bytes});
    }
    return file.string();
  } catch (const std::exception&) {
    return "";
  }
}

void Documents::open(const std::string& uri, int64_t version, std::string text) {
  const std::string path = path_of_uri(uri);
  auto parsed = std::make_shared<ParsedText>(path.empty() ? "untitled.gradus" : path, std::move(text));
  parsed->uri = uri;
  documents_[uri] = {uri, version, std::move(parsed)};
}

void Documents::change(const std::string& uri, int64_t version, const Json& changes) {
  const Document& document = at(uri);
  if (!changes.is_array()) throw ProtocolError(ErrorCode::invalid_parameters, "`contentChanges` is no list");
  std::string text = document.parsed->text;
  for (const Json& change : changes) {
    std::string inserted = string_member(change, "text");
    if (!change.contains("range")) {
      text = std::move(inserted);
      continue;
    }
    const Range range = range_of(change["range"]);
    const Lines lines(text);
    const size_t start = lines.offset(range.start);
    text.replace(start, lines.offset(range.end) - start, inserted);
    if (text.size() > most_bytes)
      throw ProtocolError(ErrorCode::invalid_parameters, "the text grows too long");
  }
  open(uri, version, std::move(text));
}

const Documents::Document& Documents::at(const std::string& uri) const {
  const auto found = documents_.find(uri);
  if (found == documents_.end())
    throw ProtocolError(ErrorCode::invalid_parameters, fmt::format("'{}' is not open", uri));
  return found->second;
}

const Documents::Document* Documents::find_path(const std::string& path) const {
  for (const auto& [uri, document] : documents_)
    if (document.parsed->name == path) return &document;
  return nullptr;
}

std::string Documents::read(const std::string& path) const {
  if (const Document* document = find_path(path)) return document->parsed->text;
  const Bytes bytes = read_file(path);
  if (bytes.size() > most_bytes) fail_environment(fmt::format("'{}' is too long", path));
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace gradus::language_server
