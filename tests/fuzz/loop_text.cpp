#include "fuzz.h"
#include "ir/loop/text.h"
#include "ir/loop/verify.h"

// The verifier copes with whatever parses, and what verifies prints to a fixed point.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace gradus;
  return fuzz::expect_result_or_diagnostic([&] {
    const loop::Program program = loop::parse_program(fuzz::text(data, size), "fuzz.loops");
    if (!loop::verify(program).empty()) return;
    const std::string printed = print(program);
    fuzz::require(print(loop::parse_program(printed, "printed.loops")) == printed,
                  "print, parse, print differs");
  });
}
