// Windows: the curriculum's pooling numbers, brute force, ties, and the select pair.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <limits>

#include "tests/ir/evaluate_text.h"

using gradus::test::largest_difference;
using gradus::test::Numbers;
using gradus::test::numbers;
using gradus::test::run;
using gradus::test::run_op;

namespace {

const Numbers pooled = {1, 2, 5, 6, 3, 4, 7, 8, 9, 10, 13, 14, 11, 12, 15, 16};
const std::string two_by_two = "window=[2,2], stride=[2,2], low=[0,0], high=[0,0]";

Numbers pool(const std::string& kind, const Numbers& x) {
  return run_op("%x: f64[4,4]",
                fmt::format("reduce_window %x {{kind=\"{}\", {}}} : f64[2,2]", kind, two_by_two), {x});
}

}  // namespace

TEST_CASE("CNV-12, CNV-13: pooling") {
  CHECK(pool("max", pooled) == Numbers{4, 8, 12, 16});
  CHECK(pool("min", pooled) == Numbers{1, 5, 9, 13});
  Numbers mean = pool("sum", pooled);
  for (double& v : mean) v /= 4;
  CHECK(mean == Numbers{2.5, 6.5, 10.5, 14.5});
  Numbers squares = pooled;
  for (double& v : squares) v *= v;
  Numbers norm = pool("sum", squares);
  for (double& v : norm) v = std::sqrt(v);
  CHECK(largest_difference(norm, {5.477226, 13.190906, 21.118712, 29.086079}) < 5e-7);
  const std::string whole = "window=[4,4], stride=[1,1], low=[0,0], high=[0,0]} : f64[1,1]";
  CHECK(run_op("%x: f64[4,4]", "reduce_window %x {kind=\"sum\", " + whole, {pooled})[0] / 16 == 8.5);
  CHECK(run_op("%x: f64[4,4]", "reduce_window %x {kind=\"max\", " + whole, {pooled}) == Numbers{16});
}

TEST_CASE("CBP-05, CBP-06: adjoints of pooling") {
  const auto gradient = [](const std::string& kind) {
    return run("graph @pool (%x: f64[4,4], %t: f64[2,2]) {\n  %0 = reduce_window %x {kind=\"" + kind +
                   "\", " + two_by_two +
                   "} : f64[2,2]\n"
                   "  %1 = mul %0, %t : f64[2,2]\n"
                   "  %2 = sum %1 {axes=[0,1]} : f64[]\n"
                   "  %3 = gradient %2, %x : f64[4,4]\n  return %3\n}\n",
               {pooled, {1, 2, 3, 4}})[0];
  };
  const Numbers at_maxima = {0, 0, 0, 0, 0, 1, 0, 2, 0, 0, 0, 0, 0, 3, 0, 4};
  CHECK(gradient("max") == at_maxima);
  CHECK(run_op("%x: f64[4,4], %t: f64[2,2]",
               "select_and_scatter %x, %t {kind=\"max\", " + two_by_two + "} : f64[4,4]",
               {pooled, {1, 2, 3, 4}}) == at_maxima);
  Numbers mean = gradient("sum");
  for (double& v : mean) v /= 4;
  CHECK(mean == Numbers{.25, .25, .5, .5, .25, .25, .5, .5, .75, .75, 1, 1, .75, .75, 1, 1});
}

TEST_CASE("the first extreme wins, in every op that looks for it") {
  const std::string window = "window=[3], stride=[2], low=[1], high=[1]";
  const Numbers x = {2, 2, 1, 1, 2};  // windows (pad 2 2), (2 1 1), (1 2 pad)
  CHECK(run_op("%x: f64[5], %t: f64[3]", "select_and_scatter %x, %t {kind=\"max\", " + window + "} : f64[5]",
               {x, {10, 20, 30}}) == Numbers{10, 20, 0, 0, 30});
  CHECK(run_op("%x: f64[5], %t: f64[3]", "select_and_scatter %x, %t {kind=\"min\", " + window + "} : f64[5]",
               {x, {10, 20, 30}}) == Numbers{10, 0, 20, 30, 0});
  CHECK(run_op("%x: f64[5], %t: f64[5]", "select_and_gather %x, %t {kind=\"max\", " + window + "} : f64[3]",
               {x, {1, 2, 3, 4, 5}}) == Numbers{1, 2, 5});
  CHECK(run_op("%x: f64[5], %t: f64[5]", "select_and_gather %x, %t {kind=\"min\", " + window + "} : f64[3]",
               {x, {1, 2, 3, 4, 5}}) == Numbers{1, 3, 4});
  // Overlapping windows with one extreme add up.
  CHECK(run_op("%x: f64[3], %t: f64[2]",
               "select_and_scatter %x, %t {kind=\"max\", window=[2], stride=[1], low=[0], high=[0]} : f64[3]",
               {{1, 5, 2}, {10, 20}}) == Numbers{0, 30, 0});
}

