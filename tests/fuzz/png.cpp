#include "runtime/data/png.h"
#include "fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace gradus;
  return fuzz::expect_result_or_diagnostic([&] { parse_png(fuzz::bytes(data, size), "fuzz.png"); });
}
