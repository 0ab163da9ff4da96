// Samples of every op: graph texts that use it, and texts that its shape rule refuses.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ir/op_id.h"

namespace gradus::testing {

// A graph text that uses the op, evaluated, differentiated and compiled by the op harness. Its data inputs
// are filled with seeded values from [low, high); integers with values from [0, below).
struct Sample {
  std::string text;
  double low = -2;
  double high = 2;
  int64_t below = 4;
  bool differentiate = true;  // false: only values are compared
};
// A graph text that shape inference must reject with a message that contains `message`.
struct BadSample {
  std::string text;
  std::string message;
};

struct OpSamples {
  std::vector<Sample> good;
  std::vector<BadSample> bad;
};

const OpSamples& samples_of(OpId id);

// One of each op in ir/ops/list.h, called like it, in the file called like that of its record. Without it
// the tests do not link.
namespace samples {

#define GRADUS_DECLARE_SAMPLES(name) extern const OpSamples name;
GRADUS_OPS(GRADUS_DECLARE_SAMPLES)
#undef GRADUS_DECLARE_SAMPLES

}  // namespace samples

}  // namespace gradus::testing
