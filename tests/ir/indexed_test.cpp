// gather, scatter_add, one_hot, iota, status, and the random ops against the generator.
#include <catch2/catch.hpp>

#include "tests/ir/evaluate_text.h"

using gradus::test::Numbers;
using gradus::test::run;
using gradus::test::run_op;
namespace random_numbers = gradus::random;

TEST_CASE("gather reads rows, zero beyond the end, and names the first bad index") {
  const std::string text =
      "graph @g (%x: f64[3,2], %ids: i32[4]) {\n"
      "  %0:2 = gather %x, %ids {batch=0, check=0} : f64[4,2], i64[]\n"
      "  return %0, %0#1\n}\n";
  const Numbers x = {1, 2, 3, 4, 5, 6};
  auto results = run(text, {x, {2, 0, 0, 1}});
  CHECK(results[0] == Numbers{5, 6, 1, 2, 1, 2, 3, 4});
  CHECK(results[1] == Numbers{-1});
  results = run(text, {x, {2, 3, -1, 1}});
  CHECK(results[0] == Numbers{5, 6, 0, 0, 0, 0, 3, 4});
  CHECK(results[1] == Numbers{1});
}

TEST_CASE("gather with batch axes picks per row") {
  // The label's probability of every row: what a sparse cross-entropy reads.
  const auto results =
      run("graph @g (%x: f64[3,4], %ids: i64[3]) {\n"
          "  %0:2 = gather %x, %ids {batch=1, check=0} : f64[3], i64[]\n"
          "  return %0\n}\n",
          {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, {3, 0, 2}});
  CHECK(results[0] == Numbers{4, 5, 11});
}

TEST_CASE("scatter_add accumulates in ascending order and drops what is out of range") {
  const std::string text =
      "graph @s (%u: f64[4,2], %ids: i32[4]) {\n"
      "  %0:2 = scatter_add %u, %ids {batch=0, size=3, check=0} : f64[3,2], i64[]\n"
      "  return %0, %0#1\n}\n";
  const Numbers updates = {1, 2, 3, 4, 5, 6, 7, 8};
  auto results = run(text, {updates, {2, 0, 2, 2}});
  CHECK(results[0] == Numbers{3, 4, 0, 0, 13, 16});
  CHECK(results[1] == Numbers{-1});
  results = run(text, {updates, {2, 0, 3, -5}});
  CHECK(results[0] == Numbers{3, 4, 0, 0, 1, 2});
  CHECK(results[1] == Numbers{2});
  const auto batched =
      run("graph @s (%u: f64[2,3], %ids: i32[2,3]) {\n"
          "  %0:2 = scatter_add %u, %ids {batch=1, size=2, check=0} : f64[2,2], i64[]\n"
          "  return %0\n}\n",
          {{1, 2, 3, 4, 5, 6}, {0, 1, 0, 1, 1, 1}});
  CHECK(batched[0] == Numbers{4, 2, 0, 15});
}

TEST_CASE("one_hot and iota") {
  const auto results =
      run("graph @o (%ids: i32[3]) {\n"
          "  %0:2 = one_hot %ids {depth=3, element=f32, check=0} : f32[3,3], i64[]\n"
          "  return %0, %0#1\n}\n",
          {{1, 5, 0}});
  CHECK(results[0] == Numbers{0, 1, 0, 0, 0, 0, 1, 0, 0});
  CHECK(results[1] == Numbers{1});
  CHECK(run_op("%x: f32[]", "iota {element=f32, shape=[2,3], axis=1} : f32[2,3]", {{0}}) ==
        Numbers{0, 1, 2, 0, 1, 2});
  CHECK(run_op("%x: f32[]", "iota {element=i64, shape=[2,3], axis=0} : i64[2,3]", {{0}}) ==
        Numbers{0, 0, 0, 1, 1, 1});
}

TEST_CASE("status is the lowest failing check") {
  const auto status = [](double a, double b, double c) {
    return run_op("%a: i64[], %b: i64[], %c: i64[]", "status %a, %b, %c {checks=[2,0,1]} : i64[2]",
                  {{a}, {b}, {c}});
  };
  CHECK(status(-1, -1, -1) == Numbers{-1, -1});
  CHECK(status(7, -1, -1) == Numbers{2, 7});
  CHECK(status(7, -1, 3) == Numbers{1, 3});
  CHECK(status(7, 0, 3) == Numbers{0, 0});
}

TEST_CASE("random ops give the generator's numbers, in any shape") {
  const std::string inputs = "seed %seed: i64[], step %step: i64[], %site: i64[], %scan: i64[]";
  const std::vector<Numbers> values = {{42}, {3}, {12345}, {2}};
  const random_numbers::Draw draw{42, 3, 12345, 2};
  const Numbers bits =
      run_op(inputs, "random_bits %seed, %step, %site, %scan {shape=[3,50]} : i32[3,50]", values);
  const Numbers uniform =
      run_op(inputs, "uniform %seed, %step, %site, %scan {shape=[150], element=f32} : f32[150]", values);
  const Numbers normal =
      run_op(inputs, "normal %seed, %step, %site, %scan {shape=[5,30], element=f64} : f64[5,30]", values);
  for (size_t e = 0; e < 150; ++e) {
    const auto element = static_cast<int64_t>(e);
    REQUIRE(bits[e] == static_cast<int32_t>(random_numbers::bits(draw, element)));
    REQUIRE(uniform[e] == random_numbers::uniform(draw, element));
    REQUIRE(normal[e] == random_numbers::normal(draw, element));
  }
  // Another batch size changes nothing: a shorter draw is a prefix of a longer one.
  const Numbers shorter =
      run_op(inputs, "normal %seed, %step, %site, %scan {shape=[37], element=f64} : f64[37]", values);
  CHECK(std::equal(shorter.begin(), shorter.end(), normal.begin()));
}
