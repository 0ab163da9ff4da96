#include "frontend/language/parse.h"
#include "frontend/language/print.h"
#include "fuzz.h"

// A file that parses prints to a text that parses to the same print.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace gradus;
  return fuzz::expect_result_or_diagnostic([&] {
    const std::string printed = print(language::parse_or_fail(fuzz::text(data, size), "fuzz.gradus"));
    fuzz::require(print(language::parse_or_fail(printed, "printed.gradus")) == printed,
                  "print, parse, print differs");
  });
}
