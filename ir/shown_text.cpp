#include "ir/shown_text.h"

#include <fmt/format.h>

#include <algorithm>

namespace gradus {

namespace {

constexpr size_t longest_word = 400;  // a path of a deep folder is read whole
constexpr size_t longest_message = 4000;

uint32_t code_point(std::string_view sequence) {
  if (sequence.size() == 1) return static_cast<unsigned char>(sequence[0]);
  uint32_t code = static_cast<unsigned char>(sequence[0]) & (0x7Fu >> sequence.size());
  for (const char c : sequence.substr(1)) code = code << 6 | (static_cast<unsigned char>(c) & 0x3Fu);
  return code;
}

// C0 and C1 controls move cursors and colour terminals; the others hide or reorder what stands beside them.
bool is_invisible(uint32_t code) {
  const auto within = [code](uint32_t first, uint32_t last) { return code >= first && code <= last; };
  return code < 0x20 || within(0x7F, 0x9F) || within(0x200B, 0x200F) || within(0x2028, 0x202E) ||
         within(0x2060, 0x206F) || code == 0xFEFF;
}

std::string escape(uint32_t code) {
  switch (code) {
    case '\n':
      return "\\n";
    case '\t':
      return "\\t";
    case '\r':
      return "\\r";
    default:
      return code < 0x80 ? fmt::format("\\x{:02x}", code) : fmt::format("\\u{{{:x}}}", code);
  }
}

// The largest place of a character's first byte that is not after `at`.
size_t character_at(std::string_view text, size_t at) {
  size_t start = at;
  while (start > 0 && at - start < 3 && (static_cast<unsigned char>(text[start]) & 0xC0) == 0x80) --start;
  return start;
}

std::string cut_in_the_middle(std::string_view text, size_t longest) {
  if (text.size() <= longest) return std::string(text);
  const size_t head = character_at(text, longest * 2 / 3);
  const size_t tail = character_at(text, text.size() - longest / 6);
  return fmt::format("{}…({} bytes)…{}", text.substr(0, head), tail - head, text.substr(tail));
}

}  // namespace

size_t utf8_sequence(std::string_view text) {
  if (text.empty()) return 0;
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xc0) != 0x80) return 0;
  const unsigned char second = byte(1);
  const bool overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
  const bool beyond = (first == 0xed && second > 0x9f) || (first == 0xf4 && second > 0x8f);
  return overlong || beyond ? 0 : length;
}

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const size_t length = utf8_sequence(text);
    const std::string_view character = text.substr(0, std::max<size_t>(length, 1));
    if (length == 0)
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(character[0]));
    else if (const uint32_t code = code_point(character); is_invisible(code))
      out += escape(code);
    else
      out += character;
    text.remove_prefix(character.size());
  }
  return out;
}

std::string printable_message(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const size_t blank = std::min(text.find(' '), text.size());
    out += cut_in_the_middle(printable(text.substr(0, blank)), longest_word);
    text.remove_prefix(blank);
    const size_t word = std::min(text.find_first_not_of(' '), text.size());
    out += text.substr(0, word);
    text.remove_prefix(word);
  }
  return cut_in_the_middle(out, longest_message);
}

std::string shown(std::string_view text, size_t longest) {
  if (text.size() <= longest) return fmt::format("'{}'", printable(text));
  return fmt::format("'{}…'", printable(text.substr(0, character_at(text, longest))));
}

std::string shown_number(double value) { return fmt::format("{}", unsigned_nan(value)); }

}  // namespace gradus
