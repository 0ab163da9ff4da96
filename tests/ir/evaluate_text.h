// Graph text in, numbers out: what tests of ops are made of.
#pragma once

#include <string>
#include <vector>

#include "ir/evaluate/evaluate.h"
#include "ir/random.h"
#include "ir/text/parse.h"

namespace gradus::test {

using Numbers = std::vector<double>;

// Results of a graph text on the given inputs (row-major; integers as doubles).
inline std::vector<Numbers> run(const std::string& text, const std::vector<Numbers>& inputs) {
  const Graph graph = parse_graph(text);
  std::vector<evaluate::Array<double>> arrays;
  for (size_t i = 0; i < graph.inputs().size(); ++i)
    arrays.push_back(evaluate::array_of(graph.type(graph.inputs()[i].value), inputs.at(i)));
  std::vector<Numbers> results;
  for (const auto& array : evaluate::evaluate<double>(graph, std::move(arrays)).results) {
    results.emplace_back();
    for (size_t i = 0; i < array.size(); ++i) results.back().push_back(evaluate::number_at(array, i));
  }
  return results;
}

// One op, one result.
inline Numbers run_op(const std::string& inputs, const std::string& line,
                      const std::vector<Numbers>& values) {
  return run("graph @test (" + inputs + ") {\n  %0 = " + line + "\n  return %0\n}\n", values).at(0);
}

// Seeded numbers in [low, high).
inline Numbers numbers(size_t count, int64_t seed, double low = -2, double high = 2) {
  Numbers list(count);
  for (size_t i = 0; i < count; ++i)
    list[i] = low + (high - low) * random::uniform({seed, 0, 0, 0}, static_cast<int64_t>(i));
  return list;
}

inline double largest_difference(const Numbers& a, const Numbers& b) {
  if (a.size() != b.size()) return INFINITY;
  double largest = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double difference = std::abs(a[i] - b[i]);
    if (!(difference <= largest)) largest = difference;
  }
  return largest;
}

}  // namespace gradus::test
