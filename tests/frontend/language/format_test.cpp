// The canonical layout: golden texts, and what holds of every text.
#include "frontend/language/format.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <random>

#include "frontend/language/lexer.h"
#include "frontend/language/parse.h"
#include "frontend/language/print.h"
#include "frontend/library/library.h"
#include "tests/frontend/language/cases.h"

using namespace gradus;
using namespace gradus::language;

namespace {

struct NamedText {
  std::string name;
  std::string text;
};

std::vector<NamedText> texts_below(const std::string& folder) {
  std::vector<NamedText> texts;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    if (entry.path().extension() == ".gradus")
      texts.push_back({entry.path().string(), read_text(entry.path())});
  return texts;
}

std::vector<NamedText> canonical_texts() {
  std::vector<NamedText> texts = texts_below("examples");
  for (const library::Text& text : library::texts())
    texts.push_back({std::string(text.name), std::string(text.text)});
  return texts;
}

// The syntax tree, documentation included, as text.
std::string tree(const std::string& text) {
  std::vector<Diagnostic> diagnostics;
  std::string printed = print(parse(text, "t", diagnostics));
  return diagnostics.empty() ? printed : "";
}

std::string blanks(std::minstd_rand& random, bool may_be_none) {
  std::string out;
  for (size_t count = random() % 5 + (may_be_none ? 0 : 1); count > 0; --count)
    out += random() % 8 == 0 ? '\t' : ' ';
  return out;
}

// The same tokens and comments in the same lines, with other blanks before, between and behind them.
std::string with_other_blanks(const std::string& text, std::minstd_rand& random) {
  std::vector<Diagnostic> diagnostics;
  const Tokens tokens = lex(text, "t", diagnostics);
  std::string out;
  size_t comment = 0;
  uint32_t line = 1;
  const auto go_to = [&](uint32_t wanted) {
    for (; line < wanted; ++line) {
      out += random() % 4 == 0 ? blanks(random, true) : "";
      out += random() % 4 == 0 ? "\r\n" : "\n";
      if (random() % 16 == 0) out += blanks(random, true) + "\n";
    }
  };
  const auto comments_before = [&](uint32_t wanted) {
    for (; comment < tokens.comments.size() && tokens.comments[comment].line < wanted; ++comment) {
      go_to(tokens.comments[comment].line);
      out += blanks(random, true) + std::string(tokens.comments[comment].whole);
    }
  };
  for (const Token& token : tokens.tokens) {
    comments_before(token.line);
    go_to(token.line);
    out += blanks(random, !token.space_before || token.first_on_line) + std::string(token.text);
  }
  comments_before(~uint32_t{0});
  return out;
}

}  // namespace

TEST_CASE("golden layouts") {
  check_cases("tests/frontend/language/layouts.txt", [](const Case& c) { return format(c.input, c.name); });
}

TEST_CASE("the library and the examples are formatted") {
  const std::vector<NamedText> texts = canonical_texts();
  REQUIRE(texts.size() > 40);
  for (const NamedText& each : texts) {
    INFO(each.name);
    CHECK(format(each.text, each.name) == each.text);
  }
}

TEST_CASE("whatever blanks a text has, formatting keeps its tree, and doing it twice changes nothing") {
  std::minstd_rand random(1);
  for (const NamedText& each : canonical_texts()) {
    for (int round = 0; round < 12; ++round) {
      const std::string other = with_other_blanks(each.text, random);
      const std::string expected = tree(other);
      REQUIRE_FALSE(expected.empty());
      const std::string once = format(other, each.name);
      INFO(each.name << "\n" << other << "\n--- once\n" << once);
      REQUIRE(tree(once) == expected);
      REQUIRE(format(once, each.name) == once);
    }
  }
}

TEST_CASE("texts of tests, which nobody formatted") {
  for (const NamedText& each : texts_below("tests")) {
    const std::string expected = tree(each.text);
    if (expected.empty()) continue;  // it has errors
    INFO(each.name);
    const std::string once = format(each.text, each.name);
    CHECK(tree(once) == expected);
    CHECK(format(once, each.name) == once);
  }
}

TEST_CASE("a text with errors is not formatted") {
  CHECK_THROWS_AS(format("program p { a = = }\n", "t"), Error);
  CHECK_THROWS_AS(format("program p { a = 1\n", "t"), Error);
  CHECK(format("", "t").empty());
  CHECK(format("\n\n  # alone  \n\n", "t") == "# alone\n");
}
