#include "runtime/data/text_file.h"

#include <fmt/format.h>

#include <algorithm>

#include "ir/shown_text.h"
#include "runtime/data/gzip.h"

namespace gradus {

TextFile::TextFile(const std::string& path) : TextFile(plain_or_gzip_path(path), read_plain_or_gzip(path)) {}

TextFile::TextFile(std::string path, Bytes bytes) : path_(std::move(path)), bytes_(std::move(bytes)) {
  text_ = {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()};
  if (text_.starts_with("\xef\xbb\xbf")) text_.remove_prefix(3);
  check_encoding();
}

void TextFile::check_encoding() const {
  for (size_t at = 0; at < text_.size();) {
    if (text_[at] == 0)
      fail(at, 1, "a zero byte, which no text holds",
           "save the file as UTF-8; in UTF-16 every other byte is zero");
    const size_t length = utf8_sequence(text_.substr(at));
    if (length == 0)
      fail(at, 1, fmt::format("byte 0x{:02x} is not UTF-8 text", static_cast<unsigned char>(text_[at])),
           "save the file as UTF-8");
    at += length;
  }
}

SourceSpan TextFile::place(size_t offset, size_t length) const {
  const std::string_view before = text_.substr(0, offset);
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const size_t start = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  const auto column = static_cast<uint32_t>(offset - start + 1);
  return {path_, static_cast<uint32_t>(line), column,
          column + static_cast<uint32_t>(std::max<size_t>(length, 1))};
}

void TextFile::fail(size_t offset, size_t length, const std::string& message, const std::string& hint) const {
  fail_program(message, place(offset, length), hint);
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.push_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::vector<std::string_view> split_at(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::string_view trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::string listed(std::span<const std::string> names) {
  constexpr size_t most = 20;
  std::string text;
  for (const std::string& name : names.first(std::min(names.size(), most)))
    text += (text.empty() ? "" : ", ") + name;
  return text + (names.size() > most ? fmt::format(", … ({} in all)", names.size()) : "");
}

}  // namespace gradus
