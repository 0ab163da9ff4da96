// Which bodies can be computed row by row, where they read what depends on a reduction by an index.
#include "ir/row_form.h"

#include <catch2/catch.hpp>
#include <string>

#include "ir/text/parse.h"

namespace gradus {

namespace {

// Of a body over rows of 8: %4 holds the sums of the rows of x, %6 is x over its row's sum; then these lines.
bool is_by_rows(const std::string& lines) {
  const Graph body = parse_graph(
      "graph @body (%x: f32[4,8], %ids: i64[4], %at: i64[], %zero: i64[]) {\n"
      "  %4 = sum %x {axes=[1]} : f32[4]\n"
      "  %5 = broadcast %4 {dims=[0], shape=[4,8]} : f32[4,8]\n"
      "  %6 = div %x, %5 : f32[4,8]\n" +
      lines + "}\n");
  const std::optional<RowForm> form = row_form(body);
  if (form) CHECK((form->outer == Shape{4} && form->row == Shape{8}));
  return form.has_value();
}

}  // namespace

TEST_CASE("an element of each row, by an index that no reduction computes") {
  CHECK(
      is_by_rows("  %7:2 = gather %6, %ids {batch=1} : f32[4], i64[]\n"
                 "  return %7\n"));
}

TEST_CASE("a box at a computed place is no look-up") {
  CHECK_FALSE(
      is_by_rows("  %7 = dynamic_slice %6, %zero, %at {size=[4,1]} : f32[4,1]\n"
                 "  return %7\n"));
}

TEST_CASE("a row by an index would be another row") {
  CHECK_FALSE(
      is_by_rows("  %7:2 = gather %6, %ids : f32[4,8], i64[]\n"
                 "  return %7\n"));
  CHECK_FALSE(
      is_by_rows("  %7:2 = gather %4, %ids : f32[4], i64[]\n"
                 "  return %7\n"));
}

TEST_CASE("an index that a reduction computes") {
  CHECK_FALSE(
      is_by_rows("  %7 = cast %4 {to=i64} : i64[4]\n"
                 "  %8:2 = gather %x, %7 {batch=1} : f32[4], i64[]\n"
                 "  return %8\n"));
}

TEST_CASE("parts by cases") {
  CHECK_FALSE(
      is_by_rows("  %7 = slice %6 {limit=[4,4], start=[0,0], stride=[1,1]} : f32[4,4]\n"
                 "  %8 = slice %6 {limit=[4,8], start=[0,4], stride=[1,1]} : f32[4,4]\n"
                 "  %9 = concat %8, %7 {axis=1} : f32[4,8]\n"
                 "  return %9\n"));
}

TEST_CASE("views along the row stay in it, across rows they do not") {
  CHECK(
      is_by_rows("  %7 = reverse %6 {axes=[1]} : f32[4,8]\n"
                 "  return %7\n"));
  CHECK_FALSE(
      is_by_rows("  %7 = reverse %6 {axes=[0]} : f32[4,8]\n"
                 "  return %7\n"));
}

}  // namespace gradus
