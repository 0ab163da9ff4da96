// Texts that come from files: UTF-8 with a place for every byte.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ir/error.h"
#include "runtime/data/file.h"

namespace gradus {

class TextFile {
 public:
  // Reads a file, plain or gzip, of this name or of `path`.gz. A byte order mark is skipped; what is not
  // UTF-8 is a program error.
  explicit TextFile(const std::string& path);
  TextFile(std::string path, Bytes bytes);
  // Moving keeps the bytes in their place, and with them the views of `text`.
  TextFile(TextFile&&) = default;
  TextFile& operator=(TextFile&&) = default;

  const std::string& path() const { return path_; }
  std::string_view text() const { return text_; }
  // Lines and columns (in bytes) count from 1.
  SourceSpan place(size_t offset, size_t length = 1) const;
  [[noreturn]] void fail(size_t offset, size_t length, const std::string& message,
                         const std::string& hint = {}) const;

 private:
  void check_encoding() const;

  std::string path_;
  Bytes bytes_;
  std::string_view text_;
};

// The lines of a text, without their ends (\n or \r\n); a last line without an end counts, too.
std::vector<std::string_view> lines_of(std::string_view text);
std::vector<std::string_view> split_at(std::string_view text, char separator);
std::string_view trimmed(std::string_view text);  // without spaces and tabs at both ends

// For messages: the names with commas between, of many the first.
std::string listed(std::span<const std::string> names);

}  // namespace gradus
