// Text to tree and back: golden prints, the grammar's corners, every program that the repository and its
// neighbours hold.
#include "frontend/language/parse.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <random>

#include "frontend/language/print.h"
#include "frontend/language/source.h"
#include "frontend/library/library.h"
#include "tests/frontend/language/cases.h"

using namespace gradus;
using namespace gradus::language;

namespace {

const std::string folder = "tests/frontend/language/";

std::string rendered(const std::vector<Diagnostic>& diagnostics, const std::string& file,
                     const std::string& text) {
  Sources sources;
  sources.add(file, text);
  std::string out;
  for (const Diagnostic& diagnostic : diagnostics) out += sources.render(diagnostic);
  return out;
}

// Parses, prints, parses and prints again: the second print must be the first.
std::string print_twice(const std::string& text, const std::string& file) {
  std::vector<Diagnostic> diagnostics;
  const std::string once = print(parse(text, file, diagnostics));
  INFO(file);
  CHECK(rendered(diagnostics, file, text).empty());
  diagnostics.clear();
  const std::string twice = print(parse(once, file, diagnostics));
  CHECK(rendered(diagnostics, file, once).empty());
  CHECK(once == twice);
  return once;
}

const Definition& only_definition(const File& file) {
  REQUIRE(file.items.size() == 1);
  const auto* definition = file.items.front().as<Definition>();
  REQUIRE(definition);
  return *definition;
}

}  // namespace

TEST_CASE("golden prints") {
  check_cases(folder + "prints.txt", [](const Case& c) { return print_twice(c.input, c.name); });
}

TEST_CASE("golden diagnostics") {
  check_cases(folder + "diagnostics.txt", [](const Case& c) {
    std::vector<Diagnostic> diagnostics;
    parse(c.input, "m.gradus", diagnostics);
    return rendered(diagnostics, "m.gradus", c.input);
  });
}

TEST_CASE("the library and the examples parse") {
  REQUIRE(!library::texts().empty());
  for (const library::Text& text : library::texts())
    print_twice(std::string(text.text), std::string(text.name));
  for (const auto& entry : std::filesystem::recursive_directory_iterator("examples"))
    if (entry.path().extension() == ".gradus") print_twice(read_text(entry.path()), entry.path().string());
}

TEST_CASE("programs from outside parse") {
  const char* given = std::getenv("GRADUS_SHARED");
  const std::filesystem::path programs = std::filesystem::path(given ? given : "../shared") / "programs";
  if (!std::filesystem::is_directory(programs)) return;
  for (const auto& entry : std::filesystem::directory_iterator(programs))
    if (entry.path().extension() == ".gradus") print_twice(read_text(entry.path()), entry.path().string());
}

TEST_CASE("every cut of a program ends in diagnostics, not in a crash") {
  for (const library::Text& text : library::texts()) {
    for (size_t length = 0; length < text.text.size(); length += 7) {
      std::vector<Diagnostic> diagnostics;
      print(parse(text.text.substr(0, length), "cut", diagnostics));
      for (const Diagnostic& d : diagnostics) CHECK(d.span.known());
    }
  }
}

TEST_CASE("nesting is limited") {
  const auto first_message = [](const std::string& text) {
    std::vector<Diagnostic> diagnostics;
    parse(text, "deep", diagnostics);
    REQUIRE(diagnostics.size() == 1);
    return diagnostics.front().message;
  };
  const auto repeat = [](std::string_view part, size_t times) {
    std::string out;
    for (size_t i = 0; i < times; ++i) out += part;
    return out;
  };
  const std::string deep = "nested more than 200 deep";
  const std::string tall = "an expression of more than 1000 operations in a row";
  constexpr size_t many = 100'000;
  CHECK(first_message("a = " + repeat("(", many)) == deep);
  CHECK(first_message("a = " + repeat("[", many)) == deep);
  CHECK(first_message("a = " + repeat("f(", many)) == deep);
  CHECK(first_message("a = " + repeat("x[", many)) == deep);
  CHECK(first_message("a = " + repeat("-", many) + "1") == deep);
  CHECK(first_message("a = " + repeat("not ", many) + "b") == deep);
  CHECK(first_message("a = " + repeat("2 ^ ", many) + "1") == deep);
  CHECK(first_message("a = " + repeat("if a { ", many)) == deep);
  CHECK(first_message("a = " + repeat("if a { b } else ", many)) == deep);
  CHECK(first_message("program p { " + repeat("if a { ", many)) == deep);
  CHECK(first_message("program p { " + repeat("if a { } else ", many)) == deep);
  CHECK(first_message("program p { " + repeat("scan x in y { ", many)) == deep);
  CHECK(first_message("program p { a = b as c" + repeat("[d as e", many)) == deep);
  CHECK(first_message("a = " + repeat("1 + ", many) + "1") == tall);
  CHECK(first_message("a = b" + repeat(" |> c", many)) == tall);
  CHECK(first_message("a = b" + repeat(".c", many)) == tall);
  CHECK(first_message("a = b" + repeat("()", many)) == tall);
  CHECK(first_message("a = b" + repeat(" or c", many)) == tall);
}

