// The order of sums, bit for bit, against loops that follow the definition word by word.
#include "tests/codegen/lower_harness.h"

namespace gradus {
namespace {

using namespace testing;

std::vector<float> by_twos(std::vector<float> values) {
  while (values.size() > 1) {
    std::vector<float> next;
    for (size_t i = 0; i + 1 < values.size(); i += 2) next.push_back(values[i] + values[i + 1]);
    if (values.size() % 2 == 1) next.push_back(values.back());
    values = next;
  }
  return values;
}

float row_sum(const std::vector<float>& x) {
  std::vector<float> blocks;
  for (size_t begin = 0; begin < x.size(); begin += 4096) {
    std::vector<float> partial(64, -0.0f);
    for (size_t i = begin; i < std::min(x.size(), begin + 4096); ++i) partial[i % 64] += x[i];
    for (size_t half = 32; half > 0; half /= 2)
      for (size_t i = 0; i < half; ++i) partial[i] += partial[i + half];
    blocks.push_back(partial[0]);
  }
  return by_twos(blocks)[0];
}

float column_sum(const std::vector<float>& x) {
  std::vector<float> blocks;
  for (size_t begin = 0; begin < x.size(); begin += 256) {
    float sum = -0.0f;
    for (size_t i = begin; i < std::min(x.size(), begin + 256); ++i) sum += x[i];
    blocks.push_back(sum);
  }
  return by_twos(blocks)[0];
}

std::vector<float> floats(const Array<double>& array) { return {array.floats.begin(), array.floats.end()}; }

Outcome run(GraphBuilder&& b, Value result, std::vector<Array<double>>& inputs) {
  b.add_result("y", result);
  const Graph graph = std::move(b).finish();
  inputs = random_inputs(graph);
  return execute(graph, inputs, target_named("native"));
}

TEST_CASE("a sum over the last axis: 64 partial results per 4096, folded by halves, blocks by twos") {
  for (int64_t n : {1, 5, 40, 64, 65, 127, 128, 1000, 4096, 4100, 9000, 12288, 21000}) {
    GraphBuilder b;
    std::vector<Array<double>> inputs;
    const Value x = b.input("x", InputKind::data, Type(ElementType::f32, {3, n}));
    const Outcome outcome = run(std::move(b), build::sum(b, x, {1}), inputs);
    const std::vector<float> all = floats(inputs[0]);
    for (int64_t row = 0; row < 3; ++row) {
      INFO(n << " row " << row);
      REQUIRE(outcome.results[0].floats[static_cast<size_t>(row)] ==
              static_cast<double>(row_sum({all.begin() + row * n, all.begin() + (row + 1) * n})));
    }
  }
}

TEST_CASE("an extreme that is -0 as well as 0 is the first in the order of sums, at any vector width") {
  for (const bool largest : {true, false})
    for (const std::string_view target : {"native", "x86-64-v3"})
      for (size_t n : {3, 64, 65, 200, 4096}) {
        GraphBuilder b;
        const Value x = b.input("x", InputKind::data, Type(ElementType::f32, {static_cast<int64_t>(n)}));
        b.add_result("y", b.add(largest ? OpId::max : OpId::min, {x}, {{"axes", std::vector<int64_t>{0}}}));
        Array<double> zeros(Type(ElementType::f32, {static_cast<int64_t>(n)}));
        for (size_t i = 0; i < n; ++i)
          zeros.floats[i] = i % 64 == 0 && i < 64 ? (largest ? -1 : 1) : i % 3 == 1 ? -0.0 : 0.0;
        std::vector<double> partial(zeros.floats.begin(),
                                    zeros.floats.begin() + static_cast<int64_t>(std::min<size_t>(n, 64)));
        const auto better = [&](double a, double c) { return largest ? c > a : c < a; };
        for (size_t i = 64; i < n; ++i)
          if (better(partial[i % 64], zeros.floats[i])) partial[i % 64] = zeros.floats[i];
        for (size_t half = 32; half > 0; half /= 2)
          for (size_t i = half; i < std::min(2 * half, partial.size()); ++i)
            if (better(partial[i - half], partial[i])) partial[i - half] = partial[i];
        const double found =
            execute(std::move(b).finish(), {zeros}, target_named(target)).results[0].floats[0];
        INFO(target << ", " << n);
        CHECK(found == 0);
        CHECK(std::signbit(found) == std::signbit(partial[0]));
      }
}

TEST_CASE("a sum over the first and the last axis counts logical indices") {
  GraphBuilder b;
  std::vector<Array<double>> inputs;
  const Value x = b.input("x", InputKind::data, Type(ElementType::f32, {70, 3, 65}));
  const Outcome outcome = run(std::move(b), build::sum(b, x, {0, 2}), inputs);
  for (size_t k = 0; k < 3; ++k) {
    std::vector<float> terms;
    for (size_t i = 0; i < 70; ++i)
      for (size_t j = 0; j < 65; ++j)
        terms.push_back(static_cast<float>(inputs[0].floats[(i * 3 + k) * 65 + j]));
    REQUIRE(outcome.results[0].floats[k] == static_cast<double>(row_sum(terms)));
  }
}

TEST_CASE("a sum over other axes: chains of 256, by twos") {
  for (int64_t n : {1, 7, 256, 257, 600, 2000, 5000})
    for (int64_t width : {1, 6, 16, 70}) {
      GraphBuilder b;
      std::vector<Array<double>> inputs;
      const Value x = b.input("x", InputKind::data, Type(ElementType::f32, {n, width}));
      const Outcome outcome = run(std::move(b), build::sum(b, x, {0}), inputs);
      for (int64_t column = 0; column < width; ++column) {
        std::vector<float> terms;
        for (int64_t i = 0; i < n; ++i)
          terms.push_back(static_cast<float>(inputs[0].floats[static_cast<size_t>(i * width + column)]));
        INFO(n << " x " << width << " column " << column);
        // A last axis of one element is reduced or not, it makes no difference to what the axes are.
        REQUIRE(outcome.results[0].floats[static_cast<size_t>(column)] ==
                static_cast<double>(column_sum(terms)));
      }
    }
}

TEST_CASE("a product's chain: multiply_add from +0, cut every 2048 terms") {
  for (int64_t k : {1, 100, 2048, 2049, 5000}) {
    GraphBuilder b;
    std::vector<Array<double>> inputs;
    const Value x = b.input("x", InputKind::data, Type(ElementType::f32, {9, k}));
    const Value y = b.input("y", InputKind::data, Type(ElementType::f32, {k, 50}));
    const Outcome outcome = run(std::move(b), build::dot(b, x, y, {{1}, {0}}), inputs);
    const std::vector<float> a = floats(inputs[0]), c = floats(inputs[1]);
    for (int64_t m = 0; m < 9; ++m)
      for (int64_t n = 0; n < 50; ++n) {
        float total = -0.0f;
        for (int64_t begin = 0; begin < k; begin += 2048) {
          float chain = 0;
          for (int64_t i = begin; i < std::min(k, begin + 2048); ++i)
            chain = std::fma(a[static_cast<size_t>(m * k + i)], c[static_cast<size_t>(i * 50 + n)], chain);
          total += chain;
        }
        REQUIRE(outcome.results[0].floats[static_cast<size_t>(m * 50 + n)] == static_cast<double>(total));
      }
  }
}

TEST_CASE("a convolution's chain: window rows, channels, window columns; no padding taps") {
  for (int64_t channels : {5, 700}) {  // 700: chunks of one window row and 682 channels
    GraphBuilder b;
    std::vector<Array<double>> inputs;
    const Value x = b.input("x", InputKind::data, Type(ElementType::f32, {1, 4, 5, channels}));
    const Value w = b.input("w", InputKind::data, Type(ElementType::f32, {3, 3, channels, 4}));
    const std::vector<int64_t> ones{1, 1};
    const Attributes attributes{{"kind", std::string("forward")},
                                {"input", std::string("b01f")},
                                {"filter", std::string("01io")},
                                {"output", std::string("b01f")},
                                {"stride", ones},
                                {"low", ones},
                                {"high", ones},
                                {"dilation", ones}};
    const Outcome outcome = run(std::move(b), b.add(OpId::conv, {x, w}, attributes), inputs);
    const std::vector<float> a = floats(inputs[0]), c = floats(inputs[1]);
    const bool chunked = 9 * channels > 2048;
    const int64_t block = chunked ? 2048 / 3 : channels;
    for (int64_t oh = 0; oh < 4; ++oh)
      for (int64_t ow = 0; ow < 5; ++ow)
        for (int64_t oc = 0; oc < 4; ++oc) {
          float total = -0.0f, chain = 0;
          for (int64_t kh = 0; kh < 3; ++kh)
            for (int64_t begin = 0; begin < channels; begin += block) {
              if (chunked) chain = 0;
              for (int64_t ic = begin; ic < std::min(channels, begin + block); ++ic)
                for (int64_t kw = 0; kw < 3; ++kw) {
                  const int64_t h = oh + kh - 1, v = ow + kw - 1;
                  if (h < 0 || h >= 4 || v < 0 || v >= 5) continue;
                  chain = std::fma(a[static_cast<size_t>((h * 5 + v) * channels + ic)],
                                   c[static_cast<size_t>(((kh * 3 + kw) * channels + ic) * 4 + oc)], chain);
                }
              if (chunked) total += chain;
            }
          REQUIRE(outcome.results[0].floats[static_cast<size_t>((oh * 5 + ow) * 4 + oc)] ==
                  static_cast<double>(chunked ? total : chain));
        }
  }
}

}  // namespace
}  // namespace gradus
