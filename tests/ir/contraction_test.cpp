// dot and conv against the curriculum's numbers and against plain loops written differently.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <catch2/catch.hpp>

#include "tests/ir/evaluate_text.h"

using gradus::test::largest_difference;
using gradus::test::Numbers;
using gradus::test::numbers;
using gradus::test::run;
using gradus::test::run_op;

namespace {

struct Filter {
  int64_t stride = 1;
  int64_t low = 0;
  int64_t high = 0;
};

// One image, one channel; padding is zeros really laid out, unlike in the evaluator.
Numbers conv_2d(const Numbers& x, int64_t n, const Numbers& w, int64_t f, Filter c = {}) {
  return run_op(
      fmt::format("%x: f64[1,{0},{0},1], %w: f64[{1},{1},1,1]", n, f),
      fmt::format("conv %x, %w {{kind=\"forward\", input=\"b01f\", filter=\"01io\", output=\"b01f\", "
                  "stride=[{0},{0}], low=[{1},{1}], high=[{2},{2}], dilation=[1,1]}} : f64[1,{3},{3},1]",
                  c.stride, c.low, c.high, (n + c.low + c.high - f) / c.stride + 1),
      {x, w});
}

const Numbers first_matrix = {7, 2, 3, 3, 8, 4, 5, 3, 8, 4, 3, 3, 2, 8, 4, 2, 8, 7, 2, 7, 5, 4, 4, 5, 4};
const Numbers second_matrix = {7, 2, 3, 3, 8, 4, 6, 8, 7, 1, 3, 2, 1, 9, 8, 2, 4, 8, 6, 3, 5, 4, 4, 2, 1};
const Numbers columns = {1, 0, -1, 1, 0, -1, 1, 0, -1};

Numbers row(const Numbers& matrix, size_t width, size_t index) {
  const auto begin = matrix.begin() + static_cast<ptrdiff_t>(width * index);
  return {begin, begin + static_cast<ptrdiff_t>(width)};
}

}  // namespace

TEST_CASE("CNV-01: 1-d convolution is cross-correlation") {
  const Numbers y =
      run_op("%x: f32[1,5,1], %w: f32[3,1,1]",
             "conv %x, %w {kind=\"forward\", input=\"b0f\", filter=\"0io\", output=\"b0f\", stride=[1], "
             "low=[0], high=[0], dilation=[1]} : f32[1,3,1]",
             {{1, 2, 3, 4, 5}, {1, 0, -1}});
  CHECK(y == Numbers{-2, -2, -2});
}

TEST_CASE("CNV-04, CNV-05: edges") {
  Numbers image(36, 0), transposed(36, 0);
  for (size_t i = 18; i < 36; ++i) image[i] = 255;
  for (size_t r = 0; r < 6; ++r)
    for (size_t c = 3; c < 6; ++c) transposed[6 * r + c] = 255;
  const Numbers horizontal = {-1, -1, -1, 0, 0, 0, 1, 1, 1};
  const Numbers vertical = {-1, 0, 1, -1, 0, 1, -1, 0, 1};
  CHECK(conv_2d(image, 6, horizontal, 3) ==
        Numbers{0, 0, 0, 0, 765, 765, 765, 765, 765, 765, 765, 765, 0, 0, 0, 0});
  CHECK(conv_2d(transposed, 6, vertical, 3) ==
        Numbers{0, 765, 765, 0, 0, 765, 765, 0, 0, 765, 765, 0, 0, 765, 765, 0});
  CHECK(conv_2d(image, 6, vertical, 3) == Numbers(16, 0));
}

TEST_CASE("CNV-07, CNV-08, CNV-09: worked matrices, padding, stride") {
  CHECK(conv_2d(first_matrix, 5, columns, 3) == Numbers{6, -9, -8, -3, -2, -3, -3, 0, -2});
  const Numbers same = conv_2d(first_matrix, 5, columns, 3, {1, 1, 1});
  CHECK(row(same, 5, 0) == Numbers{-7, 5, -4, -6, 11});
  CHECK(row(same, 5, 4) == Numbers{-12, -4, 5, 0, 7});
  CHECK(conv_2d(second_matrix, 5, columns, 3) == Numbers{2, -9, -5, -8, -10, 5, -3, -7, 1});
  CHECK(conv_2d(first_matrix, 5, columns, 3, {2, 0, 0}) == Numbers{6, -8, -3, -2});
}

