// Places in UTF-16, names of files as URIs, changes of texts.
#include "frontend/language_server/positions.h"

#include <catch2/catch.hpp>
#include <random>

#include "frontend/language_server/documents.h"

using namespace gradus;
using namespace gradus::language_server;

TEST_CASE("columns are UTF-16 code units") {
  const std::string text = "aé\xF0\x9D\x9B\xBCz\r\n\xFF!\nend";  // z is the fifth unit, the seventh byte
  const Lines lines(text);
  CHECK(lines.position(1, 8) == Position{0, 4});
  CHECK(lines.offset({0, 4}) == 7);
  CHECK(lines.offset({0, 3}) == 3);   // in the middle of a pair: its start
  CHECK(lines.offset({0, 99}) == 8);  // before the end of the line
  CHECK(lines.position(2, 2) == Position{1, 1});
  CHECK(lines.offset({2, 3}) == text.size());
  CHECK(lines.offset({99, 0}) == text.size());
  CHECK(lines.everything().end == Position{2, 3});
  CHECK(lines.position(99, 1) == Position{2, 0});
  CHECK(lines.position(0, 0) == Position{0, 0});
  CHECK(Lines("").everything().end == Position{0, 0});
  CHECK(Lines("\xEF\xBB\xBFx").offset({0, 0}) == 3);
}

TEST_CASE("every place of any text comes back") {
  std::minstd_rand random(1);
  const std::string parts[] = {"a", "é", "\xF0\x9D\x9B\xBC", "\n", "\r\n", "\xFF", "\xE2\x82", " "};
  for (int round = 0; round < 200; ++round) {
    std::string text;
    std::vector<size_t> places;
    for (size_t count = random() % 20; count > 0; --count) {
      places.push_back(text.size());
      text += parts[random() % std::size(parts)];
    }
    const Lines lines(text);
    for (const size_t place : places) {
      const Position position = lines.position(place);
      CHECK(lines.offset(position) <= place);
      CHECK(lines.position(lines.offset(position)) == position);
    }
  }
}

TEST_CASE("paths and URIs") {
  const std::string path = "/a b/é%#?.gradus";
  CHECK(uri_of_path(path) == "file:///a%20b/%C3%A9%25%23%3F.gradus");
  CHECK(path_of_uri(uri_of_path(path)) == path);
  CHECK(path_of_uri("file://localhost/x.gradus") == "/x.gradus");
  CHECK(path_of_uri("untitled:Untitled-1").empty());
  CHECK(path_of_uri("file:///a%00b").empty());
  CHECK(path_of_uri("file:///a%4") == "/a%4");
  CHECK(path_of_uri("file://").empty());
}

TEST_CASE("changes that make no sense are refused, and leave the text as it was") {
  Documents documents;
  documents.open("file:///a.gradus", 1, "x = 1\n");
  const auto change = [&](const char* changes) {
    documents.change("file:///a.gradus", 2, Json::parse(changes));
  };
  CHECK_THROWS_AS(change("5"), ProtocolError);
  CHECK_THROWS_AS(change(R"([{"text": "y"}, {"text": 5}])"), ProtocolError);
  CHECK_THROWS_AS(
      change(
          R"([{"range": {"start": {"line": 1, "character": 0}, "end": {"line": 0, "character": 0}}, "text": ""}])"),
      ProtocolError);
  CHECK_THROWS_AS(documents.change("file:///b.gradus", 2, Json::array()), ProtocolError);
  CHECK(documents.at("file:///a.gradus").parsed->text == "x = 1\n");
  change(
      R"([{"range": {"start": {"line": 0, "character": 4}, "end": {"line": 0, "character": 5}}, "text": "2"}])");
  CHECK(documents.at("file:///a.gradus").parsed->text == "x = 2\n");
  CHECK(documents.at("file:///a.gradus").version == 2);
}
