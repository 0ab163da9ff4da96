// Schedules as text: what is read is what was written, and what no kernel can have is refused at its place.
#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "ir/error.h"
#include "ir/kernel/legal.h"
#include "ir/kernel/scratch.h"
#include "ir/text/parse.h"
#include "ir/text/print.h"

using namespace gradus;

namespace {

const std::string product = "    %0 = dot %a, %b {contract=[1]x[0]} : f32[16,24]\n    yield %0\n";
const std::string softmax =
    "    %0 = max %a {axes=[1]} : f32[16]\n    %1 = broadcast %0 {dims=[0], shape=[16,32]} : f32[16,32]\n"
    "    %2 = sub %a, %1 : f32[16,32]\n    %3 = exp %2 : f32[16,32]\n    %4 = sum %3 {axes=[1]} : f32[16]\n"
    "    %5 = broadcast %4 {dims=[0], shape=[16,32]} : f32[16,32]\n    %6 = div %3, %5 : f32[16,32]\n"
    "    yield %6\n";
const std::string two_columns =
    "    %0 = exp %a : f32[16,32]\n    %1 = neg %a : f32[16,32]\n    yield %0, %1\n";
const std::string two_results =
    "    %0 = sum %a {axes=[0]} : f32[32]\n    %1 = exp %a : f32[16,32]\n    yield %0, %1\n";

std::string text(const std::string& schedule, const std::string& body, const std::string& types) {
  return fmt::format(
      "graph @g (%x: f32[16,32], %w: f32[32,24]) {{\n"
      "  %9{} = kernel {{schedule=\"{}\"}} (%a = %x, %b = %w) {{\n{}  }} : {}\n  return y = %9\n}}\n",
      body == two_results || body == two_columns ? ":2" : "", schedule, body, types);
}

void check_read(const std::string& schedule, const std::string& body, const std::string& types) {
  const Graph graph = parse_graph(text(schedule, body, types));
  for (uint32_t i = 0; i < graph.size(); ++i)
    if (const Node& node = graph.node(i); node.body)
      CHECK(to_string(schedule_of(node), *node.body) == schedule);
}

void check_refused(const std::string& schedule, const std::string& part, const std::string& body = product,
                   const std::string& types = "f32[16,24]") {
  INFO(schedule);
  try {
    parse_graph(text(schedule, body, types));
    FAIL("it was read");
  } catch (const Error& error) {
    REQUIRE(error.kind() == ErrorKind::program);
    REQUIRE(error.diagnostics().size() == 1);
    const Diagnostic& found = error.diagnostics()[0];
    CHECK(found.span.line == 2);
    INFO(found.message);
    CHECK(found.message.find(part) != std::string::npos);
  }
}

}  // namespace

TEST_CASE("a schedule is read as it was written") {
  check_read("tile 5x48 block 2 epilogue memory grain 1000", product, "f32[16,24]");
  check_read("tile 1x1", product, "f32[16,24]");
  check_read("outputs columns 1", product, "f32[16,24]");
  check_read("rows keep 4 grain 7", softmax, "f32[16,32]");
  check_read("rows keep 3,4", softmax, "f32[16,32]");
  check_read("rows", softmax, "f32[16,32]");
  check_read("reduce columns 3 grain 1; map chunk 7", two_results, "f32[32], f32[16,32]");
  check_read("map chunk 7 cut 1,30,31 grain 5", two_columns, "f32[16,32], f32[16,32]");
}

TEST_CASE("settings stand in any order") {
  const Graph graph = parse_graph(text("tile 5x48 grain 10 epilogue memory block 2", product, "f32[16,24]"));
  CHECK(print(graph).find("grain 10 epilogue memory block 2") != std::string::npos);
}

TEST_CASE("a kernel without a schedule has the plain one") {
  const Graph graph =
      parse_graph(text("reduce columns 16; map chunk 2048", two_results, "f32[32], f32[16,32]"));
  for (uint32_t i = 0; i < graph.size(); ++i)
    if (const Node& node = graph.node(i); node.body) CHECK(plain_schedule(*node.body) == schedule_of(node));
}

TEST_CASE("what is no schedule is refused") {
  check_refused("", "empty schedule");
  check_refused("tile 8x16;; map", "empty part");
  check_refused("tiles 8x16", "there is no kind of stage 'tiles'");
  check_refused("tile", "a tile without extents");
  check_refused("tile 8", "a tile of 1 extents, expected 2");
  check_refused("tile 8x16x", "'8x16x' is no tile");
  check_refused("tile 8x16;", "empty part");
  check_refused("rows keep 4,", "keep '' of a body", softmax, "f32[16,32]");
  check_refused("tile 8x0", "'8x0' is no tile");
  check_refused("tile 8x-4", "'8x-4' is no tile");
  check_refused("tile 8x99999999999999999999", "is no tile");
  check_refused("tile 8x16 grain", "'grain' of 'tile 8x16 grain' says nothing");
  check_refused("tile 8x16 grain 0", "grain is '0', expected a number from 1 on");
  check_refused("tile 8x16 grain 1 grain 2", "'grain' stands twice");
  check_refused("tile 8x16 chunk 4", "'chunk' does not belong");
  check_refused("tile 8x16 epilogue cache", "an epilogue in 'cache'");
  check_refused("map cut", "'cut' of 'map cut' says nothing", two_columns, "f32[16,32], f32[16,32]");
  check_refused("map cut 4,x", "cut 'x', expected a number", two_columns, "f32[16,32], f32[16,32]");
  check_refused("map cut 4,", "cut '', expected a number", two_columns, "f32[16,32], f32[16,32]");
  check_refused("rows keep 99", "keep '99' of a body with 7 statements", softmax, "f32[16,32]");
}

TEST_CASE("a schedule that its kernel cannot have is refused") {
  check_refused("tile 17x16", "a tile's extent is 17, expected at most 16");
  check_refused("tile 8x1000", "columns of a tile is 1000, expected at most 512");
  check_refused("map", "'map' is no schedule of stage 0, 'dot'");
  check_refused("rows", "this kernel cannot be computed row by row");
  check_refused("tile 8x16; map", "a schedule of 2 parts, expected 1");
  check_refused("tile 8x16 epilogue run", "an epilogue cannot run over this tile");
  check_refused("outputs columns 4 unroll", "'unroll' is for windows alone");
  check_refused("outputs columns 4096", "columns is 4096, expected at most 512");
  check_refused("rows keep 1", "cannot be kept for a row", softmax, "f32[16,32]");
  check_refused("rows keep 4,4", "is kept twice", softmax, "f32[16,32]");
  check_refused("reduce columns 16", "a schedule of 1 parts, expected 2", two_results, "f32[32], f32[16,32]");
  check_refused("reduce columns 16 together 2; map", "together is 2, expected at most 1", two_results,
                "f32[32], f32[16,32]");
  const std::string both = "f32[16,32], f32[16,32]";
  check_refused("map cut 0", "a cut at 0, expected one from 1 to 31", two_columns, both);
  check_refused("map cut 32", "a cut at 32, expected one from 1 to 31", two_columns, both);
  check_refused("map cut 9,9", "a cut at 9, expected one from 10 to 31", two_columns, both);
  check_refused("map cut 9,4", "a cut at 4, expected one from 10 to 31", two_columns, both);
  std::string many = "map cut 1";
  for (int cut = 2; cut < 80; ++cut) many += fmt::format(",{}", cut);
  check_refused(many, "cuts of an axis is 79, expected at most 64", two_columns, both);
  check_refused("reduce columns 16; map chunk 99999999", "chunk is 99999999", two_results,
                "f32[32], f32[16,32]");
}