TEST_CASE("CNV-09: output sizes") {
  const auto size = [](int64_t n, int64_t f, int64_t p, int64_t s) {
    const auto count = static_cast<size_t>(n);
    const auto taps = static_cast<size_t>(f);
    const Numbers y = run_op(
        fmt::format("%x: f64[1,{},1], %w: f64[{},1,1]", n, f),
        fmt::format(
            "conv %x, %w {{kind=\"forward\", input=\"b0f\", filter=\"0io\", output=\"b0f\", stride=[{}], "
            "low=[{}], high=[{}], dilation=[1]}} : f64[1,{},1]",
            s, p, p, (n + 2 * p - f) / s + 1),
        {Numbers(count, 1), Numbers(taps, 1)});
    return y.size();
  };
  CHECK(size(6, 3, 0, 2) == 2);
  CHECK(size(7, 3, 0, 2) == 3);
  CHECK(size(5, 3, 0, 2) == 2);
  CHECK(size(5, 3, 1, 2) == 3);
  CHECK(size(227, 11, 0, 4) == 55);
  CHECK(size(224, 7, 3, 2) == 112);
}

TEST_CASE("CBP-10, CBP-11: gradients of a convolution") {
  const std::string rest =
      "input=\"b01f\", filter=\"01io\", output=\"b01f\", stride=[1,1], low=[0,0], high=[0,0], dilation=[1,1]";
  const Numbers x = {1, 2, 3, 4, 5, 6, 7, 8, 9};
  const Numbers w = {1, 2, 3, 4};
  CHECK(conv_2d(x, 3, w, 2) == Numbers{37, 47, 67, 77});  // before the bias of .5
  CHECK(run_op("%x: f64[1,3,3,1], %t: f64[1,2,2,1]",
               "conv %x, %t {kind=\"filter_gradient\", " + rest + ", size=[2,2]} : f64[2,2,1,1]",
               {x, {1, 2, 3, 4}}) == Numbers{37, 47, 67, 77});
  CHECK(run_op("%t: f64[1,2,2,1], %w: f64[2,2,1,1]",
               "conv %t, %w {kind=\"input_gradient\", " + rest + ", size=[3,3]} : f64[1,3,3,1]",
               {{1, 2, 3, 4}, w}) == Numbers{1, 4, 4, 6, 20, 16, 9, 24, 16});
  // The same through gradient nodes, bias included.
  const auto all =
      run("graph @cbp (%x: f64[1,3,3,1], %w: f64[2,2,1,1], %b: f64[], %t: f64[1,2,2,1]) {\n"
          "  %0 = conv %x, %w {kind=\"forward\", " +
              rest +
              "} : f64[1,2,2,1]\n"
              "  %1 = broadcast %b {shape=[1,2,2,1], dims=[]} : f64[1,2,2,1]\n"
              "  %2 = add %0, %1 : f64[1,2,2,1]\n"
              "  %3 = mul %2, %t : f64[1,2,2,1]\n"
              "  %4 = sum %3 {axes=[0,1,2,3]} : f64[]\n"
              "  %5:3 = gradient %4, %x, %w, %b : f64[1,3,3,1], f64[2,2,1,1], f64[]\n"
              "  return z = %2, dx = %5, dw = %5#1, db = %5#2\n}\n",
          {x, w, {0.5}, {1, 2, 3, 4}});
  CHECK(all[0] == Numbers{37.5, 47.5, 67.5, 77.5});
  CHECK(all[1] == Numbers{1, 4, 4, 6, 20, 16, 9, 24, 16});
  CHECK(all[2] == Numbers{37, 47, 67, 77});
  CHECK(all[3] == Numbers{10});
}

