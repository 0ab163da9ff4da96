#include "runtime/data/idx.h"
#include "fuzz.h"
#include "runtime/data/gzip.h"

// As a file on disk is read: compressed or not.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace gradus;
  return fuzz::expect_result_or_diagnostic([&] {
    const ByteView file = fuzz::bytes(data, size);
    if (is_gzip(file))
      parse_idx(parse_gzip(file, "fuzz.idx.gz"), "fuzz.idx");
    else
      parse_idx(file, "fuzz.idx");
  });
}
