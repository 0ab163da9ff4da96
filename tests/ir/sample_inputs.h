// Seeded values for the inputs of a sample graph, as tests/ir/samples/samples.h describes them.
#pragma once

#include <random>

#include "ir/evaluate/evaluate.h"
#include "tests/ir/samples/samples.h"

namespace gradus::test {

inline std::vector<evaluate::Array<double>> sample_inputs(const Graph& graph, const testing::Sample& sample,
                                                          uint32_t seed) {
  std::mt19937 generator(seed);
  std::vector<evaluate::Array<double>> inputs;
  for (const Input& input : graph.inputs()) {
    const Type& type = graph.type(input.value);
    evaluate::Array<double> array(type);
    const int64_t below = type.element == ElementType::boolean ? 2 : sample.below;
    for (double& x : array.floats) {
      const double unit = static_cast<double>(generator()) / 4294967296.0;
      x = evaluate::round_number(type.element, sample.low + (sample.high - sample.low) * unit);
    }
    for (int64_t& x : array.integers) x = static_cast<int64_t>(generator()) % below;
    inputs.push_back(std::move(array));
  }
  return inputs;
}

}  // namespace gradus::test