TEST_CASE("padding is never an extreme, and windows that do not fit are dropped") {
  const Numbers negative = {-3, -1, -2, -5, -4};
  CHECK(run_op("%x: f32[5]",
               "reduce_window %x {kind=\"max\", window=[3], stride=[2], low=[2], high=[1]} : f32[3]",
               {negative}) == Numbers{-3, -1, -2});
  CHECK(run_op("%x: f32[5]",
               "reduce_window %x {kind=\"max\", window=[2], stride=[2], low=[0], high=[0]} : f32[2]",
               {negative}) == Numbers{-1, -2});
  // The running sum.
  CHECK(run_op("%x: f32[5]",
               "reduce_window %x {kind=\"sum\", window=[5], stride=[1], low=[4], high=[0]} : f32[5]",
               {negative}) == Numbers{-3, -4, -6, -11, -15});
  const double infinity = std::numeric_limits<double>::infinity();
  CHECK(run_op("%x: f64[2]",
               "reduce_window %x {kind=\"max\", window=[2], stride=[1], low=[0], high=[0]} : f64[1]",
               {{-infinity, -infinity}}) == Numbers{-infinity});
}

TEST_CASE("reduce_window equals loops over an input that is padded in memory") {
  struct Case {
    int64_t height, width, rows, columns, stride_0, stride_1, low_0, low_1, high_0, high_1;
  };
  for (const Case& c : {Case{7, 7, 3, 3, 2, 2, 1, 0, 1, 2}, Case{5, 6, 2, 3, 1, 3, 1, 0, 0, 2},
                        Case{4, 9, 1, 4, 1, 1, 0, 3, 0, 3}, Case{6, 6, 2, 2, 2, 2, 0, 0, 0, 0}})
    for (const std::string kind : {"sum", "max", "min"}) {
      const double identity = kind == "sum"   ? 0
                              : kind == "max" ? -std::numeric_limits<double>::infinity()
                                              : std::numeric_limits<double>::infinity();
      const int64_t height = c.height + c.low_0 + c.high_0, width = c.width + c.low_1 + c.high_1;
      const Numbers x = numbers(static_cast<size_t>(c.height * c.width), 7);
      Numbers padded(static_cast<size_t>(height * width), identity);
      for (int64_t r = 0; r < c.height; ++r)
        for (int64_t q = 0; q < c.width; ++q)
          padded[static_cast<size_t>((r + c.low_0) * width + q + c.low_1)] =
              x[static_cast<size_t>(r * c.width + q)];
      Numbers expected;
      const int64_t out_height = (height - c.rows) / c.stride_0 + 1,
                    out_width = (width - c.columns) / c.stride_1 + 1;
      for (int64_t r = 0; r < out_height; ++r)
        for (int64_t q = 0; q < out_width; ++q) {
          double result = identity;
          for (int64_t i = 0; i < c.rows; ++i)
            for (int64_t j = 0; j < c.columns; ++j) {
              const double v = padded[static_cast<size_t>((r * c.stride_0 + i) * width + q * c.stride_1 + j)];
              result = kind == "sum" ? result + v : kind == "max" ? std::max(result, v) : std::min(result, v);
            }
          expected.push_back(result);
        }
      const Numbers y = run_op(
          fmt::format("%x: f64[{},{}]", c.height, c.width),
          fmt::format(
              "reduce_window %x {{kind=\"{}\", window=[{},{}], stride=[{},{}], low=[{},{}], high=[{},{}]}} : "
              "f64[{},{}]",
              kind, c.rows, c.columns, c.stride_0, c.stride_1, c.low_0, c.low_1, c.high_0, c.high_1,
              out_height, out_width),
          {x});
      CHECK(largest_difference(y, expected) < 1e-14);
    }
}
