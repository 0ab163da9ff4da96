#include "tests/ir/samples/samples.h"

#include <array>

namespace gradus::testing {

const OpSamples& samples_of(OpId id) {
#define GRADUS_LIST_SAMPLES(name) &samples::name,
  static constexpr auto list = std::to_array<const OpSamples*>({GRADUS_OPS(GRADUS_LIST_SAMPLES)});
#undef GRADUS_LIST_SAMPLES
  return *list[static_cast<size_t>(id)];
}

}  // namespace gradus::testing