TEST_CASE("conv equals loops over an input that is padded in memory") {
  struct Case {
    int64_t height, width, rows, columns, stride_0, stride_1, low_0, low_1, high_0, high_1, dilation_0,
        dilation_1;
  };
  for (const Case& c :
       {Case{5, 6, 3, 2, 1, 1, 0, 0, 0, 0, 1, 1}, Case{7, 5, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1},
        Case{8, 9, 2, 3, 1, 2, 0, 2, 1, 0, 2, 2}, Case{4, 4, 1, 1, 3, 1, 0, 0, 0, 0, 1, 1},
        Case{3, 3, 5, 4, 1, 1, 2, 3, 2, 0, 1, 1}, Case{9, 11, 3, 3, 2, 3, 4, 0, 1, 5, 3, 2}}) {
    const int64_t batch = 2, inputs = 3, outputs = 2;
    const int64_t padded_height = c.height + c.low_0 + c.high_0, padded_width = c.width + c.low_1 + c.high_1;
    const int64_t out_height = (padded_height - (c.rows - 1) * c.dilation_0 - 1) / c.stride_0 + 1;
    const int64_t out_width = (padded_width - (c.columns - 1) * c.dilation_1 - 1) / c.stride_1 + 1;
    const Numbers x = numbers(static_cast<size_t>(batch * inputs * c.height * c.width), 1);
    const Numbers w = numbers(static_cast<size_t>(outputs * inputs * c.rows * c.columns), 2);

    Numbers padded(static_cast<size_t>(batch * inputs * padded_height * padded_width), 0);
    for (int64_t plane = 0; plane < batch * inputs; ++plane)
      for (int64_t r = 0; r < c.height; ++r)
        for (int64_t q = 0; q < c.width; ++q)
          padded[static_cast<size_t>((plane * padded_height + r + c.low_0) * padded_width + q + c.low_1)] =
              x[static_cast<size_t>((plane * c.height + r) * c.width + q)];
    Numbers expected;
    for (int64_t n = 0; n < batch; ++n)
      for (int64_t o = 0; o < outputs; ++o)
        for (int64_t r = 0; r < out_height; ++r)
          for (int64_t q = 0; q < out_width; ++q) {
            double sum = 0;
            for (int64_t i = 0; i < inputs; ++i)
              for (int64_t kr = 0; kr < c.rows; ++kr)
                for (int64_t kq = 0; kq < c.columns; ++kq)
                  sum += padded[static_cast<size_t>(
                             ((n * inputs + i) * padded_height + r * c.stride_0 + kr * c.dilation_0) *
                                 padded_width +
                             q * c.stride_1 + kq * c.dilation_1)] *
                         w[static_cast<size_t>(((o * inputs + i) * c.rows + kr) * c.columns + kq)];
            expected.push_back(sum);
          }
    const Numbers y = run_op(
        fmt::format("%x: f64[{},{},{},{}], %w: f64[{},{},{},{}]", batch, inputs, c.height, c.width, outputs,
                    inputs, c.rows, c.columns),
        fmt::format("conv %x, %w {{kind=\"forward\", input=\"bf01\", filter=\"oi01\", output=\"bf01\", "
                    "stride=[{},{}], low=[{},{}], high=[{},{}], dilation=[{},{}]}} : f64[{},{},{},{}]",
                    c.stride_0, c.stride_1, c.low_0, c.low_1, c.high_0, c.high_1, c.dilation_0, c.dilation_1,
                    batch, outputs, out_height, out_width),
        {x, w});
    INFO(fmt::format("{}x{} by {}x{}", c.height, c.width, c.rows, c.columns));
    CHECK(largest_difference(y, expected) < 1e-12);
  }
}

TEST_CASE("dot: matrix product, batches in listed order, several inner axes") {
  CHECK(run_op("%x: f32[2,3], %y: f32[3,2]", "dot %x, %y {contract=[1]x[0]} : f32[2,2]",
               {{1, 2, 3, 4, 5, 6}, {7, 8, 9, 10, 11, 12}}) == Numbers{58, 64, 139, 154});
  CHECK(run_op("%x: f32[2], %y: f32[3]", "dot %x, %y {contract=[]x[]} : f32[2,3]", {{1, 2}, {3, 4, 5}}) ==
        Numbers{3, 4, 5, 6, 8, 10});

  const Numbers x = numbers(2 * 3 * 5 * 4, 3);
  const Numbers y = numbers(3 * 6 * 2 * 5, 4);
  const auto at = [](const Numbers& list, size_t a, size_t b, size_t c, size_t d, size_t nb, size_t nc,
                     size_t nd) { return list[((a * nb + b) * nc + c) * nd + d]; };
  Numbers expected;
  for (size_t second = 0; second < 3; ++second)  // batch=[1,0]x[0,2]: axis 1 of x comes first
    for (size_t first = 0; first < 2; ++first)
      for (size_t i = 0; i < 4; ++i)
        for (size_t j = 0; j < 6; ++j) {
          double sum = 0;
          for (size_t k = 0; k < 5; ++k)
            sum += at(x, first, second, k, i, 3, 5, 4) * at(y, second, j, first, k, 6, 2, 5);
          expected.push_back(sum);
        }
  const Numbers found = run_op("%x: f64[2,3,5,4], %y: f64[3,6,2,5]",
                               "dot %x, %y {batch=[1,0]x[0,2], contract=[2]x[3]} : f64[3,2,4,6]", {x, y});
  CHECK(largest_difference(found, expected) < 1e-13);

  double inner = 0;
  const Numbers a = numbers(2 * 3 * 4, 5);
  const Numbers b = numbers(4 * 3 * 2, 6);
  for (size_t i = 0; i < 2; ++i)
    for (size_t j = 0; j < 3; ++j)
      for (size_t k = 0; k < 4; ++k) inner += a[(i * 3 + j) * 4 + k] * b[(k * 3 + j) * 2 + i];
  const Numbers product =
      run_op("%x: f64[2,3,4], %y: f64[4,3,2]", "dot %x, %y {contract=[2,0,1]x[0,2,1]} : f64[]", {a, b});
  CHECK(product[0] == Approx(inner).epsilon(1e-14));
}

TEST_CASE("dot of integers wraps") {
  CHECK(run_op("%x: i32[2], %y: i32[2]", "dot %x, %y {contract=[0]x[0]} : i32[]", {{65536, 3}, {65536, 5}}) ==
        Numbers{15});
}
