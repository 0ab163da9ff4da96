#include "tests/ir/samples/elementwise.h"

#include <fmt/format.h>

namespace gradus::testing::samples {

namespace {

std::string elementwise_text(std::string_view op, int operands, std::string_view type,
                             std::string_view result_type) {
  std::string inputs, names;
  for (int i = 0; i < operands; ++i) {
    const char letter = static_cast<char>('a' + i);
    inputs += fmt::format("{}%{}: {}", i ? ", " : "", letter, type);
    names += fmt::format("{}%{}", i ? ", " : "", letter);
  }
  return fmt::format("graph @g ({}) {{ %0 = {} {} : {}  return %0 }}", inputs, op, names,
                     result_type.empty() ? type : result_type);
}

}  // namespace

Sample elementwise_sample(std::string_view op, int operands, std::string_view type, double low, double high,
                          std::string_view result_type, int64_t below) {
  return {elementwise_text(op, operands, type, result_type), low, high, below};
}

std::vector<BadSample> elementwise_bad_samples(std::string_view op, int operands, std::string_view element) {
  const std::string type = fmt::format("{}[3,5]", element);
  std::vector<BadSample> samples{{elementwise_text(op, operands + 1, type, {}), "operands, expected"}};
  if (operands == 2)
    samples.push_back(
        {fmt::format("graph @g (%a: {0}[3,5], %b: {0}[3,4]) {{ %0 = {1} %a, %b : {0}[3,5]  return %0 }}",
                     element, op),
         "shapes differ"});
  return samples;
}

}  // namespace gradus::testing::samples