TEST_CASE("a text without end of errors has an end of messages") {
  std::string text = "program p {\n";
  for (int i = 0; i < 1000; ++i) text += "  x = = 3\n  y = $\n";
  std::vector<Diagnostic> diagnostics;
  parse(text + "}\n", "errors", diagnostics);
  CHECK(diagnostics.size() >= 100);
  CHECK(diagnostics.size() <= 200);
}

TEST_CASE("places point at callees, operators and members") {
  std::vector<Diagnostic> diagnostics;
  const File file = parse("# Doc\nfunction f(x) = g.h(x) @\n  y\n", "m.gradus", diagnostics);
  REQUIRE(diagnostics.empty());
  const Definition& f = only_definition(file);
  CHECK(file.items.front().documentation == "Doc");
  CHECK(f.expression->span == SourceSpan{"m.gradus", 2, 24, 25});
  const auto* product = f.expression->as<Binary>();
  REQUIRE(product);
  CHECK(product->left->span == SourceSpan{"m.gradus", 2, 19, 20});
  CHECK(product->right->span == SourceSpan{"m.gradus", 3, 3, 4});
}

TEST_CASE("`as` after a loop's range is the loop's, inside brackets it is the call's") {
  std::vector<Diagnostic> diagnostics;
  const File file =
      parse("program p { for i in 0..n as blocks { a = f(g(x) as b) } }", "m.gradus", diagnostics);
  REQUIRE(diagnostics.empty());
  const auto* loop = file.items.front().as<Program>()->body.statements.front().as<For>();
  REQUIRE(loop);
  REQUIRE(loop->scope);
  CHECK(print(*loop->scope) == "blocks");
  CHECK(print(loop->sequence) == "0..n");
}

TEST_CASE("numbers keep their digits and know whether they are integers") {
  std::vector<Diagnostic> diagnostics;
  const auto number = [&](std::string_view text) {
    const ExpressionPointer parsed = parse_expression(text, "n", diagnostics);
    REQUIRE(parsed);
    REQUIRE(parsed->as<Number>());
    return *parsed->as<Number>();
  };
  CHECK(number("10_000").integer == 10'000);
  CHECK(number("10_000").text == "10000");
  CHECK(number("0.50").text == "0.50");
  CHECK(number("0.50").value == 0.5);
  CHECK_FALSE(number("1e3").integer);
  CHECK(number("1e3").value == 1000);
  CHECK(number("1e-999").value == 0);
  CHECK(diagnostics.empty());
}

TEST_CASE("one expression, for settings") {
  std::vector<Diagnostic> diagnostics;
  CHECK(print(*parse_expression("adam(1e-3)", "--set", diagnostics)) == "adam(1e-3)");
  CHECK_FALSE(parse_expression("3 4", "--set", diagnostics));
  CHECK_FALSE(parse_expression("", "--set", diagnostics));
  CHECK_FALSE(parse_expression("'a'", "--set", diagnostics));
  CHECK(diagnostics.size() == 3);
}

TEST_CASE("broken statements are left out, the others stay") {
  std::vector<Diagnostic> diagnostics;
  const File file = parse("program p {\n  a = 1\n  b = 2 2\n  c = 3\n}\nd = 4 4\ne = 5\n", "m", diagnostics);
  CHECK(diagnostics.size() == 2);
  REQUIRE(!file.items.empty());
  CHECK(print(file.items.back()) == "e = 5\n");
  CHECK(print(file).find("c = 3") != std::string::npos);
}

TEST_CASE("damaged programs end in diagnostics, and what is left prints and parses") {
  const std::string parts[] = {"(",  ")",   "[",    "]", "{",  "}",  "\n", "..",
                               ".*", "if ", " as ", "=", "|>", "\"", "#"};
  std::minstd_rand random(1);
  for (int round = 0; round < 300; ++round) {
    std::string text(library::texts()[random() % library::texts().size()].text);
    for (int damage = 0; damage < 3; ++damage) {
      const size_t at = random() % text.size();
      if (damage == 0) text.erase(at, random() % 20);
      text.insert(std::min(at, text.size()), parts[random() % std::size(parts)]);
    }
    std::vector<Diagnostic> diagnostics;
    const std::string once = print(parse(text, "damaged", diagnostics));
    diagnostics.clear();
    const std::string twice = print(parse(once, "damaged", diagnostics));
    INFO(text);
    CHECK(diagnostics.empty());
    CHECK(once == twice);
  }
}
