#include "fuzz.h"
#include "ir/text/parse.h"
#include "ir/text/print.h"
#include "ir/verify.h"

// A graph that parses is one that verifies, and its print is a fixed point.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace gradus;
  return fuzz::expect_result_or_diagnostic([&] {
    const Graph graph = parse_graph(fuzz::text(data, size), "fuzz.gir");
    fuzz::require(verify(graph).empty(), "a parsed graph does not verify");
    const std::string printed = print(graph);
    fuzz::require(print(parse_graph(printed, "printed.gir")) == printed, "print, parse, print differs");
  });
}
