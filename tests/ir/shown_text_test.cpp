#include "ir/shown_text.h"
#include <cmath>

#include <catch2/catch.hpp>
#include <random>

#include "ir/error.h"

using namespace gradus;

namespace {

// What a terminal may be sent: whole UTF-8, no control but the line feeds of the form itself.
bool is_harmless(std::string_view text) {
  while (!text.empty()) {
    const size_t length = utf8_sequence(text);
    if (length == 0) return false;
    const auto byte = static_cast<unsigned char>(text[0]);
    if (length == 1 && (byte < 0x20 || byte == 0x7F) && byte != '\n' && byte != '\t') return false;
    if (byte == 0xC2 && static_cast<unsigned char>(text[1]) < 0xA0) return false;
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace

TEST_CASE("what is not printable is shown as an escape") {
  CHECK(printable("naïve 数 🙂 \\x1b") == "naïve 数 🙂 \\x1b");
  CHECK(printable("\x1b[31mred\x07\n\t\r\x7f") == "\\x1b[31mred\\x07\\n\\t\\r\\x7f");
  CHECK(printable(std::string_view("a\0b", 3)) == "a\\x00b");
  CHECK(printable("\xff\xc3") == "\\xff\\xc3");  // never; a sequence without its end
  CHECK(printable("\xc0\xaf\xed\xa0\x80") == "\\xc0\\xaf\\xed\\xa0\\x80");  // overlong; a surrogate
  CHECK(printable("\xc2\x9b"
                  "31m") == "\\u{9b}31m");  // the control sequence introducer in one character
  CHECK(printable("\u202eevil\u2028\u200b\ufeff") == "\\u{202e}evil\\u{2028}\\u{200b}\\u{feff}");
}

TEST_CASE("names, words and messages have an end") {
  CHECK(shown("short") == "'short'");
  CHECK(shown(std::string(39, 'a') + "é and more") == "'" + std::string(39, 'a') + "…'");
  CHECK(shown("\x1b]0;title\x07") == "'\\x1b]0;title\\x07'");
  const std::string cut =
      printable_message("cannot read '" + std::string(100'000, 'a') + "': it is a folder");
  CHECK(cut.size() < 500);
  CHECK(cut.starts_with("cannot read 'aaa"));
  CHECK(cut.ends_with("a': it is a folder"));
  CHECK(printable_message(std::string(400, 'b')) == std::string(400, 'b'));
  std::string words;
  for (int i = 0; i < 100'000; ++i) words += "of ";
  CHECK(printable_message(words).size() < 4'100);
}

TEST_CASE("no diagnostic holds what a terminal would obey") {
  std::mt19937 random(1);
  for (int trial = 0; trial < 2'000; ++trial) {
    const auto text = [&] {
      std::string bytes(random() % 60, '\0');
      for (char& byte : bytes) byte = static_cast<char>(random() % 3 ? random() % 256 : random() % 32);
      return bytes;
    };
    const auto column = [&] { return static_cast<uint32_t>(1 + random() % 80); };
    Diagnostic diagnostic{Severity::error, text(), {text(), 1, column(), column()}, {}, text()};
    diagnostic.notes.push_back({text(), {text(), 2, 3, 4}});
    const std::string source = text();
    const auto lookup = [](const void* context, const std::string&) {
      return static_cast<const std::string*>(context);
    };
    CHECK(is_harmless(render(diagnostic, lookup, &source)));
    CHECK(printable(printable(source)) == printable(source));
  }
}

TEST_CASE("a caret stands under its character, whatever stands before it") {
  const std::string source = "\té\x1b\xff = x";
  const auto lookup = [](const void* context, const std::string&) {
    return static_cast<const std::string*>(context);
  };
  CHECK(render({Severity::error, "m", {"f", 1, 9, 10}, {}, {}}, lookup, &source) ==
        "error: m\n  --> f:1:9\n   1 | \té\\x1b\\xff = x\n     | \t            ^\n");
}

TEST_CASE("a nan is shown without its sign, any other number with the digits that say it") {
  CHECK(shown_number(-std::nan("")) == "nan");
  CHECK(shown_number(-0.0) == "-0");
  CHECK(shown_number(0.1) == "0.1");
  CHECK(shown_number(-INFINITY) == "-inf");
}
